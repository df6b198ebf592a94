"""Means: every window, and the latest of each."""

from __future__ import annotations

from datetime import date, datetime
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
    Window,
    WindowName,
    equal,
    sources_of,
    starting,
)
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView

Status = Literal["VALID", "INSUFFICIENT", "NOT_OPERATING"]


class Mean(msgspec.Struct, frozen=True):
    """The mean of one parameter of one source over one window."""

    source_id: Annotated[str, Meta(description="Source")]
    parameter: Annotated[str, Meta(description="Parameter, such as SO2")]
    unit: Annotated[
        str,
        Meta(description="Unit of the values and the limit: mg/m3 normalised, g/s, or its own"),
    ]
    window: Annotated[Window, Meta(description="Length of the window")]
    start: Annotated[datetime, Meta(description="Start of the window, UTC")]
    end: Annotated[datetime, Meta(description="End of the window, UTC")]
    timezone: Annotated[str, Meta(description="Clock of the source (IANA)")]
    day: Annotated[date, Meta(description="Date of the start on the clock of the source")]
    value: Annotated[
        float | None,
        Meta(description="Mean of the valid readings, weighted by their periods; null: none"),
    ]
    validated_value: Annotated[
        float | None,
        Meta(description="value less the confidence interval, not below 0; null: has none"),
    ]
    min: Annotated[float | None, Meta(description="Least valid reading")]
    max: Annotated[float | None, Meta(description="Greatest valid reading")]
    limit: Annotated[
        float | None, Meta(description="Limit in force at start; null: none in this unit")
    ]
    ratio: Annotated[float | None, Meta(description="value / limit")]
    status: Annotated[
        Status,
        Meta(description="INSUFFICIENT: too little is valid; NOT_OPERATING: nothing was due"),
    ]
    count: Annotated[int, Meta(description="Accepted readings that carry the parameter")]
    valid_s: Annotated[int, Meta(description="Seconds covered by valid readings")]
    due_s: Annotated[int, Meta(description="Seconds for which data were due")]
    excused_s: Annotated[int, Meta(description="Seconds excused by state or registry")]
    seconds_by_code: Annotated[
        dict[str, int],
        Meta(description="Quality code to the seconds that it covers; in CSV a JSON text"),
    ]
    rule_set: Annotated[str, Meta(description="Version of the rule set")]
    revision: Annotated[int, Meta(description="1, and 1 more for each change")]
    final: Annotated[bool, Meta(description="true: no data can change it any more")]
    stream_time: Annotated[datetime, Meta(description="When this revision was computed, UTC")]


_CLOCKS: Final = (
    "(SELECT m.*, ifNull(nullIf(s.timezone, ''), 'Asia/Almaty') AS timezone, "
    "toDate32(formatDateTime(m.start, '%F %T', timezone)) AS day FROM means AS m "
    "LEFT JOIN (SELECT source_id, toString(timezone) AS timezone FROM registry_current) AS s "
    "ON s.source_id = m.source_id)"
)
_COLUMNS: Final = (
    "source_id", "parameter", "unit", "window", "start", "end", "timezone", "day", "value",
    "validated_value", "min", "max", "limit", "if(limit > 0, value / limit, NULL) AS ratio",
    "status", "count", "valid_s", "due_s", "excused_s", "seconds_by_code", "rule_set", "revision",
    "final", "stream_time",
)  # fmt: skip
_KEY: Final = (
    KeyColumn("window"), KeyColumn("unit"), KeyColumn("source_id"), KeyColumn("parameter"),
    KeyColumn("start", "time"),
)  # fmt: skip
LISTS: Final = frozenset(("seconds_by_code",))

MEANS: Final = Resource("means", _COLUMNS, "means_current", _KEY, LISTS)
ALL_MEANS: Final = Resource(
    "means", _COLUMNS, _CLOCKS, (*_KEY, KeyColumn("revision", "number")), LISTS
)


@get(paths("means"), **documented("Means", Mean))
async def means(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    parameter: Pollutant = None,
    window: WindowName = None,
    from_: From = None,
    to: To = None,
    revisions: Revisions = "last",
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the means of windows that start in an interval.

    Ordered by window, unit, source, parameter and start. Of means that were revised the earlier
    revisions are kept for a while only: `revisions=all` gives those that are.
    """
    filters = [
        *equal("window", window),
        *equal("source_id", source),
        *equal("parameter", parameter),
        *sources_of(enterprise, region),
        *starting(from_, to),
        NO_TEST_SOURCES,
    ]
    resource = ALL_MEANS if revisions == "all" else MEANS
    return await answered(request, view.database, resource, filters, limit=limit, cursor=cursor)


class LatestMean(msgspec.Struct, frozen=True):
    """The latest mean of a source, parameter, unit and window, beside its limit."""

    source_id: Annotated[str, Meta(description="Source")]
    bin: Annotated[str, Meta(description="БИН of the enterprise; empty: not registered now")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ; empty: not registered now")]
    parameter: Annotated[str, Meta(description="Parameter, such as SO2")]
    unit: Annotated[str, Meta(description="Unit of value and limit")]
    window: Annotated[Window, Meta(description="Length of the window")]
    start: Annotated[datetime, Meta(description="Start of the window, UTC")]
    timezone: Annotated[str, Meta(description="Clock of the source (IANA)")]
    day: Annotated[date, Meta(description="Date of the start on the clock of the source")]
    value: Annotated[float | None, Meta(description="Mean of the valid readings; null: none")]
    limit: Annotated[
        float | None, Meta(description="Limit in force at start; null: none in this unit")
    ]
    ratio: Annotated[float | None, Meta(description="value / limit; null: one is missing")]
    status: Annotated[
        Status,
        Meta(description="INSUFFICIENT: too little is valid; NOT_OPERATING: nothing was due"),
    ]


LATEST_MEANS: Final = Resource(
    "latest-means",
    (
        "source_id", "bin", "region", "parameter", "unit", "window", "start", "timezone", "day",
        "value", "limit", "if(limit > 0, value / limit, NULL) AS ratio", "status",
    ),
    "latest_means",
    (KeyColumn("source_id"), KeyColumn("parameter"), KeyColumn("unit"), KeyColumn("window")),
)  # fmt: skip


@get(paths("latest-means"), **documented("Means", LatestMean))
async def latest_means(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    parameter: Pollutant = None,
    window: WindowName = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the latest mean of each source, parameter, unit and window beside its limit."""
    filters = [
        *equal("window", window),
        *equal("source_id", source),
        *equal("parameter", parameter),
        *equal("bin", enterprise),
        *equal("region", region),
        NO_TEST_SOURCES,
    ]
    return await answered(request, view.database, LATEST_MEANS, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [means, latest_means]
