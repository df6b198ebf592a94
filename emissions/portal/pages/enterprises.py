"""The enterprises: a list with filters, and each with all that is open of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, Parameter

from emissions.portal.figures import (
    EnterpriseFigures,
    by_name,
    by_transmission,
    enterprise_figures,
)
from emissions.portal.periods import local_date, months_until
from emissions.portal.queries.as_of import as_of
from emissions.portal.queries.cases import published_cases
from emissions.portal.queries.enterprises import (
    LatestMean,
    enterprise,
    latest_means,
    year_masses,
)
from emissions.portal.queries.exceedances import exceedances
from emissions.portal.queries.excuses import excuses
from emissions.portal.queries.nation import duties
from emissions.portal.queries.places import Place, places, regions
from emissions.portal.queries.transmission import silences
from emissions.portal.rendering import PageView
from emissions.portal.transmission import Shares, shares, shares_by
from emissions.portal.watching import lately, watched

State = Literal["", "connected", "installed", "roadmap", "none", "not_obliged"]
Sort = Literal["name", "transmission", "exceedances"]

STATES: Final = ("connected", "installed", "roadmap", "none", "not_obliged")
SORTS: Final = ("name", "transmission", "exceedances")
PAGE: Final = 50
"""Enterprises on a page of the list."""
DAYS: Final = 30
"""Days back for which silences and means above the limit are shown."""
MONTHS: Final = 12
_MOST_SILENCES: Final = 30
_MOST_SOURCES: Final = 60


@get("/enterprises")
async def all_enterprises(
    view: PageView,
    region: Annotated[str, Parameter(max_length=10)] = "",
    monitoring: FromQuery[State] = "",
    sort: FromQuery[Sort] = "name",
    page: Annotated[int, Parameter(ge=1, le=100_000)] = 1,
) -> Response[str]:
    """Show enterprises, of a region or in a state of their monitoring, page by page."""
    names, firms, now = await asyncio.gather(
        regions(view.database), duties(view.database), lately(view.database)
    )
    if region and region not in names:
        raise NotFoundException
    wanted = [
        each for each in firms if region in ("", each.region) and monitoring in ("", each.state)
    ]
    found = _sorted(
        by_name(
            view.language,
            enterprise_figures(
                wanted,
                now.places if now else await places(view.database),
                now.sources if now else (),
                now.too_high if now else (),
            ),
        ),
        sort,
    )
    pages = max(1, -(-len(found) // PAGE))
    if page > pages:
        raise NotFoundException
    asked = {"region": region, "monitoring": monitoring, "sort": sort if sort != "name" else ""}
    return view.render(
        "enterprises.html",
        enterprises=found[(page - 1) * PAGE : page * PAGE],
        number=len(found),
        first=(page - 1) * PAGE + 1,
        regions=names,
        region=region,
        monitoring=monitoring,
        states=STATES,
        sort=sort,
        sorts=SORTS,
        page=page,
        pages=pages,
        asked=urlencode({name: value for name, value in asked.items() if value}),
        lately=now,
    )


def _sorted(rows: list[EnterpriseFigures], sort: Sort) -> list[EnterpriseFigures]:
    if sort == "transmission":
        return by_transmission(rows)
    if sort == "exceedances":
        return sorted(rows, key=lambda each: -each.too_high)
    return rows


class Pollutant(NamedTuple):
    """The latest means of a pollutant of a source; ``shown`` has its name and limit."""

    shown: LatestMean
    half_hour: LatestMean | None
    day: LatestMean | None


class SourceFigures(NamedTuple):
    """A source beside its latest means; no shares: it never sent."""

    place: Place
    pollutants: list[Pollutant]
    shares: Shares | None


@get("/enterprises/{bin_:str}")
async def one_enterprise(
    view: PageView, bin_: Annotated[str, Parameter(max_length=12)]
) -> Response[str]:
    """Show who an enterprise is, what it emits, whether it exceeded and whether it is silent."""
    found = await enterprise(view.database, bin_)
    if found is None:
        raise NotFoundException
    everywhere, newest, firms = await asyncio.gather(
        places(view.database), as_of(view.database), duties(view.database)
    )
    own = [each for each in everywhere if each.bin == bin_]
    ids = [each.source_id for each in own]
    cases, told = await asyncio.gather(
        published_cases(view.database, bin_), excuses(view.database, bin_)
    )
    held = (await view.database.publication()).held  # asked last: it goes before what was read
    duty = next((each for each in firms if each.bin == bin_), None)
    common: dict[str, Any] = {
        "enterprise": found,
        "duty": duty,
        "cases": () if held else cases,
        "held": held,
        "excuses": told,
        "newest": newest,
    }
    if newest is None or not own:
        return _current(
            view.render("enterprise.html", sources=_sources(own, [], {}), **common, **_NOTHING)
        )
    day = local_date(newest)
    periods = months_until(day, MONTHS)
    since = newest - timedelta(days=DAYS)
    months, means, above, gaps, masses = await asyncio.gather(
        watched(view.database, periods, newest, own),
        latest_means(view.database, bin_),
        exceedances(view.database, since, newest, ids),
        silences(view.database, ids, since=since),
        year_masses(view.database, ids, day.year),
    )
    by_month = shares_by(months, lambda each: each.period)
    this_month = [each for each in months if each.period == len(periods) - 1]
    of_source = {each.place.source_id: shares([each]) for each in this_month}
    return _current(
        view.render(
            "enterprise.html",
            sources=_sources(own, means, of_source),
            sources_left=max(0, len(own) - _MOST_SOURCES),
            now=shares(this_month) if this_month else None,
            months=[(periods[at].begins, by_month[at]) for at in sorted(by_month, reverse=True)],
            above=sorted(above, key=lambda each: -each.worst),
            gaps=gaps[:_MOST_SILENCES],
            gaps_left=max(0, len(gaps) - _MOST_SILENCES),
            masses=masses,
            days=DAYS,
            **common,
        )
    )


def _current(page: Response[str]) -> Response[str]:
    """Have whoever keeps a page that names cases ask each time whether it still holds."""
    page.headers["cache-control"] = "no-cache"
    return page


_NOTHING: Final[dict[str, Any]] = {
    "sources_left": 0, "now": None, "months": [], "above": [], "gaps": [], "gaps_left": 0,
    "masses": [], "days": DAYS,
}  # fmt: skip


def _sources(
    own: Iterable[Place], means: Iterable[LatestMean], of_source: dict[str, Shares]
) -> list[SourceFigures]:
    by_source: dict[str, dict[str, dict[str, LatestMean]]] = defaultdict(lambda: defaultdict(dict))
    for each in means:
        by_source[each.source_id][each.parameter][each.window] = each
    return [
        SourceFigures(
            place,
            [
                Pollutant(next(iter(windows.values())), windows.get("30min"), windows.get("day"))
                for windows in by_source[place.source_id].values()
            ],
            of_source.get(place.source_id),
        )
        for place in list(own)[:_MOST_SOURCES]
    ]


handlers: Final[list[HTTPRouteHandler]] = [all_enterprises, one_enterprise]
