"""League tables of transmission: regions and enterprises of a month."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.figures import (
    by_transmission,
    enterprise_figures,
    region_figures,
    regions_by_transmission,
)
from emissions.portal.periods import local_date, month_period, months_until, parsed_month
from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.nation import duties
from emissions.portal.queries.places import places, regions
from emissions.portal.queries.transmission import first_data
from emissions.portal.rendering import PageView
from emissions.portal.transmission import shares
from emissions.portal.watching import watched

MOST: Final = 100
"""Enterprises in the table; the list of enterprises has all of them."""
_MOST_MONTHS: Final = 13


@get("/transmission")
async def transmission(
    view: PageView, month: Annotated[str, Parameter(max_length=7)] = ""
) -> Response[str]:
    """Show regions and enterprises by what they transmitted in a month, the least first."""
    newest, firsts = await asyncio.gather(as_of(view.database), first_data(view.database))
    if newest is None:
        if month:
            raise NotFoundException
        return view.render("transmission.html", newest=None, month=None, months=[], nation=None)
    latest = local_date(newest)
    asked: date | None = parsed_month(month, latest) if month else latest.replace(day=1)
    if asked is None:
        raise NotFoundException
    names, firms, sources, found = await asyncio.gather(
        regions(view.database),
        duties(view.database),
        places(view.database),
        watched(view.database, [month_period(asked)], newest),
    )
    known = [local_date(each.first) for each in firsts]
    earliest = min(known, default=latest).replace(day=1)
    ranked = [
        each
        for each in by_transmission(enterprise_figures(firms, sources, found))
        if each.shares.sources
    ]
    return view.render(
        "transmission.html",
        newest=newest,
        month=asked,
        months=[
            each.begins
            for each in reversed(months_until(latest, _MOST_MONTHS))
            if each.begins >= earliest
        ],
        nation=shares(found),
        regions=[
            each
            for each in regions_by_transmission(region_figures(names, firms, found))
            if each.shares.sources
        ],
        enterprises=ranked[:MOST],
        left=max(0, len(ranked) - MOST),
        names=names,
    )


handlers: Final[list[HTTPRouteHandler]] = [transmission]
