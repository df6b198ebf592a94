"""A view shows the last revision of a thing or nothing: never one before that suits a condition.

A condition that ClickHouse looks at before it compares the revisions would find an old one where
the last does not meet it. Parts are kept from merging, so that both revisions are there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from schemas.reading import Reading
from sinks.batch import Entry
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.tables import GAPS, MEANS, READINGS, VIOLATIONS, Table
from tests.sinks.make import (
    DAY,
    HOUR,
    MARCH,
    ReadingRow,
    batch,
    entry,
    gap,
    mean,
    violation,
)
from tests.support.clickhouse import TestClickHouse

MANY = 3000
"""Things besides the one that is asked for, so that a table has more than one granule."""


def reading(source_id: str, value: float, **given: Any) -> ReadingRow:
    row = {"state": "NORMAL", "device": "old", "flag": "", "quality": "", **given}
    flags = {"SO2": row["flag"]} if row["flag"] else {}
    codes = {"SO2": row["quality"]} if row["quality"] else {}
    made = Reading(source_id, MARCH, 60, row["state"], row["device"], {"SO2": value}, flags)
    return ReadingRow(made, codes)


class Case(NamedTuple):
    """A thing in two revisions; conditions that only the first meets, and that only the last."""

    table: Table
    first: dict[str, Any] | ReadingRow
    last: dict[str, Any] | ReadingRow
    others: list[Any]
    old: list[str]
    new: list[str]


CASES = {
    "means": Case(
        MEANS,
        mean(value=900.0, raw_value=800.0, validated_value=700.0, min=5.0, max=950.0),
        mean(
            value=None, raw_value=None, validated_value=None, min=None, max=None, count=0,
            valid_s=0, due_s=0, excused_s=3600, status="NOT_OPERATING", seconds_by_code={"X": 5},
            limit=None, rule_set="later", revision=2, final=True, stream_time=MARCH + DAY,
        ),
        [mean(source_id=f"S2-{at}") for at in range(MANY)],
        [
            "value > 400", "raw_value > 400", "validated_value > 400", "min > 2", "max > 400",
            "value > limit", "status = 'VALID'", "limit IS NOT NULL", "rule_set != 'later'",
            "revision = 1", "NOT final", "count > 0", "valid_s > 0", "due_s > 0", "excused_s = 0",
            "seconds_by_code['STATUS_C'] > 0", "stream_time < '2026-03-01'",
            "window = '1h' AND status = 'VALID' AND value > 0.5 * limit",
            "parameter = 'SO2' AND start >= '2026-02-28' AND (value > 400 OR window = 'day')",
        ],
        ["value IS NULL", "status = 'NOT_OPERATING'", "revision = 2", "final AND window = '1h'"],
    ),
    "readings": Case(
        READINGS,
        reading("S1", 900.0, flag="C", quality="STATUS_C", state="STARTUP"),
        reading("S1", 10.0, device="new"),
        [reading(f"S2-{at}", 10.0) for at in range(MANY)],
        [
            "value > 400", "flag = 'C'", "quality != ''", "state = 'STARTUP'",
            "device_serial = 'old'", "offset > 5000", "arrived_at > '2026-02-28 19:00:05'",
            "parameter = 'SO2' AND interval_start >= '2026-02-28' AND value > 400",
            "toDate(interval_start) = '2026-02-28' AND (quality != '' OR parameter = 'NOX')",
        ],
        ["value = 10", "quality = ''", "offset < 5000", "device_serial = 'new'"],
    ),
    "gaps": Case(
        GAPS,
        gap(MARCH, None),
        gap(MARCH, MARCH + HOUR, revision=2, detected_at=MARCH + 2 * HOUR),
        [gap(MARCH, None, source_id=f"S2-{at}") for at in range(MANY)],
        [
            "status = 'OPEN'", "end IS NULL", "revision = 1", "detected_at < '2026-02-28 20:30:00'",
            "start >= '2026-02-28' AND status = 'OPEN'", "parameter = '' AND end IS NULL",
        ],
        ["status = 'CLOSED'", "end = '2026-02-28 20:00:00'", "revision = 2"],
    ),
    "violations": Case(
        VIOLATIONS,
        violation(value=900.0, validated_value=800.0, ratio=1.8),
        violation(
            status="AMENDED", end=None, value=510.0, validated_value=505.0, limit=501.0, ratio=1.02,
            automatic=False, deferred_until=MARCH, rule_set="later", detected_at=MARCH + 2 * DAY,
            device_serial="new", category=2, revision=2,
        ),
        [violation(source_id=f"S2-{at}", value=510.0, ratio=1.02) for at in range(MANY)],
        [
            "value > 600", "validated_value > 600", "ratio > 1.5", "limit = 500", "automatic",
            "status = 'CLOSED'", "end IS NOT NULL", "rule_set != 'later'", "revision = 1",
            "device_serial = ''", "deferred_until IS NULL", "category = 1",
            "detected_at < '2026-03-02'",
            "rule = 'KZ-DAY' AND start >= '2026-02-28' AND ratio > 1.5",
        ],
        ["ratio < 1.1", "status = 'AMENDED'", "NOT automatic", "revision = 2"],
    ),
}  # fmt: skip


async def write(clickhouse: TestClickHouse, table: Table, *batches: list[Entry]) -> None:
    """Each list of entries as an insert, and so a part, of its own."""
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    for entries in batches:
        await writer.write(batch(entries, table.name), (table,))
    await writer.close()


def found(clickhouse: TestClickHouse, view: str, condition: str) -> int:
    """How many rows of the source that is asked for meet a condition."""
    count: int = clickhouse.value(
        f"SELECT count() FROM (SELECT * FROM {view} WHERE {condition}) WHERE source_id = 'S1'"
    )
    return count


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("last_comes_first", [False, True])
async def test_an_old_revision_is_never_found(
    clickhouse: TestClickHouse, name: str, last_comes_first: bool
) -> None:
    case, view = CASES[name], f"{name}_current"
    # Of readings the lower offset stands, of everything else the higher revision.
    first, last = entry(9000, case.first), entry(1000, case.last)
    others = [entry(10_000 + at, each) for at, each in enumerate(case.others)]
    order = [[last], [first]] if last_comes_first else [[first], [last]]
    clickhouse.client.command(f"SYSTEM STOP MERGES {name}")
    await write(clickhouse, case.table, others[::2], order[0], others[1::2], order[1], [first])
    for condition in case.old:
        assert found(clickhouse, name, condition), f"{condition}: the first revision is not there"
    for _ in range(2):  # what was asked once may be answered from a cache
        for condition in case.old:
            assert found(clickhouse, view, condition) == 0, condition
        for condition in case.new:
            assert found(clickhouse, view, condition) == 1, condition
    assert clickhouse.value(f"SELECT count() FROM {view}") == len(others) + 1
    clickhouse.client.command(f"SYSTEM START MERGES {name}")
    clickhouse.client.command(f"OPTIMIZE TABLE {name} FINAL")
    assert clickhouse.value(f"SELECT count() FROM {name}") == len(others) + 1
    assert [found(clickhouse, view, condition) for condition in case.old] == [0] * len(case.old)
    assert [found(clickhouse, view, condition) for condition in case.new] == [1] * len(case.new)
    clickhouse.client.command(f"SYSTEM STOP MERGES {name}")
    await write(clickhouse, case.table, [first])  # the first again, beside what was merged
    assert [found(clickhouse, view, condition) for condition in case.old] == [0] * len(case.old)
