"""A year of a source: its day means and the calendar of its days."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.rendering import PageView
from emissions.portal.source_address import MOST
from emissions.portal.source_answer import known_period, known_source, period_page


@get("/sources/{source_id:str}/years/{year:str}")
async def source_year(
    view: PageView,
    source_id: Annotated[str, Parameter(max_length=MOST)],
    year: Annotated[str, Parameter(max_length=10)],
) -> Response[str]:
    """Show a year of a source (YYYY, on its own clock)."""
    source = await known_source(view, source_id)
    return await period_page(view, source, known_period("years", year, source), None)


handlers: Final[list[HTTPRouteHandler]] = [source_year]
