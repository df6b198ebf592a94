"""The latest means and the beginnings of series, told by the projection of ``means``.

It holds states of aggregates over the rows of a part, not the rows: so it is tried with all that
makes rows come twice, late, out of order and in other batches, merged and not.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.tables import GAPS, MEANS
from tests.sinks.make import DAY, HOUR, MARCH, batch, entry, gap, mean
from tests.support.clickhouse import TestClickHouse

SERIES = [
    (source, parameter, window)
    for source in ("S1", "S2", "S3")
    for parameter in ("SO2", "NOX")
    for window in ("20min", "1h")
]
LATEST = (
    "SELECT source_id, parameter, window, toUnixTimestamp64Milli(start), value, limit, status "
    "FROM latest_means ORDER BY ALL"
)
BEGINS = (
    "SELECT source_id, min(toUnixTimestamp64Milli(start)), max(toUnixTimestamp64Milli(stream_time))"
    " FROM means GROUP BY source_id ORDER BY ALL"
)
SHARES = "SELECT * FROM availability ORDER BY ALL"
ROWS = "SETTINGS optimize_use_projections = 0"


def revision(series: tuple[str, str, str], at: int, number: int) -> dict[str, Any]:
    """A mean whose content follows from what it is of: the same revision always says the same."""
    source, parameter, window = series
    seed = random.Random(f"{series} {at} {number}")
    status = seed.choice(("VALID", "INSUFFICIENT", "NOT_OPERATING"))
    start = MARCH + (at - 20) * 6 * HOUR  # in February and in March: in two partitions
    return mean(
        source_id=source, parameter=parameter, window=window, start=start, revision=number,
        value=seed.uniform(0, 900) if status == "VALID" else None, status=status,
        limit=seed.choice((None, 250.0, 500.0)), valid_s=seed.randrange(3600),
        stream_time=start + number * HOUR, final=number == 3,
    )  # fmt: skip


def expected(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Of each series the last revision of the latest mean."""
    latest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for record in records:
        series = (record["source_id"], record["parameter"], record["window"])
        held = latest.get(series)
        place = (record["start"], record["revision"])
        if held is None or place > (held["start"], held["revision"]):
            latest[series] = record
    return sorted(
        (*series, each["start"], each["value"], each["limit"], each["status"])
        for series, each in latest.items()
    )


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 6))]
)
async def test_latest_means_are_right_for_any_order_and_batches_of_means(
    clickhouse: TestClickHouse, seed: int
) -> None:
    chosen = random.Random(seed)
    revisions = [
        revision(series, at, number)
        for series in SERIES
        for at in chosen.sample(range(40), 12)
        for number in range(1, chosen.randint(1, 3) + 1)
    ]
    gaps = [gap(MARCH - DAY, MARCH - 6 * HOUR), gap(MARCH + DAY, None, source_id="S2")]
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    await writer.write(batch([entry(at, each) for at, each in enumerate(gaps)], "gaps"), (GAPS,))
    clickhouse.client.command("SYSTEM STOP MERGES means")
    written: list[dict[str, Any]] = []
    offset = 0
    for _ in range(2):  # the second time everything is read again from offset 0, in other batches
        order = chosen.sample(revisions, len(revisions))
        while order:
            size = chosen.randint(1, 60)
            part, order = order[:size], order[size:]
            entries = [entry(offset + at, each) for at, each in enumerate(part)]
            offset += len(part)
            for _ in range(chosen.choice((1, 1, 2))):  # an answer that was lost: the same again
                await writer.write(batch(entries, "means"), (MEANS,))
            written += part
        assert clickhouse.rows(LATEST) == expected(written)
        assert clickhouse.rows(f"{BEGINS} {ROWS}") == clickhouse.rows(BEGINS)
    await writer.close()
    shares = clickhouse.rows(SHARES)
    assert {row[0] for row in shares} == {"S1", "S2", "S3"}
    clickhouse.client.command("SYSTEM START MERGES means")
    for _ in range(2):
        assert clickhouse.rows(f"{LATEST} {ROWS}") == clickhouse.rows(LATEST) == expected(revisions)
        assert clickhouse.rows(f"{SHARES} {ROWS}") == clickhouse.rows(SHARES) == shares
        begins = clickhouse.rows(BEGINS)
        assert begins == clickhouse.rows(f"{BEGINS} {ROWS}")
        assert begins == [
            (
                source,
                min(each["start"] for each in revisions if each["source_id"] == source),
                max(each["stream_time"] for each in revisions if each["source_id"] == source),
            )
            for source in ("S1", "S2", "S3")
        ]
        clickhouse.client.command("OPTIMIZE TABLE means FINAL")
    assert clickhouse.value("SELECT count() FROM means") == len(
        {(m["source_id"], m["parameter"], m["window"], m["start"]) for m in revisions}
    )


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM latest_means WHERE window = '20min' AND limit IS NOT NULL",
        "SELECT source_id, min(start) FROM means GROUP BY source_id",
        "SELECT max(stream_time) FROM means",
    ],
)
async def test_the_projection_answers_without_reading_means(
    clickhouse: TestClickHouse, question: str
) -> None:
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    means = [revision(SERIES[0], at % 40, 1 + at // 40) for at in range(80)]
    entries = [entry(at, each) for at, each in enumerate(means)]
    await writer.write(batch(entries, "means"), (MEANS,))
    await writer.close()
    forced = "SETTINGS force_optimize_projection_name = 'series'"  # an error where it is not used
    assert clickhouse.rows(f"{question} {forced}") == clickhouse.rows(f"{question} {ROWS}")
