"""What ClickHouse holds, in the form in which the audit compares it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client

from streams.audit.check import Check, offsets_text
from streams.audit.partition_log import DUPLICATE, USED, PartitionLog
from streams.audit.results import GAPS, MEANS, VIOLATIONS, Key, Row

_MOMENTS = ("start", "end")


def stored_results(client: Client, topic: str) -> dict[str, dict[Key, Row]]:
    """The rows of the ``*_current`` views by kind of finding; ``topic`` is that of the readings."""
    means = ("source_id", "parameter", "unit", "window", "start")
    return {
        "means": _select(client, "means_current", means, MEANS),
        "gaps": _select(client, "gaps_current", ("toString(id)",), GAPS),
        "violations": _select(client, "violations_current", ("toString(id)",), VIOLATIONS),
        "dead letters": _letters(client, topic),
    }


def compare_readings(client: Client, topic: str, logs: dict[int, PartitionLog]) -> Check:
    """The used readings that have a channel against ``readings_current``, by offset."""
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
            # Sent again such a message is a duplicate, and the only one of the two with rows.
            sent_again = beyond & set(log.of_fate(DUPLICATE))
            if len(sent_again) == len(refused):
                missing, beyond = missing - refused, beyond - sent_again
        if missing:
            wrong.append(f"partition {partition}: not in ClickHouse: {offsets_text(missing)}")
        if missing & refused:
            wrong.append(
                f"partition {partition}: refused by ClickHouse: {offsets_text(missing & refused)} "
                "(`emissions dead-letters replay --stage sink` sends them again)"
            )
        if beyond:
            wrong.append(f"partition {partition}: in ClickHouse alone: {offsets_text(beyond)}")
    return Check("results", "readings", f"{count} used messages with channels", wrong)


def _refused(client: Client, topic: str, partition: int) -> set[int]:
    """Offsets of the messages that ClickHouse itself refused."""
    answer = client.query(
        "SELECT offset FROM dead_letters_current WHERE topic = {topic:String} "
        "AND partition = {partition:Int32} AND stage = 'sink'",
        {"topic": topic, "partition": partition},
    )
    return {row[0] for row in answer.result_rows}


def _select(
    client: Client, view: str, key: Sequence[str], columns: Sequence[str]
) -> dict[Key, Row]:
    wanted = ", ".join(_column(name) for name in (*key, *columns))
    rows: Iterable[Sequence[Any]] = client.query(f"SELECT {wanted} FROM {view}").result_rows  # noqa: S608
    return {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in rows}


def _column(name: str) -> str:
    return f"toUnixTimestamp64Milli({name})" if name in _MOMENTS else name


def _letters(client: Client, topic: str) -> dict[Key, Row]:
    answer = client.query(
        "SELECT partition, offset, reason, source_id FROM dead_letters_current "
        "WHERE topic = {topic:String} AND stage != 'sink'",
        {"topic": topic},
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in answer.result_rows}
