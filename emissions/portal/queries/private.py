"""What only those who signed in may see: cases, raw readings, notices, and the record of looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from emissions.portal.access.private_data import Look, PrivateData
from emissions.portal.access.sessions import Session
from emissions.portal.database import Questions
from emissions.publication import RecordKind, Role, Viewer

MOST: Final = 2_000
"""Rows that a page shows at most."""


class OwnSource(msgspec.Struct, frozen=True):
    """A source as last registered, with the enterprise that it belongs to."""

    source_id: str
    name: str
    bin: str
    region: str
    timezone: str
    name_ru: str
    name_kk: str
    name_en: str


class Case(msgspec.Struct, frozen=True):
    """A case with its terms: ``due`` names each term with its last local day."""

    id: str
    state: str
    reasons: list[str]
    track: str
    article: str
    part: str
    bin: str
    region: str
    source_id: str
    start: datetime
    end: datetime | None
    timezone: str
    detected_at: datetime
    delivered_at: datetime | None
    fine_kzt: int | None
    due: dict[str, str | None]
    name_ru: str
    name_kk: str
    name_en: str


class Notice(msgspec.Struct, frozen=True):
    """What an operator told, and what was made of it."""

    notice_id: str
    kind: str
    verdict: str
    source_id: str
    parameter: str
    start: datetime | None
    end: datetime | None
    arrived_at: datetime
    due: datetime | None
    timezone: str


class RawReading(msgspec.Struct, frozen=True):
    """A channel of an accepted reading as it was sent."""

    measured_at: datetime
    measured_local: str
    period_s: int
    parameter: str
    value: float
    unit: str
    flag: str
    quality: str
    state: str
    device_serial: str
    arrived_at: datetime


class AccessRecord(msgspec.Struct, frozen=True):
    """A look at data that is not public."""

    at: datetime
    who: str
    role: str
    kind: str
    query: str
    what: str
    bins: list[str]


_SOURCES: Final = """
SELECT source_id, name, bin, region, timezone, name_ru, name_kk, name_en
FROM
(
    SELECT source.source_id AS source_id, source.name AS name, source.bin AS bin,
           firm.region AS region, source.timezone AS timezone, firm.name_ru AS name_ru,
           firm.name_kk AS name_kk, firm.name_en AS name_en
    FROM registry_current AS source
    INNER JOIN enterprises_current AS firm ON firm.bin = source.bin
)
WHERE {scope} AND (empty({{source:String}}) OR source_id = {{source:String}})
ORDER BY bin, source_id
LIMIT {{most:UInt32}}
"""

_CASES: Final = """
SELECT toString(id) AS id, state, reasons, track, article, part, bin, region, source_id,
       start, end, timezone, detected_at, delivered_at, fine_kzt, due,
       enterprise['ru'] AS name_ru, enterprise['kk'] AS name_kk, enterprise['en'] AS name_en
FROM cases_current
WHERE {scope}
ORDER BY due_on IS NULL, due_on, detected_at DESC, id
LIMIT {{most:UInt32}}
"""

_NOTICES: Final = """
SELECT notice_id, kind, verdict, source_id, parameter, start, end, arrived_at, due, timezone
FROM notices_current
WHERE has({bins:Array(String)}, bin)
ORDER BY arrived_at DESC, notice_id
LIMIT {most:UInt32}
"""

READINGS: Final = """
SELECT measured_at, measured_local, period_s, parameter, value, unit, flag, quality, state,
       device_serial, arrived_at
FROM readings_current
WHERE source_id = {source:String} AND day = {day:Date32}
  AND interval_start >= fromUnixTimestamp64Milli({begin:Int64}, 'UTC')
  AND interval_start < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY measured_at, parameter
LIMIT {most:UInt32} OFFSET {skipped:UInt32}
"""

_RECORDS: Final = """
SELECT at, who, role, kind, query, what, bins
FROM access_records
ORDER BY at DESC, id
LIMIT {most:UInt32}
"""


def scope_of(viewer: Viewer) -> tuple[str, dict[str, Sequence[str]]]:
    """Return the condition on ``bin`` and ``region`` that a viewer's rights are, and its values.

    Whoever has no rights gets a condition that no row meets.
    """
    if viewer.role is Role.AUTHORITY or (viewer.role is Role.INSPECTOR and viewer.nation):
        return "1", {}
    if viewer.role is Role.INSPECTOR:
        return "has({regions:Array(String)}, region)", {"regions": sorted(viewer.regions)}
    if viewer.role is Role.OPERATOR:
        return "has({bins:Array(String)}, bin)", {"bins": sorted(viewer.bins)}
    return "0", {}


async def own_sources(database: Questions, viewer: Viewer, source: str = "") -> list[OwnSource]:
    """Return the sources whose readings somebody may see, or that one; they are public themselves.

    Raises DatabaseGoneError.
    """
    scope, values = scope_of(viewer)
    parameters = {**values, "source": source, "most": MOST}
    return await database.rows(OwnSource, _SOURCES.format(scope=scope), parameters)


async def own_cases(data: PrivateData, session: Session) -> list[Case]:
    """Return the cases that somebody may see, the earliest date first; the look is recorded."""
    scope, values = scope_of(session.viewer)
    statement = _CASES.format(scope=scope)
    parameters: Mapping[str, object] = {**values, "most": MOST}
    look = Look(RecordKind.CASE, "cases", _bins(session))
    return await data.rows(session, look, Case, statement, parameters)


async def own_notices(data: PrivateData, session: Session) -> list[Notice]:
    """Return an operator's last notices; the look is recorded."""
    look = Look(RecordKind.NOTICE_TEXT, "notices", _bins(session))
    parameters = {"bins": list(_bins(session)), "most": 50}
    return await data.rows(session, look, Notice, _NOTICES, parameters)


async def readings_of_day(
    data: PrivateData,
    session: Session,
    source: OwnSource,
    day: date,
    *,
    most: int,
    skipped: int = 0,
    query: str = "page",
) -> list[RawReading]:
    """Return the readings of a source on a local day; the look is recorded."""
    look = Look(RecordKind.RAW_READING, f"{source.source_id} {day}", (source.bin,), query)
    parameters = {
        "source": source.source_id,
        "day": day,
        "begin": _midnight_ms(day - timedelta(days=1)),
        "end": _midnight_ms(day + timedelta(days=2)),
        "most": most,
        "skipped": skipped,
    }
    return await data.rows(session, look, RawReading, READINGS, parameters)


async def access_records(data: PrivateData, session: Session) -> list[AccessRecord]:
    """Return the last looks at what is not public, for the authority; this one is recorded too."""
    look = Look(RecordKind.REGISTRATION, "access_records")
    return await data.rows(session, look, AccessRecord, _RECORDS, {"most": 200})


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _bins(session: Session) -> tuple[str, ...]:
    return tuple(sorted(session.viewer.bins))
