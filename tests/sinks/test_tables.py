"""What is written can be read back; twice or cut anew it is still seen once."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from emissions.cli.support.sql_query import fetch_answer
from sinks.batch import Batch, Entry
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.tables import DEAD_LETTERS, FINDINGS, GAPS, MEANS, READINGS, VIOLATIONS, Table
from tests.sinks.make import (
    HOUR,
    MARCH,
    batch,
    dead_letter,
    entry,
    finding,
    gap,
    mean,
    reading_entry,
    violation,
)
from tests.support.clickhouse import TestClickHouse


async def write(clickhouse: TestClickHouse, table: Table, *batches: Batch) -> None:
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    try:
        for each in batches:
            await writer.write(each, (table,))
    finally:
        await writer.close()


def stop_merges(clickhouse: TestClickHouse, table: Table) -> None:
    """So that what is seen once is not seen once by luck."""
    clickhouse.client.command(f"SYSTEM STOP MERGES {table.name}")


async def test_the_same_batch_twice_is_one_insert(clickhouse: TestClickHouse) -> None:
    stop_merges(clickhouse, READINGS)
    once = batch(reading_entry(offset) for offset in range(5))
    await write(clickhouse, READINGS, once, once)
    assert clickhouse.value("SELECT count() FROM readings") == 10  # without FINAL: the token


async def test_batches_cut_anew_are_seen_once(clickhouse: TestClickHouse) -> None:
    stop_merges(clickhouse, READINGS)
    entries = [reading_entry(offset) for offset in range(12)]
    cuts = [(0, 5), (5, 9), (3, 12), (0, 12)]
    await write(clickhouse, READINGS, *(batch(entries[a:b]) for a, b in cuts))
    assert clickhouse.value("SELECT count() FROM readings") > 24
    rows = clickhouse.rows(
        "SELECT offset, value FROM readings_current WHERE parameter = 'SO2' ORDER BY offset"
    )
    assert [tuple(row) for row in rows] == [(offset, 100.0 + offset) for offset in range(12)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_readings_of_an_interval_the_lower_offset_stands(
    clickhouse: TestClickHouse, order: tuple[int, int]
) -> None:
    entries = [reading_entry(4, minute=0), reading_entry(9, minute=0)]
    await write(clickhouse, READINGS, *(batch([entries[i]]) for i in order))
    assert clickhouse.rows("SELECT DISTINCT offset FROM readings_current") == [(4,)]


async def test_no_condition_brings_back_what_another_row_replaced(
    clickhouse: TestClickHouse,
) -> None:
    """Whatever is looked at first: the views compare rows of a key before they filter."""
    for table in (READINGS, MEANS, DEAD_LETTERS):
        stop_merges(clickhouse, table)
    for offset in (4, 9):
        await write(clickhouse, READINGS, batch([reading_entry(offset, minute=0)]))
    records = [mean(revision=1, value=1.0), mean(revision=2, value=2.0)]
    for offset, record in enumerate(records):
        await write(clickhouse, MEANS, batch([entry(offset, record)], "emissions.means"))
    for condition in ("offset = 9", "value = 109", "parameter = 'SO2' AND value > 104"):
        assert clickhouse.rows(f"SELECT * FROM readings_current WHERE {condition}") == []
    for condition in ("value = 1", "revision = 1", "window = '1h' AND value < 2"):
        assert clickhouse.rows(f"SELECT * FROM means_current WHERE {condition}") == []
    assert clickhouse.value("SELECT count() FROM readings_current WHERE value = 104") == 1
    letter = batch([entry(0, dead_letter(4))], "emissions.dead")
    await write(clickhouse, DEAD_LETTERS, letter)
    assert clickhouse.rows("SELECT * FROM readings_current") == []
    assert fetch_answer(clickhouse.client, "SELECT count() FROM readings_current").rows == [(0,)]


@pytest.mark.parametrize("place", [{"partition": 1}, {"topic": "another"}, {"stage": "sink"}])
async def test_a_letter_of_another_place_hides_nothing(
    clickhouse: TestClickHouse, place: dict[str, Any]
) -> None:
    await write(clickhouse, READINGS, batch([reading_entry(4)]))
    letter = batch([entry(0, dead_letter(4, **place))], "emissions.dead")
    await write(clickhouse, DEAD_LETTERS, letter)
    assert clickhouse.value("SELECT count() FROM readings_current") == 2


async def test_a_reading_is_a_row_a_channel(clickhouse: TestClickHouse) -> None:
    await write(clickhouse, READINGS, batch([reading_entry(0)]))
    rows = clickhouse.rows(
        "SELECT parameter, value, flag, quality, state, device_serial, "
        "toUnixTimestamp64Milli(measured_at), toUnixTimestamp64Milli(arrived_at), partition "
        "FROM readings_current ORDER BY parameter"
    )
    assert rows == [
        ("O2", 7.0, "C", "STATUS_C", "NORMAL", "", MARCH, MARCH, 0),
        ("SO2", 100.0, "", "", "NORMAL", "", MARCH, MARCH, 0),
    ]


async def test_dead_lettered_readings_are_not_current(clickhouse: TestClickHouse) -> None:
    await write(clickhouse, READINGS, batch(reading_entry(offset) for offset in range(3)))
    await write(clickhouse, DEAD_LETTERS, batch([entry(0, dead_letter(1))], "emissions.dead"))
    assert clickhouse.rows("SELECT DISTINCT offset FROM readings_current ORDER BY 1") == [
        (0,),
        (2,),
    ]


async def test_the_last_revision_of_a_mean_stands(clickhouse: TestClickHouse) -> None:
    revisions = [mean(revision=2, value=2.0), mean(revision=1, value=1.0)]
    final = mean(revision=2, value=2.0, final=True)
    for offset, record in enumerate([*revisions, final, revisions[0]]):
        await write(clickhouse, MEANS, batch([entry(offset, record)], "emissions.means"))
    rows = clickhouse.rows("SELECT value, revision, final, seconds_by_code FROM means_current")
    assert rows == [(2.0, 2, True, {"STATUS_C": 60})]


async def test_what_was_withdrawn_is_not_current(clickhouse: TestClickHouse) -> None:
    gaps = [
        gap(MARCH, None),
        gap(MARCH, MARCH + HOUR, revision=2),
        gap(MARCH + HOUR, None, parameter="SO2"),
        gap(MARCH + HOUR, None, parameter="SO2", revision=2, status="WITHDRAWN"),
    ]
    found = [violation(), violation(rule="KZ-30"), violation(revision=2, status="WITHDRAWN")]
    seen = [finding(source_id=None), finding(value=None), finding(revision=2, status="WITHDRAWN")]
    for table, records in ((GAPS, gaps), (VIOLATIONS, found), (FINDINGS, seen)):
        entries = [entry(offset, record) for offset, record in enumerate(records)]
        await write(clickhouse, table, batch(entries, table.name))
    assert clickhouse.rows(
        "SELECT status, parameter, toUnixTimestamp64Milli(assumeNotNull(end)) FROM gaps_current"
    ) == [("CLOSED", "", MARCH + HOUR)]
    assert clickhouse.rows("SELECT rule, revision FROM violations_current") == [("KZ-30", 1)]
    assert clickhouse.rows("SELECT kind, source_id, basis, value, day FROM findings_current") == [
        ("FLATLINE", "", "", 1.0, date(2026, 3, 1))
    ]


async def test_a_violation_keeps_its_law_and_its_evidence(clickhouse: TestClickHouse) -> None:
    record = violation(source_id=None)
    await write(clickhouse, VIOLATIONS, batch([entry(0, record)], "emissions.violations"))
    rows = clickhouse.rows(
        "SELECT toString(id), enterprise['kk'], legal_basis.article, legal_basis.part, "
        "legal_basis.point, legal_basis.subpoint, track, certainty, reasons, "
        "evidence.partition, evidence.last_offset, evidence.sha256, source_id, ratio "
        "FROM violations_current"
    )
    law = (["202"], [""], ["6"], ["1"], "PRESCRIPTION", "read", ["CONFLICTING_DATA"])
    assert rows == [(record["id"], "ЖЭО", *law, [1], [9], ["ab" * 32], "", 1.5)]


async def test_a_dead_letter_keeps_its_bytes(clickhouse: TestClickHouse) -> None:
    records = [dead_letter(7), dead_letter(8, key=None, value=None, source_id=None)]
    entries = [entry(offset, record) for offset, record in enumerate(records)]
    await write(clickhouse, DEAD_LETTERS, batch(entries, "emissions.dead-letters"))
    rows = clickhouse.rows(
        "SELECT offset, hex(key), hex(value), headers.name, arrayMap(x -> hex(x), headers.value), "
        "source_id FROM dead_letters_current ORDER BY offset"
    )
    assert rows == [
        (7, "00FF", "80726177", ["h"], ["FE"], "S1"),
        (8, None, None, ["h"], ["FE"], ""),
    ]


async def test_only_the_refused_messages_become_dead_letters(clickhouse: TestClickHouse) -> None:
    clickhouse.client.command("ALTER TABLE means ADD CONSTRAINT small CHECK value < 100")
    records = [mean(start=MARCH + n * HOUR, value=500.0 if n in (3, 8) else 1.0) for n in range(16)]
    records[11]["count"] = "many"  # the driver cannot even make a column of it
    entries = [entry(n, record, value=b"raw %d" % n) for n, record in enumerate(records)]
    await write(clickhouse, MEANS, batch(entries, "emissions.means"))
    assert clickhouse.value("SELECT count() FROM means_current") == 13
    assert clickhouse.rows(
        "SELECT offset, reason, stage, topic, value FROM dead_letters_current ORDER BY offset"
    ) == [(n, "SINK_REJECTED", "sink", "emissions.means", f"raw {n}") for n in (3, 8, 11)]


async def test_partitions_write_side_by_side(clickhouse: TestClickHouse) -> None:
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    entries: list[list[Entry]] = [
        [reading_entry(offset, source_id=f"S{partition}") for offset in range(20)]
        for partition in range(6)
    ]
    try:
        await asyncio.gather(
            *(
                writer.write(batch(each, partition=partition), (READINGS,))
                for partition, each in enumerate(entries)
            )
        )
    finally:
        await writer.close()
    assert writer.rows_written == clickhouse.value("SELECT count() FROM readings_current") == 240
