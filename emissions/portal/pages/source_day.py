"""A day of a source: charts, gaps, why values were left out, and what was revised."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.rendering import PageView
from emissions.portal.source_address import MOST
from emissions.portal.source_answer import known_period, known_source, period_page


@get("/sources/{source_id:str}/days/{day:str}")
async def source_day(
    view: PageView,
    source_id: Annotated[str, Parameter(max_length=MOST)],
    day: Annotated[str, Parameter(max_length=10)],
    window: Annotated[str | None, Parameter(max_length=10)] = None,
) -> Response[str]:
    """Show a day of a source (YYYY-MM-DD, on its own clock)."""
    source = await known_source(view, source_id)
    return await period_page(view, source, known_period("days", day, source), window)


handlers: Final[list[HTTPRouteHandler]] = [source_day]
