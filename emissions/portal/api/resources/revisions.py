"""Revisions: what was published, and changed afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
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
    Region,
    Source,
    To,
    equal,
    moment,
    sources_of,
    starting,
)
from emissions.portal.api.resource import Filter, KeyColumn, Resource
from emissions.portal.rendering import PageView

_LATEST_CHANGE: Final = timedelta(days=40)
"""How long after its start a window or gap may change and still be listed: partitions are read."""
_USUAL_SPAN: Final = timedelta(days=30)


class Revision(msgspec.Struct, frozen=True):
    """A change of a mean or gap after it was first published."""

    changed_at: Annotated[datetime, Meta(description="Stream time of the change, UTC")]
    kind: Annotated[Literal["mean", "gap"], Meta(description="What was changed")]
    source_id: Annotated[str, Meta(description="Source")]
    parameter: Annotated[str, Meta(description="Parameter; empty: the whole source")]
    unit: Annotated[str, Meta(description="Unit of value; empty for a gap")]
    window: Annotated[str, Meta(description="Length of the mean; empty for a gap")]
    start: Annotated[datetime, Meta(description="Start of the window or gap, UTC")]
    end: Annotated[datetime | None, Meta(description="Its end, UTC; null: it lasts")]
    revision: Annotated[int, Meta(description="Number of the revision, from 2")]
    status: Annotated[str, Meta(description="Status after the change")]
    value: Annotated[float | None, Meta(description="Mean after the change; null: none")]


_CHANGES: Final = """(
    SELECT stream_time AS changed_at, 'mean' AS kind, toString(source_id) AS source_id,
        toString(parameter) AS parameter, toString(unit) AS unit, toString(window) AS window,
        start, toNullable(end) AS end, revision, toString(status) AS status, value
    FROM means
    WHERE revision > 1 AND start >= toDateTime64({changed_from:String}, 3, 'UTC')
    UNION ALL
    SELECT detected_at AS changed_at, 'gap' AS kind, toString(source_id) AS source_id,
        toString(parameter) AS parameter, '' AS unit, '' AS window,
        start, end, revision, toString(status) AS status, CAST(NULL AS Nullable(Float64)) AS value
    FROM gaps
    WHERE revision > 1 AND start >= toDateTime64({changed_from:String}, 3, 'UTC')
)"""

REVISIONS: Final = Resource(
    "revisions",
    Revision.__struct_fields__,
    _CHANGES,
    (
        KeyColumn("changed_at", "time"), KeyColumn("kind"), KeyColumn("source_id"),
        KeyColumn("parameter"), KeyColumn("unit"), KeyColumn("window"),
        KeyColumn("start", "time"), KeyColumn("revision", "number"),
    ),
)  # fmt: skip


@get(paths("revisions"), **documented("Changes", Revision))
async def revisions(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    from_: From = None,
    to: To = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the changes of means and gaps, the earliest first.

    Without `from` those of the last 30 days. Of what was changed more than once the last revision
    is always there, those before it for a while. Changes of windows that began more than 40 days
    before `from` are not listed.
    """
    begin = moment(from_) if from_ is not None else view.clock() - _USUAL_SPAN
    earliest = (begin - _LATEST_CHANGE).strftime("%Y-%m-%d 00:00:00")
    filters = [
        *equal("source_id", source),
        *sources_of(enterprise, region),
        *starting(from_ or begin.strftime("%Y-%m-%d"), to, "changed_at"),
        Filter("start >= toDateTime64({changed_from:String}, 3, 'UTC')",
               {"changed_from": earliest}),
        NO_TEST_SOURCES,
    ]  # fmt: skip
    return await answered(request, view.database, REVISIONS, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [revisions]
