"""The regions: all of them in a table, and each with its enterprises."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.figures import by_name, enterprise_figures, region_figures
from emissions.portal.queries.exceedances import exceedances
from emissions.portal.queries.nation import duties
from emissions.portal.queries.places import regions
from emissions.portal.rendering import PageView
from emissions.portal.transmission import shares
from emissions.portal.watching import lately

DAYS: Final = 30
"""Days back for which means above the limit are counted."""


@get("/regions")
async def all_regions(view: PageView) -> Response[str]:
    """Show every region with its duties, its transmission today and its means above the limit."""
    names, firms, now = await asyncio.gather(
        regions(view.database), duties(view.database), lately(view.database)
    )
    found = region_figures(
        names,
        firms,
        now.sources if now else (),
        now.too_high if now else (),
        now.places if now else (),
    )
    return view.render("regions.html", regions=found, lately=now)


@get("/regions/{code:str}")
async def one_region(
    view: PageView, code: Annotated[str, Parameter(max_length=10)]
) -> Response[str]:
    """Show a region with its enterprises and who of them is silent."""
    names = await regions(view.database)
    region = names.get(code)
    if region is None:
        raise NotFoundException
    firms, now = await asyncio.gather(duties(view.database), lately(view.database))
    here = [each for each in firms if each.region == code]
    places = [each for each in now.places if each.region == code] if now else []
    sources = [each for each in now.sources if each.place.region == code] if now else []
    above = (
        await exceedances(
            view.database,
            now.newest - timedelta(days=DAYS),
            now.newest,
            [each.source_id for each in places],
        )
        if now and places
        else []
    )
    return view.render(
        "region.html",
        region=region,
        lately=now,
        figures=region_figures({code: region}, here, sources, above, places)[0],
        enterprises=by_name(view.language, enterprise_figures(here, places, sources, above)),
        shares=shares(sources),
        silent=[each for each in sources if each.silent_now],
        days=DAYS,
    )


handlers: Final[list[HTTPRouteHandler]] = [all_regions, one_region]
