"""The start page: the nation today."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final, Literal

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from emissions.portal.figures import RegionFigures, region_figures
from emissions.portal.queries.cases import case_counts
from emissions.portal.queries.nation import duties, nation
from emissions.portal.queries.places import regions
from emissions.portal.region_map import Drawn, number_step, region_map, share_step
from emissions.portal.rendering import PageView, View, count, name_of, share
from emissions.portal.transmission import shares
from emissions.portal.watching import lately

Shown = Literal["transmission", "exceedances"]

_MOST_SILENT: Final = 12


@get("/")
async def start(view: PageView, map_of: FromQuery[Shown] = "transmission") -> Response[str]:
    """Show who is obliged, who transmits today, where means are above the limit, who is silent."""
    counted, names, firms, now, cases = await asyncio.gather(
        nation(view.database),
        regions(view.database),
        duties(view.database),
        lately(view.database),
        case_counts(view.database),
    )
    held = (await view.database.publication()).held  # asked last: it goes before what was read
    found = region_figures(
        names,
        firms,
        now.sources if now else (),
        now.too_high if now else (),
        now.places if now else (),
    )
    silent = [each for each in now.sources if each.silent_now] if now else []
    answer = view.render(
        "start.html",
        nation=counted,
        lately=now,
        shares=shares(now.sources) if now else None,
        too_high=sum(each.number for each in now.too_high) if now else None,
        regions=found,
        shown=map_of,
        map=region_map(drawn(view, found, map_of), view.text(f"start.map_{map_of}")),
        silent=silent[:_MOST_SILENT],
        silent_left=max(0, len(silent) - _MOST_SILENT),
        cases=sum(each.cases for each in cases),
        named=sum(each.named for each in cases),
        held=held,
    )
    answer.headers["cache-control"] = "no-cache"
    return answer


def drawn(view: View, found: Iterable[RegionFigures], shown: Shown) -> list[Drawn]:
    """Return the regions as they are drawn: the figure shown and the words beside it."""
    made = []
    for each in found:
        known = each.shares.sources > 0
        if shown == "transmission":
            step = share_step(each.shares.transmitted)
            figure = share(each.shares.transmitted, view.language) if known else ""
        else:
            step = number_step(each.too_high) if known else None
            figure = count(each.too_high, view.language) if known else ""
        told = figure or view.text("nation.no_data")
        made.append(
            Drawn(
                each.region.code,
                f"/{view.language}/regions/{each.region.code}",
                f"{name_of(each.region, view.language)}: {told}",
                step,
            )
        )
    return made


handlers: Final[list[HTTPRouteHandler]] = [start]
