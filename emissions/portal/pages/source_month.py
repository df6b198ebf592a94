"""A month of a source: its day means, gaps and what was revised."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.rendering import PageView
from emissions.portal.source_address import MOST
from emissions.portal.source_answer import known_period, known_source, period_page


@get("/sources/{source_id:str}/months/{month:str}")
async def source_month(
    view: PageView,
    source_id: Annotated[str, Parameter(max_length=MOST)],
    month: Annotated[str, Parameter(max_length=10)],
) -> Response[str]:
    """Show a month of a source (YYYY-MM, on its own clock)."""
    source = await known_source(view, source_id)
    return await period_page(view, source, known_period("months", month, source), None)


handlers: Final[list[HTTPRouteHandler]] = [source_month]
