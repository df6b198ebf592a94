"""An enterprise: who it is, what its sources emit, their mass, their silences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from emissions.portal.database import Questions


class Enterprise(msgspec.Struct, frozen=True):
    """An enterprise as last registered; dates are in Almaty, ``registered_at`` UTC."""

    bin: str
    name_ru: str
    name_kk: str
    name_en: str
    region: str
    region_name_ru: str
    region_name_kk: str
    region_name_en: str
    category: int
    business_size: str
    commissioned_on: date
    installed_on: date | None
    connected_on: date | None
    roadmap_until: date | None
    roadmap_reference: str
    registered_at: datetime | None


class LatestMean(msgspec.Struct, frozen=True):
    """The latest mean of a pollutant of a source in mg/m3, of 30 minutes or a day.

    ``day`` is its date on the clock of the source, ``start`` UTC.
    """

    source_id: str
    parameter: str
    name_ru: str
    name_kk: str
    name_en: str
    unit: str
    window: str
    start: datetime
    day: date
    value: float | None
    limit: float | None
    ratio: float | None
    status: str


class YearMass(msgspec.Struct, frozen=True):
    """The mass of a pollutant of a source in a calendar year, t; ``limit`` in t/a.

    ``share`` is mass / limit, ``reached_on`` when the limit is reached at the rate so far.
    """

    source_id: str
    parameter: str
    name_ru: str
    name_kk: str
    name_en: str
    year: int
    observed_from: datetime
    observed_until: datetime
    mass_t: float | None
    limit: float | None
    share: float | None
    reached_on: date | None


async def enterprise(database: Questions, bin_: str) -> Enterprise | None:
    """Return an enterprise by its БИН; None: there is none, or it is a test stream.

    Raises DatabaseGoneError.
    """
    rows = await database.rows(
        Enterprise,
        """
        SELECT
            bin, name_ru, name_kk, name_en, region, region_name_ru, region_name_kk, region_name_en,
            category, business_size, commissioned_on, installed_on, connected_on, roadmap_until,
            roadmap_reference, registered_at
        FROM enterprises_current
        WHERE bin = {bin:String} AND NOT test
        """,
        {"bin": bin_},
    )
    return rows[0] if rows else None


async def latest_means(database: Questions, bin_: str) -> list[LatestMean]:
    """Return the latest means of the pollutants of an enterprise. Raises DatabaseGoneError."""
    return await database.rows(
        LatestMean,
        """
        SELECT
            m.source_id AS source_id,
            m.parameter AS parameter,
            joinGet('parameters', 'name_ru', toString(m.parameter)) AS name_ru,
            joinGet('parameters', 'name_kk', toString(m.parameter)) AS name_kk,
            joinGet('parameters', 'name_en', toString(m.parameter)) AS name_en,
            m.unit AS unit,
            m.window AS window,
            m.start AS start,
            m.day AS day,
            m.value AS value,
            m.limit AS limit,
            m.ratio AS ratio,
            m.status AS status
        FROM
        (
            SELECT source_id, parameter, unit, window, start, day, value, limit, ratio, status
            FROM latest_means
            WHERE bin = {bin:String} AND unit = 'mg/m3' AND window IN ('30min', 'day')
                AND parameter NOT IN ('O2', 'H2O', 'TEMPERATURE', 'PRESSURE', 'VELOCITY', 'FLOW')
        ) AS m
        ORDER BY source_id, parameter, window
        """,
        {"bin": bin_},
    )


async def year_masses(database: Questions, sources: Sequence[str], year: int) -> list[YearMass]:
    """Return what sources emitted in a year, the nearest to its limit first.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        YearMass,
        """
        SELECT
            m.source_id AS source_id,
            m.parameter AS parameter,
            joinGet('parameters', 'name_ru', toString(m.parameter)) AS name_ru,
            joinGet('parameters', 'name_kk', toString(m.parameter)) AS name_kk,
            joinGet('parameters', 'name_en', toString(m.parameter)) AS name_en,
            m.year AS year,
            m.observed_from AS observed_from,
            m.observed_until AS observed_until,
            m.mass_t AS mass_t,
            m.limit AS limit,
            m.share AS share,
            m.reached_on AS reached_on
        FROM
        (
            SELECT
                source_id, parameter, year, observed_from, observed_until, mass_t, limit, share,
                reached_on
            FROM public_year_mass
            WHERE source_id IN {sources:Array(String)} AND year = {year:UInt16}
        ) AS m
        ORDER BY share DESC NULLS LAST, source_id, parameter
        """,
        {"sources": list(sources), "year": year},
    )
