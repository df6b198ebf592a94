"""Rows of a small nation, with values that the pages must show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from emissions.portal.queries.as_of import AsOf
from emissions.portal.queries.cases import CaseCount, PublishedCase
from emissions.portal.queries.enterprises import Enterprise, LatestMean, YearMass
from emissions.portal.queries.exceedances import Exceedances
from emissions.portal.queries.excuses import Excuses
from emissions.portal.queries.nation import Duty, Nation
from emissions.portal.queries.places import Place, Region
from emissions.portal.queries.search import Found
from emissions.portal.queries.transmission import FirstData, Silence, ValidTime


def utc(*at: int) -> datetime:
    """A moment as ClickHouse gives it: without an offset, in UTC."""
    return datetime(*at, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[arg-type, misc]


BIN = "990140000011"
SOURCE = "KZ/1 ?#й"
"""A source id holds whatever its operator writes."""
NEWEST = datetime(2026, 6, 15, 7, 0, tzinfo=UTC)
PAVLODAR = Region("KZ-55", "Павлодарская область", "Павлодар облысы", "Pavlodar Region")
ABAI = Region("KZ-10", "Область Абай", "Абай облысы", "Abai Region")
NATION = Nation(obliged=91, installed=77, connected=71, deferred=14)


def duty(**changes: Any) -> Duty:
    made = Duty(
        bin=BIN, name_ru="Завод <b>Север</b>", name_kk="Солтүстік зауыты", name_en="North Works",
        region="KZ-55", obliged=1, installed=1, connected=1, on_roadmap=0, roadmap_until=None,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def place(**changes: Any) -> Place:
    made = Place(
        source_id=SOURCE, source_name="Труба 1", bin=BIN, region="KZ-55", timezone="Asia/Almaty",
        name_ru="Завод <b>Север</b>", name_kk="Солтүстік зауыты", name_en="North Works",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


ENTERPRISE = Enterprise(
    bin=BIN, name_ru="Завод <b>Север</b>", name_kk="Солтүстік зауыты", name_en="North Works",
    region="KZ-55", region_name_ru=PAVLODAR.name_ru, region_name_kk=PAVLODAR.name_kk,
    region_name_en=PAVLODAR.name_en, category=1, business_size="large",
    commissioned_on=date(2016, 6, 1), installed_on=date(2024, 4, 15),
    connected_on=date(2025, 1, 1), roadmap_until=None, roadmap_reference="",
    registered_at=utc(2025, 1, 1),
)  # fmt: skip

SILENCE = Silence(SOURCE, utc(2026, 6, 15, 1), None, utc(2026, 6, 15, 1, 25))
FIRST = FirstData(SOURCE, utc(2026, 6, 1))
MEAN = LatestMean(
    source_id=SOURCE, parameter="SO2", name_ru="Сера диоксид", name_kk="Күкірт диоксиді",
    name_en="Sulphur dioxide", unit="mg/m3", window="30min", start=utc(2026, 6, 15, 6, 30),
    day=date(2026, 6, 15), value=812.5, limit=250.0, ratio=3.25, status="VALID",
)  # fmt: skip
ABOVE = Exceedances(SOURCE, "SO2", "30min", 7, 3.25, utc(2026, 6, 15, 6, 30))
MASS = YearMass(
    source_id=SOURCE, parameter="SO2", name_ru="Сера диоксид", name_kk="Күкірт диоксиді",
    name_en="Sulphur dioxide", year=2026, observed_from=utc(2026, 6, 1),
    observed_until=utc(2026, 6, 15), mass_t=5.5, limit=11.0, share=0.5,
    reached_on=date(2026, 6, 29),
)  # fmt: skip
CASE = PublishedCase(
    id="0b0e1f5e-0000-5000-8000-000000000000", state="CLOSED", act="KoAP", article="328", part="1",
    bin=BIN, source_id=SOURCE, start=utc(2026, 3, 1), end=utc(2026, 3, 2), violations=2,
    excess_mass_t={"SO2": 0.5}, sanction_on=date(2026, 3, 20), sanction_kzt=1_234_567,
    reason="DECISION_FINAL", shown_from=date(2026, 4, 20),
)  # fmt: skip
EXCUSES = Excuses(
    bin=BIN, name_ru="Завод <b>Север</b>", name_kk="Солтүстік зауыты", name_en="North Works",
    region="KZ-55", kind="MARK", notices=8, in_time=2, late=4, contradicted=2, after_the_fact=6,
    share_after_the_fact=0.75, median_delay_s=9_000.0, max_delay_s=36_000,
)  # fmt: skip
FOUND = Found(
    source_id="", source_name="", bin=BIN, name_ru="Завод <b>Север</b>",
    name_kk="Солтүстік зауыты", name_en="North Works", region="KZ-55", town_ru="Аксу",
    town_kk="Ақсу", town_en="Aksu", number=77,
)  # fmt: skip

WHOLE: tuple[msgspec.Struct, ...] = (
    NATION, PAVLODAR, ABAI, AsOf(NEWEST), duty(), place(), ENTERPRISE, SILENCE, FIRST,
    ValidTime(SOURCE, 1, 54_000, 72_000), MEAN, ABOVE, MASS, CASE, EXCUSES, FOUND,
    CaseCount("KZ-55", 20, 3),
    duty(bin="990140000022", name_ru="ТЭЦ Юг", name_kk="Оңтүстік ЖЭО", name_en="South Plant",
         region="KZ-10", connected=0, installed=0, on_roadmap=1, roadmap_until=date(2027, 12, 31)),
)  # fmt: skip
"""Of 24 hours the one source was silent for the last six, and three quarters of the rest valid."""

EMPTY: tuple[msgspec.Struct, ...] = (
    Nation(obliged=0, installed=0, connected=0, deferred=0), PAVLODAR, ABAI, AsOf(None),
)  # fmt: skip
DAY = timedelta(days=1)
