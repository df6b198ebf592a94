"""Read what ClickHouse holds, in the form in which the audit compares it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client

from emissions.audit.check import AuditCheck, offsets_text
from emissions.audit.partition_log import DUPLICATE, EMPTY, USED, PartitionLog
from emissions.audit.published_results import (
    FINDINGS,
    GAPS,
    MEANS,
    NOTICES,
    ROOTS,
    VIOLATIONS,
    ComparedRow,
    ResultKey,
)
from streams.counted import counted

_MOMENTS = ("start", "end", "due", "arrived_at")


def stored_results(client: Client, topic: str) -> dict[str, dict[ResultKey, ComparedRow]]:
    """Read the rows of the ``*_current`` views by kind of finding.

    ``topic`` is the topic of the readings.
    """
    means = ("source_id", "parameter", "unit", "window", "start")
    return {
        "means": _select(client, "means_current", means, MEANS),
        "gaps": _select(client, "gaps_current", ("toString(id)",), GAPS),
        "violations": _select(client, "violations_current", ("toString(id)",), VIOLATIONS),
        "findings": _select(client, "findings_current", ("toString(id)",), FINDINGS),
        "notices": _select(client, "notices_current", ("notice_id",), NOTICES),
        "roots": _select(client, "roots_current", ("source_id", "day"), ROOTS),
        "dead letters": _letters(client, topic),
    }


def compare_readings(client: Client, topic: str, logs: dict[int, PartitionLog]) -> AuditCheck:
    """Compare the used readings that have a channel with ``readings_current``, by offset."""
    wrong, count = [], 0
    for partition, log in sorted(logs.items()):
        used = set(log.of_fate(USED))
        count += len(used)
        first = log.first_offset
        if first is None:
            continue
        answer = client.query(
            "SELECT DISTINCT offset FROM readings_current WHERE topic = {topic:String} "
            "AND partition = {partition:Int32} AND offset BETWEEN {first:Int64} AND {last:Int64}",
            {"topic": topic, "partition": partition, "first": first, "last": log.last_offset},
        )
        stored = {row[0] for row in answer.result_rows}
        missing, beyond = used - stored, stored - used
        refused = missing & _refused(client, topic, partition)
        if refused:
            # A resent message is a duplicate, and the only one of the two with rows.
            sent_again = beyond & set(log.of_fate(DUPLICATE))
            if len(sent_again) == len(refused):
                missing, beyond = missing - refused, beyond - sent_again
        if missing:
            wrong.append(f"partition {partition}: not in ClickHouse: {offsets_text(missing)}")
        if missing & refused:
            wrong.append(
                f"partition {partition}: rejected by ClickHouse: {offsets_text(missing & refused)} "
                "(resend with `emissions dead-letters replay --stage sink`)"
            )
        if beyond:
            wrong.append(f"partition {partition}: only in ClickHouse: {offsets_text(beyond)}")
    return AuditCheck(
        "results", "readings", f"{counted(count, 'used message')} with channels", wrong
    )


def compare_messages(client: Client, topic: str, logs: dict[int, PartitionLog]) -> AuditCheck:
    """Compare the used messages with ``raw_messages_current``, from the first that is kept on."""
    wrong, count = [], 0
    for partition, log in sorted(logs.items()):
        if log.first_offset is None:
            continue
        answer = client.query(
            "SELECT offset FROM raw_messages_current WHERE topic = {topic:String} "
            "AND partition = {partition:Int32} AND offset BETWEEN {first:Int64} AND {last:Int64}",
            {
                "topic": topic,
                "partition": partition,
                "first": log.first_offset,
                "last": log.last_offset,
            },
        )
        stored = {row[0] for row in answer.result_rows}
        count += len(stored)
        since = min(stored, default=None)  # kept from some version on, or not at all
        if since is None:
            continue
        used = {offset for offset in log.of_fate(USED, EMPTY) if offset >= since}
        missing = used - stored - _refused(client, topic, partition)
        if missing:
            wrong.append(f"partition {partition}: not in ClickHouse: {offsets_text(missing)}")
    return AuditCheck("results", "raw messages", f"{count} kept whole", wrong)


def _refused(client: Client, topic: str, partition: int) -> set[int]:
    """Return the offsets of messages that ClickHouse rejected."""
    answer = client.query(
        "SELECT offset FROM dead_letters_current WHERE topic = {topic:String} "
        "AND partition = {partition:Int32} AND stage = 'sink'",
        {"topic": topic, "partition": partition},
    )
    return {row[0] for row in answer.result_rows}


def _select(
    client: Client, view: str, key: Sequence[str], columns: Sequence[str]
) -> dict[ResultKey, ComparedRow]:
    wanted = ", ".join(_column(name) for name in (*key, *columns))
    rows: Iterable[Sequence[Any]] = client.query(f"SELECT {wanted} FROM {view}").result_rows  # noqa: S608
    return {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in rows}


def _column(name: str) -> str:
    return f"toUnixTimestamp64Milli({name})" if name in _MOMENTS else name


def _letters(client: Client, topic: str) -> dict[ResultKey, ComparedRow]:
    answer = client.query(
        "SELECT partition, offset, reason, source_id FROM dead_letters_current "
        "WHERE topic = {topic:String} AND stage != 'sink'",
        {"topic": topic},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in answer.result_rows}
