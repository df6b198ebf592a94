"""Every statement of the pages of the nation, on rows whose answers are known."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import emissions.portal.queries
from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.portal.database import Database
from emissions.portal.periods import day_period, month_period
from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.cases import CaseCount, case_counts, published_cases
from emissions.portal.queries.enterprises import enterprise as one_enterprise
from emissions.portal.queries.enterprises import latest_means, year_masses
from emissions.portal.queries.exceedances import exceedances
from emissions.portal.queries.excuses import excuses
from emissions.portal.queries.nation import duties, nation
from emissions.portal.queries.places import places, regions
from emissions.portal.queries.search import found_enterprises, found_sources, search_words
from emissions.portal.queries.transmission import first_data, silences, valid_time
from emissions.portal.transmission import shares
from emissions.portal.watching import watched
from sinks.roles import grants
from sinks.tables import CASES, ENTERPRISES, GAPS, MEANS, REGISTRY
from tests.sinks.make import DAY, HOUR, MARCH, batch, case, entry, gap, mean
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse

BIN, OTHER = f"{1:012}", f"{2:012}"
SOURCE = f"{BIN}-0"
MARCH_1 = date(2026, 3, 1)
START = datetime(2026, 2, 28, 19, tzinfo=UTC)
HALF = HOUR // 2
TOWN = {"ru": "Аксу", "kk": "Ақсу", "en": "Aksu"}


def nation_of_four() -> list[Any]:
    """Two of them in Pavlodar have what is asked for, the last one is a test stream."""
    first = enterprise(
        1, [BIG], name_ru="Завод Ёлка", name_kk="Жылу-энергия орталығы", installed_on=MARCH,
        connected_on=MARCH,
    )  # fmt: skip
    first.record["sources"][0]["name"] = "Қазан № 1"
    first.record["sources"][0]["document"] = json.dumps(
        {
            "location": {"lat": 52.0, "lon": 76.9, "town": TOWN},
            "limits": [{"parameter": "SO2", "unit": "t/a", "value": 7.2}],
        }
    )
    return [
        first,
        enterprise(2, [BIG], roadmap_until=MARCH + 30 * DAY),
        enterprise(3, [], region="KZ-55"),
        enterprise(4, [BIG], test=True, name_ru="Завод пробный"),
    ]


@dataclass
class Filled:
    """The database of these tests, and the portal's questions to it."""

    database: Database
    clickhouse: TestClickHouse


async def fill(clickhouse: TestClickHouse) -> None:
    await write(clickhouse, (REGISTRY, ENTERPRISES), batch(nation_of_four(), "emissions.registry"))
    told = [
        mean(source_id=SOURCE, valid_s=1800),
        mean(source_id=SOURCE, start=MARCH + HOUR),
        mean(source_id=SOURCE, parameter="O2", unit="%", valid_s=9),
        mean(source_id=SOURCE, unit="g/s", value=500.0, limit=None),
        *(
            mean(
                source_id=SOURCE, window="30min", start=MARCH + at * HALF,
                end=MARCH + (at + 1) * HALF, value=value, status=status,
            )
            for at, (value, status) in enumerate(
                [(999.9, "VALID"), (1000.0, "VALID"), (2000.0, "VALID"), (9000.0, "INSUFFICIENT")]
            )
        ),
        mean(source_id=SOURCE, window="day", end=MARCH + DAY, value=500.1, stream_time=MARCH + DAY),
        mean(source_id=f"{4:012}-0"),
    ]  # fmt: skip
    await write(
        clickhouse,
        (MEANS,),
        batch([entry(n, each) for n, each in enumerate(told)], "emissions.means"),
    )
    silent = [
        gap(MARCH + 6 * HOUR, MARCH + 9 * HOUR, source_id=SOURCE),
        gap(MARCH + 21 * HOUR, None, source_id=SOURCE),
        gap(MARCH + 3 * HOUR, None, source_id=SOURCE, parameter="SO2"),
    ]
    await write(
        clickhouse,
        (GAPS,),
        batch([entry(n, each) for n, each in enumerate(silent)], "emissions.gaps"),
    )
    await write(
        clickhouse, (CASES,), batch([entry(0, case(source_id=SOURCE, bin=BIN))], "emissions.cases")
    )


@pytest.fixture(scope="module")
def tables(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """Filled once: these tests read alone."""
    clickhouse = TestClickHouse(clickhouse_server)
    asyncio.run(fill(clickhouse))
    yield clickhouse
    clickhouse.close()


@pytest.fixture
def filled(tables: TestClickHouse) -> Iterator[Filled]:
    database = Database(tables.settings)
    yield Filled(database, tables)
    database.close()


async def test_the_nation_and_its_places(filled: Filled) -> None:
    database = filled.database
    assert await as_of(database) == START + timedelta(days=1)
    counted = await nation(database)
    assert (counted.obliged, counted.installed, counted.connected, counted.deferred) == (2, 1, 1, 1)
    assert [(each.bin, each.state, each.roadmap_until) for each in await duties(database)] == [
        (BIN, "connected", None),
        (OTHER, "roadmap", date(2026, 3, 31)),
        (f"{3:012}", "not_obliged", None),
    ]
    assert [(each.source_id, each.bin, each.region) for each in await places(database)] == [
        (SOURCE, BIN, "KZ-55"),
        (f"{OTHER}-0", OTHER, "KZ-55"),
    ]
    names = await regions(database)
    assert (len(names), names["KZ-55"].name_kk) == (20, "Павлодар облысы")


async def test_transmission_is_that_of_the_view_of_availability(filled: Filled) -> None:
    database = filled.database
    newest = await as_of(database)
    assert newest is not None
    (found,) = await watched(database, [month_period(MARCH_1)], newest)
    assert (found.observed_s, found.silent_s, found.silent_now) == (86_400, 6 * 3600, True)
    assert (found.valid_s, found.due_s) == (5400, 7200)
    ((transmitted, valid),) = filled.clickhouse.rows(
        f"SELECT transmitted_share, valid_share FROM availability WHERE source_id = '{SOURCE}'"
    )
    assert (shares([found]).transmitted, shares([found]).valid) == (transmitted, valid)
    assert [each.first.replace(tzinfo=UTC) for each in await first_data(database)] == [START] * 2
    assert len(await silences(database, since=START + timedelta(hours=10))) == 1
    assert await silences(database, [OTHER]) == []
    days = [day_period(MARCH_1 - timedelta(days=1)), day_period(MARCH_1)]
    (time,) = await valid_time(database, days, [SOURCE])
    assert (time.period, time.valid_s, time.due_s) == (2, 5400, 7200)


async def test_means_above_the_limit_are_those_of_the_law(filled: Filled) -> None:
    until = START + timedelta(days=1)
    found = await exceedances(filled.database, START, until)
    assert [(each.window, each.number, each.worst) for each in found] == [
        ("30min", 2, 4.0),
        ("day", 1, 1.0002),
    ]
    assert found[0].last.replace(tzinfo=UTC) == START + timedelta(hours=1)
    half = await exceedances(
        filled.database, START + timedelta(hours=1), until - timedelta(hours=1)
    )
    assert [(each.window, each.number) for each in half] == [("30min", 1)]
    assert await exceedances(filled.database, START, until, [OTHER]) == []


async def test_an_enterprise_and_its_numbers(filled: Filled) -> None:
    database = filled.database
    found = await one_enterprise(database, BIN)
    assert found is not None
    assert (found.name_ru, found.region_name_en) == ("Завод Ёлка", "Pavlodar Region")
    assert (found.installed_on, found.roadmap_until) == (MARCH_1, None)
    assert await one_enterprise(database, f"{4:012}") is None  # a test stream
    assert await one_enterprise(database, "x' OR '1") is None
    means = await latest_means(database, BIN)
    assert [(each.window, each.value, each.status, each.name_en) for each in means] == [
        ("30min", 9000.0, "INSUFFICIENT", "Sulphur dioxide"),
        ("day", 500.1, "VALID", "Sulphur dioxide"),
    ]
    assert [each.day for each in means] == [MARCH_1, MARCH_1]
    (mass,) = await year_masses(database, [SOURCE], 2026)
    assert (mass.mass_t, mass.limit, mass.share) == (1.8, 7.2, 0.25)
    assert await year_masses(database, [SOURCE], 2025) == []


async def test_cases_are_counted_and_name_nobody_before_their_time(filled: Filled) -> None:
    assert await published_cases(filled.database, BIN) == []
    assert await case_counts(filled.database) == [CaseCount("", 1, 0)]
    assert await excuses(filled.database) == []


SEARCHES: tuple[tuple[str, list[str], list[str]], ...] = (
    ("ЕЛКА", [BIN], []),
    ("орталыгы", [BIN], []),
    ("ПАВЛОДАР завод", [BIN], []),
    ("ақсу", [BIN], [SOURCE]),
    ("казан жылу", [], [SOURCE]),
    (OTHER, [OTHER], [f"{OTHER}-0"]),
    ("пробный", [], []),
    ("%", [], []),
    ("'", [], []),
)


async def test_search_finds_words_in_any_case_and_with_plain_letters(filled: Filled) -> None:
    for text, enterprises, sources in SEARCHES:
        words = search_words(text)
        found = await found_enterprises(filled.database, words, 50)
        assert [each.bin for each in found] == enterprises, text
        beside = await found_sources(filled.database, words, 50)
        assert [each.source_id for each in beside] == sources, text
    (first,) = await found_enterprises(filled.database, ["предприятие"], 1)
    assert first.number == 2


MODULES = (
    "as_of", "cases", "enterprises", "exceedances", "excuses", "nation", "places", "search",
    "transmission",
)  # fmt: skip


def asked_tables() -> set[str]:
    """Tables and views that the statements of these pages name."""
    folder = Path(emissions.portal.queries.__file__).parent
    text = "\n".join((folder / f"{each}.py").read_text("utf-8") for each in MODULES)
    named = re.findall(r"\b(?:FROM|JOIN)\s+([a-z_]+)\b", text)
    return set(named) | set(re.findall(r"joinGet\('([a-z_]+)'", text))


def test_the_public_role_may_ask_all_of_it() -> None:
    asked = asked_tables()
    given = grants("x", sorted(asked))["public"]
    assert asked - {each.rpartition(".")[2].strip("`") for each in given} == set()
