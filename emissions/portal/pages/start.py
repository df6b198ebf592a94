"""The start page: the nation."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from emissions.portal.queries.nation import nation
from emissions.portal.rendering import PageView


@get("/")
async def start(view: PageView) -> Response[str]:
    """Show how many enterprises are obliged, and how many are watched."""
    return view.render("start.html", nation=await nation(view.database))


handlers: Final[list[HTTPRouteHandler]] = [start]
