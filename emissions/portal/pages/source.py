"""The page of a source: what it emits now."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.rendering import PageView
from emissions.portal.source_address import MOST
from emissions.portal.source_answer import known_source, latest_page


@get("/sources/{source_id:str}")
async def source_now(
    view: PageView, source_id: Annotated[str, Parameter(max_length=MOST)]
) -> Response[str]:
    """Show what a source emits now, whether it is silent, and where it stands."""
    return await latest_page(view, await known_source(view, source_id))


handlers: Final[list[HTTPRouteHandler]] = [source_now]
