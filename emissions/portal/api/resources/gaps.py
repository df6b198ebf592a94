"""Gaps: the silence of sources and channels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from emissions.portal.api.answer import ApiRequest, answered, paths
from emissions.portal.api.document import documented
from emissions.portal.api.filters import (
    NO_TEST_SOURCES,
    USUAL_ROWS,
    Bin,
    Cursor,
    From,
    Limit,
    Pollutant,
    Region,
    Revisions,
    Source,
    To,
    equal,
    overlapping,
    sources_of,
)
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView


class Gap(msgspec.Struct, frozen=True):
    """A silence of a source, or of one of its channels."""

    id: Annotated[str, Meta(description="UUIDv5 of source, parameter and start")]
    source_id: Annotated[str, Meta(description="Source")]
    parameter: Annotated[str, Meta(description="Silent channel; empty: the whole source")]
    start: Annotated[datetime, Meta(description="Start of the silence, UTC")]
    end: Annotated[datetime | None, Meta(description="End of the silence, UTC; null: it lasts")]
    silent_s: Annotated[int | None, Meta(description="Seconds from start to end; null: it lasts")]
    status: Annotated[
        Literal["OPEN", "CLOSED", "WITHDRAWN"],
        Meta(description="WITHDRAWN: late data show that there was no such gap"),
    ]
    revision: Annotated[int, Meta(description="Counts the published changes, from 1")]
    detected_at: Annotated[datetime, Meta(description="Stream time of this revision, UTC")]


_COLUMNS: Final = (
    "toString(id) AS id", "source_id", "parameter", "start", "end",
    "dateDiff('second', start, end) AS silent_s", "status", "revision", "detected_at",
)  # fmt: skip
_KEY: Final = (KeyColumn("source_id"), KeyColumn("parameter"), KeyColumn("start", "time"))

GAPS: Final = Resource("gaps", _COLUMNS, "gaps_current", _KEY)
ALL_GAPS: Final = Resource("gaps", _COLUMNS, "gaps", (*_KEY, KeyColumn("revision", "number")))


@get(paths("gaps"), **documented("Gaps", Gap))
async def gaps(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    parameter: Pollutant = None,
    from_: From = None,
    to: To = None,
    revisions: Revisions = "last",
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the gaps that touch an interval, those that last among them.

    Ordered by source, parameter and start. `revisions=all` gives the revisions that are still kept,
    withdrawn gaps among them.
    """
    filters = [
        *equal("source_id", source),
        *equal("parameter", parameter),
        *sources_of(enterprise, region),
        *overlapping(from_, to),
        NO_TEST_SOURCES,
    ]
    resource = ALL_GAPS if revisions == "all" else GAPS
    return await answered(request, view.database, resource, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [gaps]
