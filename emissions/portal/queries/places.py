"""Sources with their enterprises and regions, without test streams."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from emissions.portal.database import Questions


class Region(msgspec.Struct, frozen=True):
    """A region or city of republican significance, ISO 3166-2:KZ."""

    code: str
    name_ru: str
    name_kk: str
    name_en: str


class Place(msgspec.Struct, frozen=True):
    """A source and whose it is; names are those of the enterprise."""

    source_id: str
    source_name: str
    bin: str
    region: str
    timezone: str
    name_ru: str
    name_kk: str
    name_en: str


async def regions(database: Questions) -> Mapping[str, Region]:
    """Return all regions by their codes, in the order of these. Raises DatabaseGoneError."""
    rows = await database.rows(
        Region, "SELECT code, name_ru, name_kk, name_en FROM regions ORDER BY code"
    )
    return {each.code: each for each in rows}


async def places(database: Questions) -> list[Place]:
    """Return every registered source of every enterprise. Raises DatabaseGoneError."""
    return await database.rows(
        Place,
        """
        SELECT
            source.source_id AS source_id,
            source.name AS source_name,
            source.bin AS bin,
            owner.region AS region,
            source.timezone AS timezone,
            owner.name_ru AS name_ru,
            owner.name_kk AS name_kk,
            owner.name_en AS name_en
        FROM (SELECT source_id, name, bin, timezone FROM registry_current) AS source
        INNER JOIN
        (
            SELECT bin, region, name_ru, name_kk, name_en FROM enterprises_current WHERE NOT test
        ) AS owner ON owner.bin = source.bin
        ORDER BY source_id
        """,
    )
