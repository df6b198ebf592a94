"""Pages of those who signed in: what waits, their cases with terms, and raw readings of a day."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.access.door import DoorOfPortal, SignedIn
from emissions.portal.pages.sign_in import PRIVATE
from emissions.portal.queries.private import (
    MOST,
    Case,
    OwnSource,
    RawReading,
    access_records,
    own_cases,
    own_notices,
    own_sources,
    readings_of_day,
)
from emissions.portal.rendering import PageView, View
from emissions.portal.source_address import MOST as MOST_SEGMENT
from emissions.portal.source_address import id_of
from emissions.publication import Role
from streams.core.cases.work import WorkItem, rank, running_terms, waits_for_a_person, weight_of
from streams.rules.calendar import load_calendar

MOST_CSV: Final = 200_000
SHOWN: Final = 300
"""Rows of each list on a page: with more of them it would be over 100 kB, compressed."""
PageNumber = Annotated[int, Parameter(ge=1, le=100)]
SourceId = Annotated[str, Parameter(max_length=MOST_SEGMENT)]
DayText = Annotated[str, Parameter(max_length=10)]


class CaseLine(NamedTuple):
    """A case with the terms that run on a day: name, last day, whether it is over."""

    case: Case
    terms: list[tuple[str, date, bool]]


@get("/my")
async def my(
    view: PageView, door: DoorOfPortal, session: SignedIn, page: PageNumber = 1
) -> Response[str]:
    """Show the cases that somebody may see, in the order of the work, and the ways on."""
    role = session.viewer.role
    cases = await own_cases(door.data, session)
    notices = await own_notices(door.data, session) if role is Role.OPERATOR else []
    sources = await own_sources(view.database, session.viewer)
    waiting = work_order(cases, view.today) if role is not Role.OPERATOR else []
    listed = cases if role is Role.OPERATOR else [each for each in cases if each not in waiting]
    lists = (waiting, listed, sources)
    pages = max(1, *(-(-len(each) // SHOWN) for each in lists))
    if page > pages:
        raise NotFoundException
    part = slice((page - 1) * SHOWN, page * SHOWN)
    return private(
        view, "my.html", session=session, role=role.value.lower(), notices=notices,
        sources=sources[part], waiting=_lines(waiting[part], view),
        cases=_lines(listed[part], view), page=page, pages=pages,
        mark_hours=f"{door.mark_s / 3600:g}",
        mark_since=view.clock() - timedelta(seconds=door.mark_s),
        most=MOST, yesterday=view.today - timedelta(days=1),
    )  # fmt: skip


@get("/my/sources/{source_id:str}/days/{day:str}")
async def my_readings(
    view: PageView, door: DoorOfPortal, session: SignedIn, source_id: SourceId, day: DayText
) -> Response[str]:
    """Show the readings of a source on a local day as they were sent."""
    source, when = await _own(view, session, source_id, day)
    readings = await readings_of_day(door.data, session, source, when, most=MOST + 1)
    return private(
        view, "my_readings.html", session=session, source=source, when=when,
        readings=readings[:MOST], more=len(readings) > MOST, most=MOST,
        before=when - timedelta(days=1), after=when + timedelta(days=1),
    )  # fmt: skip


@get("/my/sources/{source_id:str}/days/{day:str}/readings.csv")
async def my_readings_csv(
    view: PageView, door: DoorOfPortal, session: SignedIn, source_id: SourceId, day: DayText
) -> Response[str]:
    """Send the readings of a source on a local day as CSV."""
    source, when = await _own(view, session, source_id, day)
    readings = await readings_of_day(
        door.data, session, source, when, most=MOST_CSV, query="export"
    )
    headers = {**PRIVATE, "content-disposition": f'attachment; filename="readings-{when}.csv"'}
    return Response(as_csv(readings), media_type="text/csv", headers=headers)


@get("/my/looks")
async def my_looks(view: PageView, door: DoorOfPortal, session: SignedIn) -> Response[str]:
    """Show the authority who looked at what is not public; for others there is no such page."""
    if session.viewer.role is not Role.AUTHORITY:
        raise NotFoundException
    records = await access_records(door.data, session)
    return private(view, "my_looks.html", session=session, records=records)


async def _own(view: View, session: SignedIn, source_id: str, day: str) -> tuple[OwnSource, date]:
    """Return a source of theirs and the day; what is not theirs is not there."""
    try:
        when = date.fromisoformat(day)
    except ValueError:
        raise NotFoundException from None
    if not date(2000, 1, 1) <= when <= date(2199, 1, 1):
        raise NotFoundException
    wanted = id_of(source_id)
    found = await own_sources(view.database, session.viewer, wanted)
    if len(found) != 1 or found[0].source_id != wanted:
        raise NotFoundException
    return found[0], when


def private(view: View, template: str, **values: Any) -> Response[str]:
    """Render a page that no cache may keep.

    It repeats no question of its address: anybody can write one, and a page that is compressed
    would tell by its length whether what they wrote is in it.
    """
    answer = replace(view, query="").render(template, **values)
    answer.headers.update(PRIVATE)
    return answer


def work_order(cases: Iterable[Case], today: date) -> list[Case]:
    """Return the cases that wait for a person, in the order of `emissions cases --today`."""
    waiting = {
        each.id: each
        for each in cases
        if waits_for_a_person(each.state, each.track, _ms(each.delivered_at))
    }
    items = (
        WorkItem(
            each.id,
            each.region,
            weight_of(each.track, each.part or None),
            _ms(each.detected_at) or 0,
            running_terms(each.due, _ms(each.delivered_at)),
        )
        for each in waiting.values()
    )
    return [waiting[each.item.id] for each in rank(items, today, load_calendar("KZ"))]


def as_csv(readings: Iterable[RawReading]) -> str:
    """Return readings as CSV with a line of names; times are ISO 8601, values as stored."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = [field.name for field in msgspec.structs.fields(RawReading)]
    writer.writerow(names)
    for each in readings:
        writer.writerow([_cell(getattr(each, name)) for name in names])
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a cell; text that a spreadsheet would take for a formula is kept from it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _lines(cases: Iterable[Case], view: View) -> list[CaseLine]:
    return [
        CaseLine(
            each,
            [
                (term, last, last < view.today)
                for last, term in running_terms(each.due, _ms(each.delivered_at))
            ],
        )
        for each in cases
    ]


def _ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    told = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(told.timestamp() * 1000)


handlers: Final[list[HTTPRouteHandler]] = [my, my_readings, my_readings_csv, my_looks]
