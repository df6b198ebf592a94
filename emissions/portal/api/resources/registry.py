"""What is registered: enterprises and sources."""

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
    USUAL_ROWS,
    Bin,
    Cursor,
    Limit,
    Region,
    Source,
    equal,
)
from emissions.portal.api.resource import Filter, KeyColumn, Resource
from emissions.portal.rendering import PageView


class Enterprise(msgspec.Struct, frozen=True):
    """An enterprise as last registered."""

    bin: Annotated[str, Meta(description="БИН")]
    name_ru: Annotated[str, Meta(description="Name in Russian; empty: not given")]
    name_kk: Annotated[str, Meta(description="Name in Kazakh; empty: not given")]
    name_en: Annotated[str, Meta(description="Name in English; empty: not given")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    category: Annotated[int, Meta(description="Category of the facility, 1 to 4")]
    business_size: Annotated[str, Meta(description="small, medium or large")]
    commissioned_on: Annotated[date, Meta(description="Date of commissioning")]
    installed_on: Annotated[
        date | None, Meta(description="Date on which the system was installed; null: it is not")
    ]
    connected_on: Annotated[
        date | None, Meta(description="Date on which it was connected; null: it is not")
    ]
    roadmap_until: Annotated[
        date | None, Meta(description="A road map defers the duty until this date; null: none")
    ]
    registered_at: Annotated[datetime | None, Meta(description="Arrival of the registration, UTC")]


ENTERPRISES: Final = Resource(
    "enterprises",
    tuple(Enterprise.__struct_fields__),
    "enterprises_current",
    (KeyColumn("bin"),),
)


@get(paths("enterprises"), **documented("Registry", Enterprise))
async def enterprises(
    request: ApiRequest,
    view: PageView,
    enterprise: Bin = None,
    region: Region = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the enterprises as last registered, test streams left out."""
    filters = [*equal("bin", enterprise), *equal("region", region), Filter("NOT test")]
    return await answered(request, view.database, ENTERPRISES, filters, limit=limit, cursor=cursor)


class RegisteredSource(msgspec.Struct, frozen=True):
    """A source as last registered."""

    source_id: Annotated[str, Meta(description="Source")]
    bin: Annotated[str, Meta(description="БИН of its enterprise")]
    name: Annotated[str, Meta(description="Name; empty: none")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    timezone: Annotated[str, Meta(description="Clock that cuts its windows (IANA)")]
    cadence_s: Annotated[int, Meta(description="Length of its readings, seconds")]
    plant: Annotated[str, Meta(description="station, boiler_house or other; empty: not given")]
    fuel: Annotated[str, Meta(description="solid, liquid or gas; empty: not given")]
    electric_mw: Annotated[float | None, Meta(description="Electric power of the station, MW")]
    thermal_mw: Annotated[float | None, Meta(description="Thermal power, MW")]
    gross_t_a: Annotated[float | None, Meta(description="Gross emission, t/a")]
    parameters: Annotated[
        list[str], Meta(description="Parameters of its channels; in CSV a JSON text")
    ]
    lat: Annotated[float | None, Meta(description="Latitude, degrees north (WGS 84)")]
    lon: Annotated[float | None, Meta(description="Longitude, degrees east (WGS 84)")]
    town_ru: Annotated[str, Meta(description="Place in Russian; empty: not given")]
    town_kk: Annotated[str, Meta(description="Place in Kazakh; empty: not given")]
    town_en: Annotated[str, Meta(description="Place in English; empty: not given")]


_PLACED: Final = (
    "(SELECT r.source_id AS source_id, r.bin AS bin, r.name AS name, r.timezone AS timezone, "
    "r.cadence_s AS cadence_s, r.plant AS plant, r.fuel AS fuel, r.electric_mw AS electric_mw, "
    "r.thermal_mw AS thermal_mw, r.gross_t_a AS gross_t_a, r.parameters AS parameters, "
    "p.region AS region, p.lat AS lat, p.lon AS lon, p.town_ru AS town_ru, p.town_kk AS town_kk, "
    "p.town_en AS town_en "
    "FROM registry_current AS r INNER JOIN source_places AS p ON p.source_id = r.source_id)"
)

SOURCES: Final = Resource(
    "sources",
    tuple(RegisteredSource.__struct_fields__),
    _PLACED,
    (KeyColumn("source_id"),),
    frozenset(("parameters",)),
)


@get(paths("sources"), **documented("Registry", RegisteredSource))
async def sources(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the sources as last registered, test streams left out."""
    filters = [
        *equal("source_id", source),
        *equal("bin", enterprise),
        *equal("region", region),
    ]
    return await answered(request, view.database, SOURCES, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [enterprises, sources]
