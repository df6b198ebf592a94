"""Availability: how much of its time a source transmitted, and how much was valid."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import Meta

from emissions.portal.api.answer import ApiRequest, answered, paths
from emissions.portal.api.document import documented
from emissions.portal.api.filters import (
    MONTH_PATTERN,
    NO_TEST_SOURCES,
    USUAL_ROWS,
    Bin,
    Cursor,
    Limit,
    Region,
    Source,
    equal,
    sources_of,
)
from emissions.portal.api.resource import Filter, KeyColumn, Resource
from emissions.portal.rendering import PageView

Month = Annotated[
    str | None,
    QueryParameter(
        name="month",
        pattern=MONTH_PATTERN,
        description="Month, such as 2026-05",
    ),
]


class Availability(msgspec.Struct, frozen=True):
    """How much of a month a source transmitted, and how much of the due time was valid."""

    source_id: Annotated[str, Meta(description="Source")]
    month: Annotated[date, Meta(description="First day of the month, calendar of Almaty")]
    observed_s: Annotated[
        float | None, Meta(description="Seconds of the month in which the source was watched")
    ]
    silent_s: Annotated[float, Meta(description="Of them seconds in gaps of the whole source")]
    transmitted_share: Annotated[
        float | None, Meta(description="1 - silent_s / observed_s, from 0 to 1")
    ]
    valid_share: Annotated[
        float | None,
        Meta(description="Valid / due seconds of the 1-hour means of pollutants; null: none due"),
    ]


AVAILABILITY: Final = Resource(
    "availability",
    ("source_id", "month", "observed_s", "silent_s", "transmitted_share", "valid_share"),
    "public_availability",
    (KeyColumn("source_id"), KeyColumn("month", "date")),
)


@get(paths("availability"), **documented("Availability", Availability))
async def availability(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    month: Month = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the shares of transmission of each source and month."""
    filters = [
        *equal("source_id", source),
        *sources_of(enterprise, region),
        NO_TEST_SOURCES,
    ]
    if month is not None:
        filters.append(Filter("month = toDate({in_month:String})", {"in_month": f"{month}-01"}))
    return await answered(request, view.database, AVAILABILITY, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [availability]
