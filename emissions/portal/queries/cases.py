"""Cases as the rule of publication lets the public see them: named ones, and counts of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from emissions.portal.database import Questions


class PublishedCase(msgspec.Struct, frozen=True):
    """A case whose term of appeal is over, or whose decision is in force; moments UTC.

    ``source_id`` is empty where it is about the enterprise as a whole, ``end`` None where it lasts,
    ``sanction_kzt`` whole tenge.
    """

    id: str
    state: str
    act: str
    article: str
    part: str
    bin: str
    source_id: str
    start: datetime
    end: datetime | None
    violations: int
    excess_mass_t: Mapping[str, float | None]
    sanction_on: date | None
    sanction_kzt: int | None
    reason: str
    shown_from: date


class CaseCount(msgspec.Struct, frozen=True):
    """Cases that were not withdrawn, of a region; its code is empty for several small ones."""

    region: str
    cases: int
    named: int


async def published_cases(database: Questions, bin_: str, most: int = 50) -> list[PublishedCase]:
    """Return the published cases of an enterprise, the newest first. Raises DatabaseGoneError."""
    return await database.rows(
        PublishedCase,
        """
        SELECT
            toString(id) AS id, state, act, article, part, bin, source_id, start, end,
            length(violations) AS violations, excess_mass_t, sanction_on, sanction_kzt, reason,
            shown_from
        FROM public_cases
        WHERE bin = {bin:String}
        ORDER BY start DESC, id
        LIMIT {most:UInt32}
        """,
        {"bin": bin_, "most": most},
    )


async def case_counts(database: Questions) -> list[CaseCount]:
    """Count the cases of each region without names. Raises DatabaseGoneError."""
    return await database.rows(
        CaseCount,
        """
        SELECT region, sum(c.cases) AS cases, sum(c.named) AS named
        FROM public_case_counts AS c
        WHERE state != 'WITHDRAWN'
        GROUP BY region
        ORDER BY region
        """,
    )
