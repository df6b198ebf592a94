"""The law and the words: rules, quality codes, parameters and regions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from emissions.portal.api.answer import ApiRequest, answered, paths
from emissions.portal.api.document import documented
from emissions.portal.api.filters import USUAL_ROWS, Cursor, Limit, Revisions
from emissions.portal.api.resource import KeyColumn, Resource
from emissions.portal.rendering import PageView

TitleRu = Annotated[str, Meta(description="Title in Russian")]
TitleKk = Annotated[str, Meta(description="Title in Kazakh")]
TitleEn = Annotated[str, Meta(description="Title in English")]


class Rule(msgspec.Struct, frozen=True):
    """A rule of the law, by which results are judged."""

    rule_set: Annotated[str, Meta(description="Version of the rule set, as in means")]
    code: Annotated[str, Meta(description="Code of the rule, such as KZ-DAY")]
    valid_from: Annotated[date, Meta(description="In force from this day of the source")]
    valid_to: Annotated[
        date | None, Meta(description="In force until that of this day; null: no end is known")
    ]
    title_ru: TitleRu
    title_kk: TitleKk
    title_en: TitleEn
    track: Annotated[str, Meta(description="What follows: PRESCRIPTION, COURT or INSPECTION")]
    certainty: Annotated[
        str, Meta(description="Of our reading of the law: read, secondary or inferred")
    ]
    citation: Annotated[str, Meta(description="Places in the law, in its words")]
    sanction: Annotated[str, Meta(description="What the law threatens with")]
    automatic: Annotated[
        date | None, Meta(description="A case may open without an inspector from this day")
    ]
    source: Annotated[str, Meta(description="Where the law was read, and what was left open")]


_RULE_KEY: Final = (KeyColumn("code"), KeyColumn("valid_from", "date"), KeyColumn("rule_set"))
RULES: Final = Resource("rules", Rule.__struct_fields__, "rules", _RULE_KEY)
ALL_RULES: Final = Resource(
    "rules",
    Rule.__struct_fields__,
    "(SELECT * FROM rule_versions LIMIT 1 BY rule_set, code, valid_from)",
    _RULE_KEY,
)


@get(paths("rules"), **documented("Law", Rule))
async def rules(
    request: ApiRequest,
    view: PageView,
    revisions: Revisions = "last",
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the rules as last migrated; `revisions=all`: every rule of every rule set."""
    resource = ALL_RULES if revisions == "all" else RULES
    return await answered(request, view.database, resource, [], limit=limit, cursor=cursor)


class QualityCode(msgspec.Struct, frozen=True):
    """Why a value does not count, or counts with a mark."""

    code: Annotated[str, Meta(description="Quality code, such as OUT_OF_RANGE")]
    scope: Annotated[
        str,
        Meta(
            description="message: none of it is used; channel: the value does not count; mark: "
            "it does"
        ),
    ]
    excuses: Annotated[bool, Meta(description="The time of the reading is not due either")]
    meaning_ru: Annotated[str, Meta(description="Meaning in Russian")]
    meaning_kk: Annotated[str, Meta(description="Meaning in Kazakh")]
    meaning_en: Annotated[str, Meta(description="Meaning in English")]


QUALITY_CODES: Final = Resource(
    "quality-codes", QualityCode.__struct_fields__, "quality_codes", (KeyColumn("code"),)
)


@get(paths("quality-codes"), **documented("Law", QualityCode))
async def quality_codes(
    request: ApiRequest, view: PageView, limit: Limit = USUAL_ROWS, cursor: Cursor = None
) -> Response[bytes]:
    """Give the quality codes with their meaning in three languages."""
    return await answered(request, view.database, QUALITY_CODES, [], limit=limit, cursor=cursor)


class ParameterName(msgspec.Struct, frozen=True):
    """What channels measure."""

    parameter: Annotated[str, Meta(description="Name in the data, such as SO2")]
    name_ru: Annotated[str, Meta(description="Name in Russian")]
    name_kk: Annotated[str, Meta(description="Name in Kazakh")]
    name_en: Annotated[str, Meta(description="Name in English")]
    unit: Annotated[str, Meta(description="Usual unit; the unit of a value stands beside it")]
    auxiliary: Annotated[bool, Meta(description="Describes the gas and is no pollutant")]


PARAMETERS: Final = Resource(
    "parameters", ParameterName.__struct_fields__, "parameters", (KeyColumn("parameter"),)
)


@get(paths("parameters"), **documented("Law", ParameterName))
async def parameters(
    request: ApiRequest, view: PageView, limit: Limit = USUAL_ROWS, cursor: Cursor = None
) -> Response[bytes]:
    """Give the parameters with their names in three languages."""
    return await answered(request, view.database, PARAMETERS, [], limit=limit, cursor=cursor)


class RegionName(msgspec.Struct, frozen=True):
    """A region or city of republican significance."""

    code: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    name_ru: Annotated[str, Meta(description="Name in Russian")]
    name_kk: Annotated[str, Meta(description="Name in Kazakh")]
    name_en: Annotated[str, Meta(description="Name in English")]


REGIONS: Final = Resource("regions", RegionName.__struct_fields__, "regions", (KeyColumn("code"),))


@get(paths("regions"), **documented("Law", RegionName))
async def regions(
    request: ApiRequest, view: PageView, limit: Limit = USUAL_ROWS, cursor: Cursor = None
) -> Response[bytes]:
    """Give the regions with their names in three languages."""
    return await answered(request, view.database, REGIONS, [], limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [rules, quality_codes, parameters, regions]
