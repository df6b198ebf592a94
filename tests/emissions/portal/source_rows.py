"""Rows of a source as ClickHouse would answer them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from emissions.portal.queries.source_gaps import GapRow
from emissions.portal.queries.source_means import DayRow, MeanRevision, MeanRow
from emissions.portal.queries.sources import Source, SourceTimes
from emissions.portal.queries.vocabulary import CodeMeaning, ParameterName

MIDNIGHT = datetime(2026, 6, 13, 19)  # noqa: DTZ001 (ClickHouse gives times in UTC so)
"""The midnight with which 14 June 2026 begins in Almaty, UTC, as ClickHouse gives times."""

REFERENCE = {"temperature_k": 293.15, "pressure_kpa": 101.3, "dry": True, "o2_pct": 6.0}
DOCUMENT: dict[str, Any] = {
    "channels": [{"parameter": "SO2", "unit": "mg/m3", "basis": "wet", "conditions": None}],
    "limits": [
        {"parameter": "SO2", "value": 500.0, "unit": "mg/m3", "valid_from": "2024-01-01",
         "valid_to": None, "reference": REFERENCE},
    ],
    "devices": [
        {"name": "АСМ", "serial": "A-1", "verification": {"number": "V-7", "on": "2026-02-01"}},
    ],
    "location": {"lat": 52.28, "lon": 76.97, "town": {"ru": "Павлодар", "kk": "", "en": ""}},
}  # fmt: skip

CODES = (
    CodeMeaning("STATUS_M", "channel", False, "обслуживание", "қызмет көрсету", "maintenance"),
    CodeMeaning("ZEROED", "mark", False, "ноль", "нөл", "zeroed"),
)
NAMES = (
    ParameterName("SO2", "Сера диоксид", "Күкірт диоксиді", "Sulphur dioxide", False),
    ParameterName("O2", "Кислород", "Оттек", "Oxygen", True),
)


def source(**given: Any) -> Source:
    values = {
        "source_id": "KZ/1 <b>",
        "bin": "990140001233",
        "name": "Труба <1>",
        "timezone": "Asia/Almaty",
        "cadence_s": 60,
        "document": json.dumps(DOCUMENT),
        "enterprise_ru": "Завод",
        "enterprise_kk": "Зауыт",
        "enterprise_en": "Works",
        "region": "KZ-55",
        "region_name_ru": "Павлодарская область",
        "region_name_kk": "Павлодар облысы",
        "region_name_en": "Pavlodar Region",
        "test": False,
    }
    return Source(**{**values, **given})


def times(days: int = 2) -> SourceTimes:
    last = MIDNIGHT + timedelta(hours=23, minutes=30)
    return SourceTimes(10, MIDNIGHT - timedelta(days=days), last, last + timedelta(minutes=30))


def mean(number: int = 0, value: float | None = 100.0, **given: Any) -> MeanRow:
    """The half hour of that number from local midnight on."""
    start = MIDNIGHT + timedelta(minutes=30 * number)
    values = {
        "parameter": "SO2",
        "unit": "mg/m3",
        "window": "30min",
        "start": start,
        "end": start + timedelta(minutes=30),
        "value": value,
        "limit": 500.0,
        "valid_s": 1800,
        "due_s": 1800,
        "status": "VALID",
        "seconds_by_code": {},
        "revision": 1,
    }
    return MeanRow(**{**values, **given})


def revision(number: int = 1, **given: Any) -> MeanRevision:
    values = {
        "unit": "mg/m3",
        "start": MIDNIGHT,
        "end": MIDNIGHT + timedelta(minutes=30),
        "value": 1234.5,
        "raw_value": 1000.0,
        "validated_value": None,
        "min": 1200.0,
        "max": 1300.0,
        "count": 30,
        "valid_s": 1500,
        "due_s": 1800,
        "excused_s": 0,
        "status": "VALID",
        "seconds_by_code": {"STATUS_M": 300},
        "limit": 500.0,
        "rule_set": "kz-1",
        "revision": number,
        "final": False,
        "stream_time": datetime(2026, 6, 14, 7, tzinfo=UTC),
    }
    return MeanRevision(**{**values, **given})


def gap(start: int, end: int | None, parameter: str = "") -> GapRow:
    """From and to so many minutes after local midnight."""
    return GapRow(
        parameter,
        MIDNIGHT + timedelta(minutes=start),
        None if end is None else MIDNIGHT + timedelta(minutes=end),
        "OPEN" if end is None else "CLOSED",
        1,
        MIDNIGHT,
    )


def day_row(**given: Any) -> DayRow:
    values = {
        "day": (MIDNIGHT + timedelta(hours=12)).date(),
        "worst": 0.3,
        "valid": 1,
        "insufficient": 0,
        "stopped": 0,
        "valid_parts": 48,
        "days_above": 0,
        "halves_above": 0,
        "hours_above": 0,
    }
    return DayRow(**{**values, **given})
