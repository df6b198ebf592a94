"""What changed last: gaps, days above the limit, and days that were revised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from emissions.portal.database import Questions

PER_PAGE: Final = 100
MOST_PAGES: Final = 10

Kind = Literal["gap", "above", "revised", "case"]


class Change(msgspec.Struct, frozen=True):
    """A change of public data; times in UTC, ``start_local`` on the clock of the source.

    ``gap``: ``status`` OPEN, CLOSED or WITHDRAWN. ``above``: a valid day mean over its limit.
    ``revised``: a day mean with its new value. ``value`` and ``limit`` are in ``unit``. ``case``:
    one that may be named, by its ``id``, on the day from which it is shown; ``value`` is the
    sanction in tenge, and ``source_id`` empty where it is about the enterprise as a whole.
    """

    kind: Kind
    source_id: str
    bin: str
    parameter: str
    unit: str
    start: datetime
    start_local: str
    end_local: str | None
    value: float | None
    limit: float | None
    revision: int
    status: str
    updated: datetime
    id: str = ""
    article: str = ""
    name_ru: str = ""
    name_kk: str = ""
    name_en: str = ""


class Owner(msgspec.Struct, frozen=True):
    """An enterprise or region by its names."""

    name_ru: str
    name_kk: str
    name_en: str


_CHANGES: Final = """
WITH (SELECT max(start) FROM means) - INTERVAL 40 DAY AS since
SELECT *
FROM
(
SELECT
    c.kind AS kind, c.source_id AS source_id, s.bin AS bin, c.parameter AS parameter,
    c.unit AS unit, c.start AS start,
    formatDateTime(c.start, '%F %H:%i', toString(s.timezone)) AS start_local,
    formatDateTime(c.end, '%F %H:%i', toString(s.timezone)) AS end_local,
    c.value AS value, c.limit AS limit, c.revision AS revision, c.status AS status,
    c.updated AS updated, '' AS id, '' AS article, '' AS name_ru, '' AS name_kk, '' AS name_en
FROM
(
    SELECT 'gap' AS kind, toString(source_id) AS source_id, toString(parameter) AS parameter,
        '' AS unit, start, end, CAST(NULL AS Nullable(Float64)) AS value,
        CAST(NULL AS Nullable(Float64)) AS limit, revision, toString(status) AS status,
        detected_at AS updated
    FROM gaps FINAL
    WHERE start >= since
    UNION ALL
    SELECT 'above' AS kind, toString(source_id) AS source_id, toString(parameter) AS parameter,
        toString(unit) AS unit, start, toNullable(end) AS end, value, limit, revision,
        toString(status) AS status, stream_time AS updated
    FROM means FINAL
    WHERE window = 'day' AND unit = 'mg/m3' AND status = 'VALID' AND value > limit
        AND start >= since
    UNION ALL
    SELECT 'revised' AS kind, toString(source_id) AS source_id, toString(parameter) AS parameter,
        toString(unit) AS unit, start, toNullable(end) AS end, value, limit, revision,
        toString(status) AS status, stream_time AS updated
    FROM means FINAL
    WHERE window = 'day' AND revision > 1 AND start >= since
) AS c
INNER JOIN registry_current AS s ON s.source_id = c.source_id
INNER JOIN enterprises_current AS owner ON owner.bin = s.bin
WHERE NOT owner.test
    AND ({bin:String} = '' OR s.bin = {bin:String})
    AND ({region:String} = '' OR owner.region = {region:String})
UNION ALL
SELECT
    'case' AS kind, toString(p.source_id) AS source_id, toString(p.bin) AS bin, '' AS parameter,
    'KZT' AS unit, p.start AS start, toString(p.start_local) AS start_local,
    toNullable(toString(p.end_local)) AS end_local, toFloat64(p.sanction_kzt) AS value,
    CAST(NULL AS Nullable(Float64)) AS limit, p.revision AS revision, toString(p.state) AS status,
    toTimeZone(toDateTime64(concat(toString(p.shown_from), ' 00:00:00'), 3, 'Asia/Almaty'), 'UTC')
        AS updated,
    toString(p.id) AS id,
    concat(toString(p.article), if(p.part = '', '', concat(' (', toString(p.part), ')')))
        AS article,
    toString(p.name_ru) AS name_ru, toString(p.name_kk) AS name_kk, toString(p.name_en) AS name_en
FROM public_cases AS p
WHERE p.shown_from >= toDate32(since)
    AND ({bin:String} = '' OR p.bin = {bin:String})
    AND ({region:String} = '' OR p.region = {region:String})
)
ORDER BY updated DESC, kind, source_id, parameter, unit, start, revision, id
LIMIT {rows:UInt32} OFFSET {before:UInt32}
"""


async def changes(
    database: Questions, page: int, *, bin_: str = "", region: str = ""
) -> tuple[list[Change], bool]:
    """Return a page of changes, the newest first, and whether there is a further one.

    Of the last 40 days of the data. A case that may not be named any more is not among them, and
    leaves no trace: a note that it was taken back would say whose it was. Raises DatabaseGoneError.
    """
    parameters: Mapping[str, Any] = {
        "bin": bin_,
        "region": region,
        "rows": PER_PAGE + 1,
        "before": (page - 1) * PER_PAGE,
    }
    found = await database.rows(Change, _CHANGES, parameters)
    if (await database.publication()).held:  # asked last: it goes before what was read
        found = [each for each in found if each.kind != "case"]
    return found[:PER_PAGE], len(found) > PER_PAGE and page < MOST_PAGES


async def enterprise_named(database: Questions, bin_: str) -> Owner | None:
    """Return the names of an enterprise that is no test stream, or None."""
    found = await database.rows(
        Owner,
        "SELECT name_ru, name_kk, name_en FROM enterprises_current "
        "WHERE bin = {bin:String} AND NOT test",
        {"bin": bin_},
    )
    return found[0] if found else None


async def region_named(database: Questions, code: str) -> Owner | None:
    """Return the names of a region, or None."""
    found = await database.rows(
        Owner,
        "SELECT name_ru, name_kk, name_en FROM regions WHERE code = {code:String}",
        {"code": code},
    )
    return found[0] if found else None
