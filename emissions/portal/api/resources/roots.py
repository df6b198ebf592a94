"""Roots: what proves that nothing was changed in the messages of a source and day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

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
    Revisions,
    Source,
    To,
    equal,
    sources_of,
    starting,
)
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView


class Root(msgspec.Struct, frozen=True):
    """The root of the tree over the accepted messages of a source and local day."""

    source_id: Annotated[str, Meta(description="Source")]
    bin: Annotated[str, Meta(description="БИН of the enterprise")]
    day: Annotated[date, Meta(description="Date on the clock of the source")]
    start: Annotated[datetime, Meta(description="Start of the day, UTC")]
    end: Annotated[datetime, Meta(description="End of the day, UTC")]
    topic: Annotated[str, Meta(description="Topic of the messages")]
    partition: Annotated[int, Meta(description="Partition of the messages")]
    first_offset: Annotated[int, Meta(description="Offset of the first message")]
    last_offset: Annotated[int, Meta(description="Offset of the last message")]
    count: Annotated[int, Meta(description="Messages of the day, the size of the tree")]
    root: Annotated[str, Meta(description="Root (RFC 6962, SHA-256), hexadecimal")]
    revision: Annotated[int, Meta(description="Counts the changes of this root, from 1")]
    final: Annotated[bool, Meta(description="true: the day can hardly change any more")]
    complete: Annotated[bool, Meta(description="false: messages are missing in the tree")]
    stream_time: Annotated[datetime, Meta(description="Stream time of this revision, UTC")]


_COLUMNS: Final = tuple(
    "toDate32(day) AS day" if name == "day" else name for name in Root.__struct_fields__
)
_KEY: Final = (KeyColumn("source_id"), KeyColumn("day", "date"))
ROOTS: Final = Resource("roots", _COLUMNS, "roots_current", _KEY)
ALL_ROOTS: Final = Resource(
    "roots",
    _COLUMNS,
    "(SELECT * FROM roots FINAL)",
    (*_KEY, KeyColumn("revision", "number")),
)


@get(paths("roots"), **documented("Evidence", Root))
async def roots(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    from_: From = None,
    to: To = None,
    revisions: Revisions = "last",
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the roots of days that start in an interval; `revisions=all`: each of them."""
    filters = [
        *equal("source_id", source),
        *equal("bin", enterprise),
        *sources_of(None, region),
        *starting(from_, to),
        NO_TEST_SOURCES,
    ]
    resource = ALL_ROOTS if revisions == "all" else ROOTS
    return await answered(request, view.database, resource, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [roots]
