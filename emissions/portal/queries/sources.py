"""A source as registered: whose it is, where it stands, and from when data are there."""

from __future__ import annotations

from datetime import datetime

import msgspec

from emissions.portal.database import Questions


class Source(msgspec.Struct, frozen=True):
    """A source with its enterprise; ``bin`` is empty where it is not registered any more.

    ``document`` is the source as registered, JSON; ``timezone`` an IANA name.
    """

    source_id: str
    bin: str
    name: str
    timezone: str
    cadence_s: int
    document: str
    enterprise_ru: str
    enterprise_kk: str
    enterprise_en: str
    region: str
    region_name_ru: str
    region_name_kk: str
    region_name_en: str
    test: bool


class SourceTimes(msgspec.Struct, frozen=True):
    """Start of the first and of the last mean of a source, and its newest stream time, UTC."""

    means: int
    first: datetime
    last: datetime
    newest: datetime


async def find_source(database: Questions, source_id: str) -> Source | None:
    """Find a source that is registered; None for an unknown one and for a test stream.

    Raises DatabaseGoneError.
    """
    rows = await database.rows(
        Source,
        """
        SELECT
            source.source_id AS source_id,
            source.bin AS bin,
            source.name AS name,
            source.timezone AS timezone,
            source.cadence_s AS cadence_s,
            source.document AS document,
            owner.name_ru AS enterprise_ru,
            owner.name_kk AS enterprise_kk,
            owner.name_en AS enterprise_en,
            owner.region AS region,
            owner.region_name_ru AS region_name_ru,
            owner.region_name_kk AS region_name_kk,
            owner.region_name_en AS region_name_en,
            owner.test AS test
        FROM registry_current AS source
        INNER JOIN enterprises_current AS owner ON owner.bin = source.bin
        WHERE source.source_id = {source:String}
        """,
        {"source": source_id},
    )
    return rows[0] if rows and not rows[0].test else None


async def times_of(database: Questions, source_id: str) -> SourceTimes | None:
    """Return from when to when means are there; None: there is none. Raises DatabaseGoneError."""
    rows = await database.rows(
        SourceTimes,
        """
        SELECT count() AS means, min(start) AS first, max(start) AS last, max(stream_time) AS newest
        FROM means
        WHERE source_id = {source:String}
        """,
        {"source": source_id},
    )
    return rows[0] if rows and rows[0].means else None
