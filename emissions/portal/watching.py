"""Asks for what transmission is computed from, and computes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from emissions.portal.database import Questions
from emissions.portal.periods import Period, local_date
from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.exceedances import Exceedances, exceedances
from emissions.portal.queries.places import Place, places
from emissions.portal.queries.transmission import first_data, silences, valid_time
from emissions.portal.transmission import SourceShare, source_shares


async def watched(
    database: Questions,
    periods: Sequence[Period],
    newest: datetime,
    among: Sequence[Place] | None = None,
) -> list[SourceShare]:
    """Return the transmission of sources in periods; ``among`` None: of the nation.

    Raises DatabaseGoneError.
    """
    if among is not None and not among:
        return []
    asked = [each.source_id for each in among or ()]
    found, gaps, firsts, valid = await asyncio.gather(
        _places(database, among),
        silences(database, asked, since=periods[0].start),
        first_data(database),
        valid_time(database, periods, asked),
    )
    return source_shares(found, periods, gaps, firsts, valid, newest)


async def _places(database: Questions, among: Sequence[Place] | None) -> Sequence[Place]:
    return await places(database) if among is None else among


@dataclass(frozen=True)
class Lately:
    """The 24 hours up to the newest data."""

    newest: datetime
    places: Sequence[Place]
    sources: Sequence[SourceShare]
    too_high: Sequence[Exceedances]


async def lately(database: Questions) -> Lately | None:
    """Return the transmission and the means above the limit of 24 hours; None: no data.

    Not of the calendar day: at its beginning nothing would be known. Raises DatabaseGoneError.
    """
    newest = await as_of(database)
    if newest is None:
        return None
    since = newest - timedelta(days=1)
    found, sources, too_high = await asyncio.gather(
        places(database),
        watched(database, [Period(local_date(since), since, newest)], newest),
        exceedances(database, since, newest),
    )
    known = {each.source_id for each in found}
    return Lately(newest, found, sources, [each for each in too_high if each.source_id in known])
