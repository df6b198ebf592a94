"""Compliance of the nation: who must have a system, who has none, whose duty is deferred."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from emissions.portal.figures import region_figures
from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.nation import duties, nation
from emissions.portal.queries.places import regions
from emissions.portal.rendering import PageView


@get("/compliance")
async def compliance(view: PageView) -> Response[str]:
    """Show the duty by region, then each enterprise without a system, link or road map."""
    counted, firms, names, newest = await asyncio.gather(
        nation(view.database), duties(view.database), regions(view.database), as_of(view.database)
    )
    obliged = [each for each in firms if each.obliged]
    return view.render(
        "compliance.html",
        nation=counted,
        regions=[each for each in region_figures(names, firms) if each.obliged],
        names=names,
        without=[each for each in obliged if each.state == "none"],
        unlinked=[each for each in obliged if each.state == "installed"],
        deferred=sorted(
            (each for each in obliged if each.state == "roadmap"),
            key=lambda each: (each.roadmap_until or date.max, each.bin),
        ),
        newest=newest,
    )


handlers: Final[list[HTTPRouteHandler]] = [compliance]
