"""A store as the sinks leave it: everything that was published about one log of one enterprise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from emissions.bundle.material import Value
from emissions.explain.registrations import RegistrationMessage
from schemas.reading import Reading
from sinks.tables import CASES, MEANS, MEASURES, ROOTS, VIOLATIONS
from streams.core.cases.measures import ReceivedMeasure
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation, WindowMean
from streams.core.records.record import RawRecord
from streams.registry.measures import measure_to_record
from tests.core.examples import BIN, CODEC, TOPIC
from tests.sinks.make import batch, entry
from tests.sinks.test_views import write
from tests.support.clickhouse import TestClickHouse

_TABLES = (
    "violations", "violation_revisions", "cases", "roots", "means", "measures", "raw_messages",
    "registrations", "dead_letters",
)  # fmt: skip


class Stored(NamedTuple):
    """What reached the store; ``refused`` are the reasons of dead letters by offset."""

    registrations: Sequence[RegistrationMessage]
    records: Sequence[RawRecord]
    violations: Sequence[Violation]
    cases: Sequence[AdministrativeCase]
    refused: dict[int, str]
    roots: Sequence[Value] = ()
    means: Sequence[WindowMean] = ()
    measures: Sequence[ReceivedMeasure] = ()


async def store(clickhouse: TestClickHouse, what: Stored) -> None:
    """Write everything; the later measure that no case knew is a version of the first one."""
    database = clickhouse.settings.clickhouse_database
    for table, topic, items in (
        (VIOLATIONS, "emissions.violations", what.violations),
        (CASES, "emissions.cases", what.cases),
        (MEANS, "emissions.means", what.means),
    ):
        if items:
            entries = [entry(at, record_of(each)) for at, each in enumerate(items)]
            await write(clickhouse, (table,), batch(entries, topic))
    told = [
        entry(at, measure_to_record(each.measure))._replace(timestamp=each.arrived_at)
        for at, each in enumerate(what.measures)
    ]
    if told:
        later = msgspec.structs.replace(what.measures[0].measure, amount_kzt=1)
        after = what.cases[-1].revised_at + 1
        told.append(entry(9, measure_to_record(later))._replace(timestamp=after))
        await write(clickhouse, (MEASURES,), batch(told, "emissions.measures"))
    if what.roots:
        roots = [entry(at, CODEC.decode(each.value)[1]) for at, each in enumerate(what.roots)]
        await write(clickhouse, (ROOTS,), batch(roots, "emissions.roots"))
    insert = clickhouse.client.insert
    rows = []
    for each in what.records:
        item = CODEC.decode_reading(each.value)
        if isinstance(item, Reading):
            rows.append(
                [item.source_id, moment(item.measured_at), item.period_s, TOPIC, 0, each.offset,
                 moment(each.timestamp), each.key, each.value, []]
            )  # fmt: skip
    if rows:
        insert(
            "raw_messages",
            rows,
            ["source_id", "measured_at", "period_s", "topic", "partition", "offset", "arrived_at",
             "key", "value", "headers"],
            database=database,
        )  # fmt: skip
    insert(
        "registrations",
        [
            [BIN, each.topic, each.partition, each.offset, moment(each.arrived_at), each.value, 1]
            for each in what.registrations
        ],
        ["bin", "topic", "partition", "offset", "arrived_at", "value", "version"],
        database=database,
    )
    if what.refused:
        insert(
            "dead_letters",
            [
                [reason, "deduplicate", "A", TOPIC, 0, offset, moment(0), 1]
                for offset, reason in what.refused.items()
            ],
            ["reason", "stage", "source_id", "topic", "partition", "offset", "timestamp",
             "version"],
            database=database,
        )  # fmt: skip


def empty(clickhouse: TestClickHouse) -> None:
    """Forget everything that was stored."""
    for table in _TABLES:
        name = f"{clickhouse.settings.clickhouse_database}.{table}"
        clickhouse.client.command(f"TRUNCATE TABLE {name}")


def record_of(value: msgspec.Struct) -> dict[str, Any]:
    """Return a record as the sink decodes it."""
    name = type(value).__name__
    return CODEC.decode(CODEC.encode(name, value))[1]


def moment(instant: int) -> datetime:
    """Return an instant (ms UTC) as ClickHouse takes it."""
    return datetime.fromtimestamp(instant / 1000, UTC)
