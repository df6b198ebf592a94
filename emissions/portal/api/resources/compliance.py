"""Compliance with the duty of automatic monitoring: the nation's, and that of one enterprise."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter
from msgspec import Meta

from emissions.portal.api.answer import CACHE_CONTROL, ApiRequest, answered, paths
from emissions.portal.api.document import documented
from emissions.portal.api.filters import BIN_PATTERN, USUAL_ROWS, Bin, Cursor, Limit, Region, equal
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView

State = Literal["NOT_OBLIGED", "CONNECTED", "NOT_CONNECTED", "ON_ROADMAP", "NO_SYSTEM"]


class Compliance(msgspec.Struct, frozen=True):
    """Duty and state of automatic monitoring of an enterprise."""

    bin: Annotated[str, Meta(description="БИН")]
    name_ru: Annotated[str, Meta(description="Name in Russian; empty: not given")]
    name_kk: Annotated[str, Meta(description="Name in Kazakh; empty: not given")]
    name_en: Annotated[str, Meta(description="Name in English; empty: not given")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    state: Annotated[
        State,
        Meta(
            description="NOT_OBLIGED: no duty; CONNECTED: the system sends to the state; "
            "NOT_CONNECTED: a system that does not; ON_ROADMAP: none, and the duty is deferred; "
            "NO_SYSTEM: none"
        ),
    ]
    obliged: Annotated[
        bool, Meta(description="Category I and a source that meets a criterion (Order 208)")
    ]
    installed: Annotated[bool, Meta(description="Has a monitoring system")]
    connected: Annotated[bool, Meta(description="Its system sends to the state")]
    on_roadmap: Annotated[bool, Meta(description="Has none, and a road map defers the duty")]
    roadmap_until: Annotated[
        datetime | None, Meta(description="End of the road map, UTC; null: none")
    ]


_DUTIES: Final = (
    "(SELECT bin, name_ru, name_kk, name_en, region, toBool(obliged) AS obliged, "
    "toBool(installed) AS installed, toBool(connected) AS connected, "
    "toBool(on_roadmap) AS on_roadmap, roadmap_until, "
    "multiIf(NOT obliged, 'NOT_OBLIGED', connected, 'CONNECTED', installed, 'NOT_CONNECTED', "
    "on_roadmap, 'ON_ROADMAP', 'NO_SYSTEM') AS state FROM compliance)"
)
COMPLIANCE: Final = Resource(
    "compliance",
    (
        "bin", "name_ru", "name_kk", "name_en", "region", "state", "obliged", "installed",
        "connected", "on_roadmap", "roadmap_until",
    ),
    _DUTIES,
    (KeyColumn("bin"),),
)  # fmt: skip


@get(paths("compliance"), **documented("Compliance", Compliance))
async def compliance(
    request: ApiRequest,
    view: PageView,
    enterprise: Bin = None,
    region: Region = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give duty and state of automatic monitoring, a row an enterprise."""
    filters = [*equal("bin", enterprise), *equal("region", region)]
    return await answered(request, view.database, COMPLIANCE, filters, limit=limit, cursor=cursor)


class SourceStatus(msgspec.Struct, frozen=True):
    """How a source transmits now."""

    source_id: Annotated[str, Meta(description="Source")]
    last_window_end: Annotated[
        datetime | None, Meta(description="End of its latest mean, UTC; null: none was computed")
    ]
    silent_since: Annotated[
        datetime | None, Meta(description="Start of the gap that lasts, UTC; null: it sends")
    ]
    transmitted_share: Annotated[
        float | None, Meta(description="Of its latest month that was watched, from 0 to 1")
    ]
    valid_share: Annotated[
        float | None, Meta(description="Valid / due seconds of that month, from 0 to 1")
    ]
    above_limit: Annotated[
        list[str],
        Meta(description="Parameters whose latest day mean in mg/m3 is valid and above the limit"),
    ]


class EnterpriseStatus(msgspec.Struct, frozen=True):
    """Compliance of one enterprise, for programs that depend on it."""

    enterprise: Annotated[Compliance, Meta(description="Duty and state of automatic monitoring")]
    sources: Annotated[list[SourceStatus], Meta(description="Its sources, by name")]


Named = Annotated[str, PathParameter(pattern=BIN_PATTERN, description="БИН")]

_SOURCES: Final = """
SELECT
    s.source_id AS source_id,
    m.last_window_end AS last_window_end,
    g.silent_since AS silent_since,
    a.transmitted_share AS transmitted_share,
    a.valid_share AS valid_share,
    m.above_limit AS above_limit
FROM (SELECT source_id FROM source_places WHERE bin = {bin:String}) AS s
LEFT JOIN
(
    SELECT
        source_id,
        toNullable(max(start + multiIf(window = '20min', 1200, window = '30min', 1800,
            window = '1h', 3600, 86400))) AS last_window_end,
        arraySort(groupUniqArrayIf(toString(parameter),
            window = 'day' AND unit = 'mg/m3' AND status = 'VALID'
            AND ifNull(value > limit, false))) AS above_limit
    FROM latest_means
    WHERE bin = {bin:String}
    GROUP BY source_id
) AS m ON m.source_id = s.source_id
LEFT JOIN
(
    SELECT source_id, toNullable(max(start)) AS silent_since
    FROM gaps_current
    WHERE parameter = '' AND end IS NULL
    GROUP BY source_id
) AS g ON g.source_id = s.source_id
LEFT JOIN
(
    SELECT
        source_id,
        argMax(tuple(transmitted_share), month).1 AS transmitted_share,
        argMax(tuple(valid_share), month).1 AS valid_share
    FROM public_availability
    GROUP BY source_id
) AS a ON a.source_id = s.source_id
ORDER BY source_id
"""


@get("/enterprises/{bin:str}/compliance", **documented("Compliance", EnterpriseStatus, paged=False))
async def status(view: PageView, bin: Named) -> Response[bytes]:  # noqa: A002 - its name outside
    """Give the compliance of one enterprise and how each of its sources transmits."""
    found = await view.database.rows(
        Compliance,
        f"SELECT {', '.join(COMPLIANCE.columns)} FROM {COMPLIANCE.source} "  # noqa: S608
        "WHERE bin = {bin:String}",
        {"bin": bin},
    )
    if not found:
        raise NotFoundException("no enterprise of this БИН is registered")
    sources = await view.database.rows(SourceStatus, _SOURCES, {"bin": bin})
    body = msgspec.json.encode(EnterpriseStatus(found[0], sources))
    headers = {"cache-control": CACHE_CONTROL}
    return Response(body, media_type="application/json", headers=headers)


handlers: Final[list[HTTPRouteHandler]] = [compliance, status]
