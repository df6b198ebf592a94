"""The views on a small nation whose answers are computed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from emissions.cli.support.sql_query import fetch_answer
from sinks.batch import Batch, Entry
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.tables import DEAD_LETTERS, ENTERPRISES, GAPS, MEANS, REGISTRY, VIOLATIONS, Table
from tests.sinks.make import DAY, HOUR, MARCH, batch, dead_letter, entry, gap, mean, violation
from tests.support.clickhouse import TestClickHouse

BIG = {
    "plant": "station", "fuel": "solid", "electric_mw": 210.0, "thermal_mw": None,
    "gross_t_a": None,
}  # fmt: skip


async def write(clickhouse: TestClickHouse, tables: tuple[Table, ...], *batches: Batch) -> None:
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    for each in batches:
        await writer.write(each, tables)
    await writer.close()


def enterprise(
    offset: int, sources: list[dict[str, Any]], bin_: str | None = None, **given: Any
) -> Entry:
    bin_ = bin_ or f"{offset:012}"
    values = {
        "bin": bin_,
        "name_ru": f"Предприятие {offset}",
        "name_kk": "",
        "name_en": "",
        "region": "KZ-55",
        "category": 1,
        "business_size": "large",
        "commissioned_on": 0,
        "installed_on": None,
        "connected_on": None,
        "roadmap_until": None,
        "roadmap_reference": "",
        "test": False,
        "deleted": False,
        **given,
    }
    rows = [
        {
            "source_id": f"{bin_}-{n}",
            "bin": bin_,
            "name": "",
            "timezone": "Asia/Almaty",
            "cadence_s": 60,
            "plant": criteria["plant"] or "",
            "fuel": criteria["fuel"] or "",
            "electric_mw": criteria["electric_mw"],
            "thermal_mw": criteria["thermal_mw"],
            "gross_t_a": criteria["gross_t_a"],
            "parameters": ["SO2"],
            "document": "{}",
        }
        for n, criteria in enumerate(sources)
    ]
    return entry(offset, {"enterprise": values, "sources": rows}, rows=1 + len(rows))


async def test_compliance_of_the_nation(clickhouse: TestClickHouse) -> None:
    def criteria(fuel: str | None, mw: float | None, t_a: float | None) -> list[dict[str, Any]]:
        return [{**BIG, "fuel": fuel, "electric_mw": mw, "gross_t_a": t_a}]

    def boilers(fuel: str, mw: float) -> list[dict[str, Any]]:
        return [
            {**BIG, "plant": "boiler_house", "fuel": fuel, "electric_mw": None, "thermal_mw": mw}
        ]

    here, there = MARCH, MARCH + DAY
    nation = [
        enterprise(0, [BIG], installed_on=here, connected_on=there),  # obliged, all done
        enterprise(1, criteria("liquid", 50.0, None), installed_on=here),  # no link: breach
        enterprise(2, criteria("gas", 500.0, None), roadmap_until=there),  # on a road map
        enterprise(3, criteria(None, None, 500.0), region="KZ-10"),  # no system: breach
        enterprise(4, criteria("gas", 499.0, 499.9)),  # meets no criterion
        enterprise(5, criteria("solid", 49.9, None)),  # neither
        enterprise(6, [BIG], category=2, installed_on=here),  # category II
        enterprise(7, [BIG], test=True),  # a test stream
        enterprise(8, [BIG]),  # struck off below
        enterprise(9, [BIG]),  # its big source is registered no more below
        enterprise(10, [], bin_=f"{8:012}", deleted=True),
        enterprise(11, criteria("gas", 1.0, None), bin_=f"{9:012}"),
        enterprise(12, [BIG], roadmap_until=there, installed_on=here),  # no link
        enterprise(13, boilers("solid", 116.3), region="KZ-11"),  # no system
        enterprise(14, boilers("gas", 1395.6), region="KZ-11"),  # no system
        enterprise(15, boilers("solid", 116.2), region="KZ-11"),  # neither
        enterprise(16, boilers("gas", 1395.5), region="KZ-11"),  # neither
        enterprise(17, [{**BIG, "plant": None, "thermal_mw": 900.0}], region="KZ-11"),  # unknown
    ]
    await write(clickhouse, (REGISTRY, ENTERPRISES), batch(nation, "emissions.registry"))
    answer = fetch_answer(clickhouse.client, "SELECT * FROM compliance_nation")
    assert answer.columns == ("obliged", "installed", "connected", "on_roadmap", "in_breach")
    assert list(answer.rows) == [(7, 3, 1, 1, 5)]
    assert clickhouse.rows("SELECT * FROM compliance_by_region ORDER BY region") == [
        ("KZ-10", 1, 0, 0, 0, 1),
        ("KZ-11", 2, 0, 0, 0, 2),
        ("KZ-55", 4, 3, 1, 1, 2),
    ]
    assert clickhouse.value("SELECT count() FROM enterprises_current") == 15
    assert clickhouse.value("SELECT count() FROM registry_current") == 15


async def test_places_and_devices_of_the_registry(clickhouse: TestClickHouse) -> None:
    town = {"ru": "Павлодар", "kk": "Павлодар", "en": "Pavlodar"}
    paper = {"number": "V-1", "on": "2026-02-01", "until": None}
    documents: list[dict[str, Any]] = [
        {
            "location": {"lat": 52.28, "lon": 76.97, "town": town},
            "devices": [
                {"name": "a", "serial": "1", "verification": paper, "type_certificate": None},
                {
                    "name": "b",
                    "serial": "2",
                    "verification": None,
                    "type_certificate": {"number": "T-7", "on": None, "until": "2032-01-10"},
                },
            ],
        },
        {"location": {"lat": 0.0, "lon": 76.0, "town": None}, "devices": []},
        {"location": None, "devices": []},
    ]
    registered = enterprise(0, [BIG] * 3)
    for row, document in zip(registered.record["sources"], documents, strict=True):
        row["document"] = json.dumps(document)
    await write(clickhouse, (REGISTRY, ENTERPRISES), batch([registered], "emissions.registry"))
    places = "SELECT lat, lon, town_ru, town_en, region FROM source_places ORDER BY source_id"
    assert clickhouse.rows(places) == [
        (52.28, 76.97, "Павлодар", "Pavlodar", "KZ-55"),
        (0.0, 76.0, "", "", "KZ-55"),
        (None, None, "", "", "KZ-55"),
    ]
    devices = (
        "SELECT serial, verification, verified_on, verified_until, type_certificate, "
        "certified_on, certified_until FROM devices_current ORDER BY serial"
    )
    assert clickhouse.rows(devices) == [
        ("1", "V-1", "2026-02-01", "", "", "", ""),
        ("2", "", "", "", "T-7", "", "2032-01-10"),
    ]
    hidden = enterprise(1, [BIG], bin_=f"{0:012}", test=True)
    await write(clickhouse, (REGISTRY, ENTERPRISES), batch([hidden], "emissions.registry"))
    assert clickhouse.value("SELECT count() FROM source_places") == 0


async def test_availability_of_a_source_by_month(clickhouse: TestClickHouse) -> None:
    # Observed from February 28 12:00 to March 2 00:00 (Almaty). Silent February 28 18:00 to
    # March 1 06:00; a second silence began March 1 18:00 and lasts. Half of each hour was valid.
    begin, latest = MARCH - 12 * HOUR, MARCH + DAY
    means = [
        mean(start=begin, valid_s=1800, stream_time=latest),
        mean(start=MARCH + 8 * HOUR, valid_s=900, due_s=1800, stream_time=latest),
        mean(start=MARCH + 9 * HOUR, valid_s=900, due_s=1800, stream_time=latest),
        mean(start=MARCH + 9 * HOUR, valid_s=0, unit="g/s", stream_time=latest),
        mean(start=MARCH + 9 * HOUR, valid_s=0, parameter="O2", unit="%", stream_time=latest),
        mean(start=MARCH + 9 * HOUR, valid_s=0, window="20min", stream_time=latest),
        mean(start=MARCH + 12 * HOUR, source_id="S2", stream_time=latest),  # never silent
        # The day in which it was heard first began before.
        mean(start=MARCH, window="day", source_id="S2", stream_time=latest),
    ]
    gaps = [
        gap(MARCH - 6 * HOUR, MARCH + 6 * HOUR),
        gap(MARCH + 18 * HOUR, None),
        gap(MARCH + 2 * HOUR, MARCH + 3 * HOUR, parameter="SO2"),
        gap(MARCH + 7 * HOUR, MARCH + 8 * HOUR, revision=2, status="WITHDRAWN"),
    ]
    for table, records in ((MEANS, means), (GAPS, gaps)):
        entries = [entry(offset, record) for offset, record in enumerate(records)]
        await write(clickhouse, (table,), batch(entries, table.name))
    rows = clickhouse.rows(
        "SELECT source_id, toString(month), observed_s, silent_s, transmitted_share, valid_share "
        "FROM availability ORDER BY ALL"
    )
    assert rows == [
        ("S1", "2026-02-01", 12 * 3600.0, 6 * 3600.0, 0.5, 0.5),
        ("S1", "2026-03-01", 24 * 3600.0, 12 * 3600.0, 0.5, 0.5),
        ("S2", "2026-03-01", 12 * 3600.0, 0.0, 1.0, 1.0),
    ]


async def test_the_latest_mean_beside_its_limit(clickhouse: TestClickHouse) -> None:
    await write(
        clickhouse, (REGISTRY, ENTERPRISES), batch([enterprise(0, [BIG])], "emissions.registry")
    )
    source = f"{0:012}-0"
    means = [
        mean(source_id=source, value=100.0),
        mean(source_id=source, start=MARCH + HOUR, value=100.0),
        mean(source_id=source, start=MARCH + HOUR, value=250.0, revision=2),
        mean(source_id=source, parameter="O2", unit="%", limit=None),
        mean(source_id="unregistered"),
    ]
    entries = [entry(offset, record) for offset, record in enumerate(means)]
    await write(clickhouse, (MEANS,), batch(entries, "emissions.means"))
    rows = clickhouse.rows(
        "SELECT source_id, bin, parameter, value, limit, ratio FROM latest_means ORDER BY ALL"
    )
    assert rows == [
        (source, f"{0:012}", "O2", 100.0, None, None),
        (source, f"{0:012}", "SO2", 250.0, 500.0, 0.5),
        ("unregistered", "", "SO2", 100.0, 500.0, 0.2),
    ]


async def test_violations_by_rule_and_dead_letters_by_reason(clickhouse: TestClickHouse) -> None:
    found = [
        violation(ratio=1.5),
        violation(start=MARCH + DAY, ratio=3.0, source_id="S2", status="OPEN", end=None),
        violation(rule="KZ-NOASM", source_id=None, ratio=None, automatic=False),
        violation(rule="KZ-30"),
        violation(rule="KZ-30", revision=2, status="WITHDRAWN"),
    ]
    letters = [
        dead_letter(1),
        dead_letter(2, source_id="S2"),
        dead_letter(2, source_id="S2"),  # the same message again
        dead_letter(3, "UNDECODABLE", source_id=None),
    ]
    for table, records in ((VIOLATIONS, found), (DEAD_LETTERS, letters)):
        entries = [entry(offset, record) for offset, record in enumerate(records)]
        await write(clickhouse, (table,), batch(entries, table.name))
    assert clickhouse.rows(
        "SELECT rule, violations, open, automatic, enterprises, sources, worst_ratio "
        "FROM violations_by_rule ORDER BY rule"
    ) == [("KZ-DAY", 2, 1, 2, 1, 2, 3.0), ("KZ-NOASM", 1, 0, 0, 1, 0, None)]
    assert clickhouse.rows(
        "SELECT reason, messages, sources FROM dead_letters_by_reason ORDER BY reason"
    ) == [("TOO_LATE", 2, 2), ("UNDECODABLE", 1, 0)]


def test_a_question_changes_nothing(clickhouse: TestClickHouse) -> None:
    assert fetch_answer(clickhouse.client, "SELECT 1 AS one;").columns == ("one",)
    with pytest.raises(DatabaseError) as refused:
        fetch_answer(clickhouse.client, "DROP TABLE readings")
    assert refused.value.code == 164
    with pytest.raises(DatabaseError) as unknown:
        fetch_answer(clickhouse.client, "SELECT nothing FROM readings")
    assert unknown.value.code == 47
