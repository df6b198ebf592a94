"""What operators told after the fact, and how late."""

from __future__ import annotations

import asyncio
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.excuses import excuses
from emissions.portal.queries.places import regions
from emissions.portal.rendering import PageView

MOST: Final = 200
"""Rows on the page: an operator has up to three."""


@get("/excuses")
async def excuses_page(view: PageView) -> Response[str]:
    """Show notices and marks after the fact by operator, the most of them first."""
    found, names, newest = await asyncio.gather(
        excuses(view.database), regions(view.database), as_of(view.database)
    )
    return view.render(
        "excuses.html",
        excuses=found[:MOST],
        left=max(0, len(found) - MOST),
        notices=sum(each.notices for each in found),
        after=sum(each.after_the_fact for each in found),
        names=names,
        newest=newest,
    )


handlers: Final[list[HTTPRouteHandler]] = [excuses_page]
