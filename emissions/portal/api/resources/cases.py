"""Cases and violations: with names when they may be told, counted before."""

from __future__ import annotations

from collections.abc import Sequence
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
    From,
    Limit,
    Pollutant,
    Region,
    Source,
    To,
    equal,
    overlapping,
)
from emissions.portal.api.problem import problem
from emissions.portal.api.resource import Filter, KeyColumn, Resource
from emissions.portal.rendering import PageView, View

Reason = Annotated[str, Meta(description="Why it may be named: APPEAL_OVER or DECISION_FINAL")]
ShownFrom = Annotated[date, Meta(description="Local day from which it is shown")]


class Case(msgspec.Struct, frozen=True):
    """An administrative case whose enterprise may be named."""

    id: Annotated[str, Meta(description="Case")]
    revision: Annotated[int, Meta(description="Counts its changes, from 1")]
    state: Annotated[str, Meta(description="OPEN, REVIEW or CLOSED")]
    track: Annotated[str, Meta(description="PRESCRIPTION (a fine), COURT or INSPECTION")]
    act: Annotated[str, Meta(description="KoAP or ORDER-208")]
    article: Annotated[str, Meta(description="Article of the act, or point of the Order")]
    part: Annotated[str, Meta(description="Part of the article; empty: it has none")]
    bin: Annotated[str, Meta(description="БИН of the enterprise")]
    name_ru: Annotated[str, Meta(description="Its name in Russian")]
    name_kk: Annotated[str, Meta(description="Its name in Kazakh")]
    name_en: Annotated[str, Meta(description="Its name in English")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    source_id: Annotated[str, Meta(description="Source; empty: the enterprise as a whole")]
    start: Annotated[datetime, Meta(description="Start of its first violation, UTC")]
    end: Annotated[
        datetime | None, Meta(description="End of its last violation, UTC; null: it lasts")
    ]
    sanction_on: Annotated[
        date | None, Meta(description="Day of the last fine or decision with an amount")
    ]
    sanction_kzt: Annotated[float | None, Meta(description="Its amount, tenge; null: none")]
    reason: Reason
    shown_from: ShownFrom


_ID: Final = "toString(id) AS id"
CASES: Final = Resource(
    "cases",
    (_ID, *Case.__struct_fields__[1:]),
    "public_cases",
    (KeyColumn("bin"), KeyColumn("id")),
)


@get(paths("cases"), **documented("Cases", Case))
async def cases(
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
    """Give the cases that touch an interval and whose enterprise may be named now.

    Which these are is decided by the rule of publication: the term of appeal is over, or the
    decision is in force. All others are in `case-counts`.
    """
    filters = [
        *equal("source_id", source),
        *equal("bin", enterprise),
        *equal("region", region),
        *overlapping(from_, to),
    ]
    return await _unless_held(request, view, CASES, filters, limit, cursor)


class CaseCount(msgspec.Struct, frozen=True):
    """A number of cases without names; with a region only where it has enough of them."""

    region: Annotated[str, Meta(description="ISO 3166-2:KZ; empty: several regions together")]
    track: Annotated[str, Meta(description="PRESCRIPTION (a fine), COURT or INSPECTION")]
    act: Annotated[str, Meta(description="KoAP or ORDER-208")]
    article: Annotated[str, Meta(description="Article of the act, or point of the Order")]
    part: Annotated[str, Meta(description="Part of the article; empty: it has none")]
    state: Annotated[str, Meta(description="OPEN, REVIEW, DEFERRED, WITHDRAWN or CLOSED")]
    cases: Annotated[int, Meta(description="Cases, those with names among them")]
    named: Annotated[int, Meta(description="Of them those in `cases`")]


CASE_COUNTS: Final = Resource(
    "case-counts",
    CaseCount.__struct_fields__,
    "public_case_counts",
    tuple(KeyColumn(name) for name in CaseCount.__struct_fields__[:6]),
)


@get(paths("case-counts"), **documented("Cases", CaseCount))
async def case_counts(
    request: ApiRequest,
    view: PageView,
    region: Region = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Count all cases by region, article and state."""
    filters = equal("region", region)
    return await _unless_held(request, view, CASE_COUNTS, filters, limit, cursor)


class Violation(msgspec.Struct, frozen=True):
    """A violation whose enterprise may be named."""

    id: Annotated[str, Meta(description="Violation")]
    revision: Annotated[int, Meta(description="Counts the changes in the log, from 1")]
    status: Annotated[str, Meta(description="OPEN, AMENDED (still open) or CLOSED")]
    rule: Annotated[str, Meta(description="Code of the rule, such as KZ-DAY")]
    rule_set: Annotated[str, Meta(description="Version of the rule set")]
    track: Annotated[str, Meta(description="PRESCRIPTION (a fine), COURT or INSPECTION")]
    bin: Annotated[str, Meta(description="БИН of the enterprise")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    source_id: Annotated[str, Meta(description="Source; empty: the enterprise as a whole")]
    parameter: Annotated[str, Meta(description="Parameter; empty: does not apply")]
    unit: Annotated[str, Meta(description="Unit of value and limit; empty: there are none")]
    start: Annotated[datetime, Meta(description="Start, UTC")]
    end: Annotated[datetime | None, Meta(description="End, UTC; null: it lasts")]
    value: Annotated[float | None, Meta(description="What was measured")]
    validated_value: Annotated[
        float | None, Meta(description="value less the confidence interval; null: none applies")
    ]
    limit: Annotated[float | None, Meta(description="The limit")]
    ratio: Annotated[float | None, Meta(description="value / limit")]
    excess_mass_t: Annotated[
        float | None, Meta(description="Mass above the norm, t; null: not measured")
    ]
    case_id: Annotated[str, Meta(description="Its case in `cases`")]
    reason: Reason
    shown_from: ShownFrom


VIOLATIONS: Final = Resource(
    "violations",
    (_ID, *Violation.__struct_fields__[1:]),
    "public_violations",
    (KeyColumn("bin"), KeyColumn("id")),
)


@get(paths("violations"), **documented("Cases", Violation))
async def violations(
    request: ApiRequest,
    view: PageView,
    source: Source = None,
    enterprise: Bin = None,
    region: Region = None,
    parameter: Pollutant = None,
    from_: From = None,
    to: To = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the violations that touch an interval and whose enterprise may be named now."""
    filters = [
        *equal("source_id", source),
        *equal("bin", enterprise),
        *equal("region", region),
        *equal("parameter", parameter),
        *overlapping(from_, to),
    ]
    return await _unless_held(request, view, VIOLATIONS, filters, limit, cursor)


async def _unless_held(
    request: ApiRequest,
    view: View,
    resource: Resource,
    filters: Sequence[Filter],
    limit: int,
    cursor: str | None,
) -> Response[bytes]:
    """Answer unless publication is held; who keeps the answer asks each time if it still holds."""
    found = await answered(request, view.database, resource, filters, limit=limit, cursor=cursor)
    if (await view.database.publication()).held:  # asked last: it goes before what was read
        return problem(
            503,
            "the authority holds back cases and violations now: ask again later; means, gaps and "
            "availability are open (/api/v1/publication)",
        )
    found.headers["cache-control"] = "public, no-cache"
    return found


class Excuses(msgspec.Struct, frozen=True):
    """How often an operator told of an outage, or marked readings, after the value was there."""

    bin: Annotated[str, Meta(description="БИН of the operator")]
    name_ru: Annotated[str, Meta(description="Its name in Russian")]
    name_kk: Annotated[str, Meta(description="Its name in Kazakh")]
    name_en: Annotated[str, Meta(description="Its name in English")]
    region: Annotated[str, Meta(description="ISO 3166-2:KZ")]
    kind: Annotated[str, Meta(description="PLANNED_OUTAGE, UNPLANNED_OUTAGE or MARK")]
    notices: Annotated[int, Meta(description="Notices of the kind, but those refused")]
    in_time: Annotated[int, Meta(description="Of them those in their term, or pending in it")]
    late: Annotated[int, Meta(description="Of them those that were late, wholly or in part")]
    contradicted: Annotated[int, Meta(description="Of them marks that the data deny")]
    after_the_fact: Annotated[
        int, Meta(description="Of them those that arrived after their interval had begun")
    ]
    share_after_the_fact: Annotated[float, Meta(description="after_the_fact / notices")]
    median_delay_s: Annotated[
        float | None, Meta(description="Median time from start to arrival of those, s")
    ]
    max_delay_s: Annotated[int | None, Meta(description="The longest of these times, s")]


EXCUSES: Final = Resource(
    "excuses",
    Excuses.__struct_fields__,
    "public_excuses",
    (KeyColumn("bin"), KeyColumn("kind")),
)


@get(paths("excuses"), **documented("Notices", Excuses))
async def excuses(
    request: ApiRequest,
    view: PageView,
    enterprise: Bin = None,
    region: Region = None,
    limit: Limit = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Give the statistics of notices after the fact, by operator and kind."""
    filters = [*equal("bin", enterprise), *equal("region", region)]
    return await answered(request, view.database, EXCUSES, filters, limit=limit, cursor=cursor)


handlers: Final[list[HTTPRouteHandler]] = [cases, case_counts, violations, excuses]
