"""Views tell the day and the time on the clock of a source, units, names, titles and history."""

from __future__ import annotations

import base64
import json
import re
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clickhouse_connect.driver.client import Client

import streams.rules
from emissions.cli.support.sql_query import fetch_answer
from emissions.input.origin import origin_headers, origin_of
from sinks.clickhouse import client
from sinks.migrate import migrate
from sinks.reference_tables import write_reference_tables
from sinks.tables import DEAD_LETTERS, ENTERPRISES, GAPS, MEANS, REGISTRY, VIOLATIONS
from streams.rules.load import load_rules, parse_rules
from tests.sinks.make import (
    DAY,
    HOUR,
    MARCH,
    batch,
    dead_letter,
    entry,
    gap,
    mean,
    violation,
)  # fmt: skip
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse

KZ = Path(streams.rules.__file__).parent / "kz"
ORDER = "Приказ министра экологии, геологии и природных ресурсов РК от 22.06.2021 № 208"

SOURCE = "000000000000-0"
PAGE = Path(__file__).parents[2] / "docs" / "getting-started" / "demo.md"


def registered(zone: str, unit: str = "mg/m3", **given: Any) -> Any:
    found = enterprise(0, [BIG], **given)
    (source,) = found.record["sources"]
    source["timezone"] = zone
    source["document"] = json.dumps({"channels": [{"parameter": "SO2", "unit": unit}]})
    return found


async def register(clickhouse: TestClickHouse, *entries: Any) -> None:
    for each in entries:
        await write(clickhouse, (REGISTRY, ENTERPRISES), batch([each], "emissions.registry"))


def first(client: Client, sql: str) -> tuple[Any, ...]:
    return tuple(fetch_answer(client, sql).rows[0])


async def test_a_day_mean_has_the_day_that_it_is_of(clickhouse: TestClickHouse) -> None:
    await register(clickhouse, registered("Asia/Almaty"))
    means = [mean(source_id=SOURCE, start=MARCH, window="day", end=MARCH + DAY)]
    await write(clickhouse, (MEANS,), batch([entry(0, means[0])], "emissions.means"))
    day = first(clickhouse.client, "SELECT day, start_local, toDate(start) FROM means_current")
    assert day == (date(2026, 3, 1), "2026-03-01 00:00:00", date(2026, 2, 28))
    latest = first(clickhouse.client, "SELECT day, start_local, region FROM latest_means")
    assert latest == (date(2026, 3, 1), "2026-03-01 00:00:00", "KZ-55")


async def test_the_last_registration_says_clock_and_unit(clickhouse: TestClickHouse) -> None:
    await register(clickhouse, registered("Asia/Almaty"), registered("UTC", "ppm"))
    clickhouse.client.insert(
        "readings",
        [[SOURCE, "SO2", 60, 7, 0], ["elsewhere", "SO2", 60, 7, 0]],
        column_names=["source_id", "parameter", "period_s", "digits", "scale"],
    )
    rows = clickhouse.rows("SELECT source_id, unit, timezone FROM readings_current ORDER BY 1")
    assert rows == [(SOURCE, "ppm", "UTC"), ("elsewhere", "", "Asia/Almaty")]
    write_reference_tables(clickhouse.client, load_rules())  # nothing is lacking


async def test_dates_of_an_enterprise_are_dates(clickhouse: TestClickHouse) -> None:
    await register(clickhouse, registered("Asia/Almaty", commissioned_on=MARCH, installed_on=MARCH))
    asked = "commissioned_on, installed_on, connected_on, region_name_ru, region_name_kk"
    assert first(clickhouse.client, f"SELECT {asked} FROM enterprises_current") == (
        date(2026, 3, 1), date(2026, 3, 1), None, "Павлодарская область", "Павлодар облысы",
    )  # fmt: skip


async def test_what_was_there_before_the_first_reading_is_registered_with_it(
    clickhouse: TestClickHouse,
) -> None:
    clickhouse.client.command(
        "INSERT INTO readings (source_id, interval_start) VALUES ('A', '2026-03-01 00:00:00')"
    )
    replayed = batch([registered("Asia/Almaty")], "emissions.registry")
    await write(clickhouse, (REGISTRY, ENTERPRISES), replayed)
    clickhouse.client.command(
        "ALTER TABLE enterprises UPDATE registered_at = 0 WHERE 1 SETTINGS mutations_sync = 2"
    )
    assert first(clickhouse.client, "SELECT toString(registered_at) FROM enterprises_current") == (
        "2026-03-01 00:00:00.000",
    )


async def test_titles_local_time_and_every_revision(clickhouse: TestClickHouse) -> None:
    await register(clickhouse, registered("Asia/Almaty"))
    changes = [
        violation(source_id=SOURCE, start=MARCH, end=None, status="OPEN"),
        violation(source_id=SOURCE, start=MARCH, revision=2, status="AMENDED", value=9.0),
        violation(source_id=SOURCE, start=MARCH, revision=4, status="WITHDRAWN"),
        violation(source_id=SOURCE, start=MARCH + DAY),
    ]
    for offset, change in enumerate(changes):
        await write(
            clickhouse, (VIOLATIONS,), batch([entry(offset, change)], f"emissions.{offset}")
        )
    clickhouse.client.command("OPTIMIZE TABLE violations FINAL")
    asked = "rule_title_en, region_name_en, start_local, day"
    assert first(clickhouse.client, f"SELECT {asked} FROM violations_current") == (
        "Calendar-day mean concentration above the limit", "Pavlodar Region",
        "2026-03-02 00:00:00", date(2026, 3, 2),
    )  # fmt: skip
    assert clickhouse.rows(
        "SELECT revision, toString(status), start_local FROM violation_history "
        "WHERE start_local = '2026-03-01 00:00:00' ORDER BY revision"
    ) == [(n, s, "2026-03-01 00:00:00") for n, s in ((1, "OPEN"), (2, "AMENDED"), (4, "WITHDRAWN"))]


async def test_gaps_have_both_ends_in_local_time(clickhouse: TestClickHouse) -> None:
    gaps = [gap(MARCH, MARCH + HOUR), gap(MARCH + DAY, None)]
    entries = [entry(offset, record) for offset, record in enumerate(gaps)]
    await write(clickhouse, (GAPS,), batch(entries, "emissions.gaps"))
    rows = clickhouse.rows("SELECT start_local, end_local FROM gaps_current ORDER BY start")
    assert rows == [
        ("2026-03-01 00:00:00", "2026-03-01 01:00:00"),
        ("2026-03-02 00:00:00", None),
    ]


async def test_a_dead_letter_says_when_and_where(clickhouse: TestClickHouse) -> None:
    await register(clickhouse, registered("Asia/Almaty"))
    said = [
        tuple(origin_headers("данные.csv", 17)),
        (("input-file", b"other.csv"), *origin_headers("\udcff.csv", 9)),
        (("input-file", b"a.csv"), ("input-row", b"9" * 19)),
        (("input-file", b"a.csv"), ("input-row", b"9\n")),
        (("input-file", b""), ("input-row", b"9")),
        (("input-row", b"9"),),
        (),
    ]
    records: list[dict[str, Any]] = [
        {**dead_letter(n, source_id=SOURCE, headers=headers), "measured_at": MARCH - HOUR}
        for n, headers in enumerate(said)
    ]
    del records[1]["measured_at"]
    entries = [entry(offset, record) for offset, record in enumerate(records)]
    await write(clickhouse, (DEAD_LETTERS,), batch(entries, "emissions.dead-letters"))
    rows = fetch_answer(
        clickhouse.client, "SELECT input_file, input_row FROM dead_letters_current ORDER BY offset"
    ).rows
    assert [tuple(row) for row in rows] == [
        (origin.file or "", origin.row) for origin in map(origin_of, said)
    ]
    asked = "reason, detail, measured_at = arrived_at - INTERVAL 1 HOUR, measured_local"
    assert clickhouse.rows(
        f"SELECT {asked}, arrived_local FROM dead_letters_current WHERE offset < 2 ORDER BY offset"
    ) == [
        ("TOO_LATE", "a sentence", 1, "2026-02-28 23:00:00", "2026-03-01 00:00:00"),
        ("TOO_LATE", "a sentence", None, None, "2026-03-01 00:00:00"),
    ]


def test_every_view_answers_whoever_asks_from_another_database(clickhouse: TestClickHouse) -> None:
    database = clickhouse.settings.clickhouse_database
    views = [name for (name,) in clickhouse.rows("SHOW TABLES")]
    assert "compliance_nation" in views
    with client(clickhouse.settings, database=False) as elsewhere:
        for view in views:
            asked = f"{view}(today = '2026-06-01')" if view == "case_work_list_on" else view
            elsewhere.query(f"SELECT * FROM {database}.{asked} LIMIT 1")


def test_the_address_of_the_demo_answers_as_its_page_says(clickhouse: TestClickHouse) -> None:
    shown = re.search(r'curl "\$URL(/\?query=[^"]+)"', PAGE.read_text("utf-8"))
    assert shown is not None
    query = shown[1].replace("emissions.", f"{clickhouse.settings.clickhouse_database}.")
    address = urlsplit(clickhouse.url)  # with its key, as the demo prints it
    asked = HTTPConnection(address.hostname or "", address.port, timeout=60)
    access = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
    asked.request("GET", query, headers={"Authorization": f"Basic {access}"})
    answer = asked.getresponse()
    assert (answer.status, answer.read().decode().strip().split()) == (200, ["0"] * 5)
    asked.request("GET", query)
    assert asked.getresponse().status in (401, 403)
    asked.close()


def test_a_title_that_changed_is_written_anew(clickhouse: TestClickHouse) -> None:
    connected = clickhouse.client
    connected.command("INSERT INTO rules (code, title_en) VALUES ('KZ-DAY', 'old')")
    assert migrate(connected, clickhouse.settings.clickhouse_database) == []
    (title,) = first(connected, "SELECT title_en FROM rules WHERE code = 'KZ-DAY'")
    assert title != "old"


def test_a_database_knows_the_rules_with_their_places_in_the_law(
    clickhouse: TestClickHouse,
) -> None:
    rules = load_rules()
    rows = clickhouse.rows(
        "SELECT code, track, citation, valid_from, valid_to, automatic, rule_set FROM rules "
        "ORDER BY code"
    )
    assert [row[0] for row in rows] == [rule.code for rule in rules.rules]
    assert rows[0] == (
        "KZ-15",
        "INSPECTION",
        f"{ORDER} п. 26 пп. 1",
        date(2021, 7, 1),
        None,
        date(2026, 3, 12),
        rules.version,
    )
    versions = clickhouse.rows(
        "SELECT code, JSONExtractString(condition, 'kind') FROM rule_versions "
        f"WHERE rule_set = '{rules.version}' ORDER BY code"
    )
    assert versions[1] == ("KZ-30", "window_mean_over")
    assert len(versions) == len(rules.rules)


def test_of_two_versions_of_a_rule_the_later_has_the_title(clickhouse: TestClickHouse) -> None:
    text = (KZ / "KZ-DAY.yaml").read_text(encoding="utf-8")
    later = text.replace("en: Calendar-day", "en: Later").replace("2021-07-01", "2027-01-01")
    rules = parse_rules([("a.yaml", f"{text}valid_to: 2027-01-01\n"), ("b.yaml", later)])
    write_reference_tables(clickhouse.client, rules)
    (title,) = first(clickhouse.client, "SELECT title_en FROM rules WHERE code = 'KZ-DAY'")
    assert title.startswith("Later")
    asked = f"SELECT title_en FROM rule_versions WHERE rule_set = '{rules.version}' ORDER BY 1"
    assert len(clickhouse.rows(asked)) == 2


def test_names_of_parameters_and_meanings_of_codes_are_there(clickhouse: TestClickHouse) -> None:
    asked = "SELECT name_ru, name_kk, name_en, unit, auxiliary FROM parameters WHERE parameter = "
    assert first(clickhouse.client, f"{asked}'SO2'") == (
        "Сера диоксид", "Күкірт диоксиді", "Sulphur dioxide", "mg/m3", False,
    )  # fmt: skip
    (code,) = first(clickhouse.client, "SELECT joinGet('quality_codes', 'meaning_en', 'STATUS_D')")
    assert code.endswith("fault")
