"""The explanation of one mean as far as it is public: no readings, but what was made of them."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from emissions.portal.normalisation_steps import steps_of
from emissions.portal.queries.roots import root_of
from emissions.portal.queries.rules_of_mean import rules_of_mean
from emissions.portal.queries.source_means import MeanRevision, MeanRow, revisions_of
from emissions.portal.queries.vocabulary import code_meanings, parameter_names
from emissions.portal.registration import registration_of
from emissions.portal.rendering import PageView
from emissions.portal.series import WINDOWS, moment, ratio_of, standing_of
from emissions.portal.source_address import MOST
from emissions.portal.source_answer import known_source
from emissions.portal.source_period import day_of
from streams.core.time.local_clock import clock, from_datetime, parse_instant
from streams.core.time.window_kinds import WINDOW_KINDS

_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_SHARES: Final = {each.name: each.share for each in WINDOW_KINDS}


@get("/means/{source_id:str}/{parameter:str}/{window:str}/{start:str}")
async def explained_mean(
    view: PageView,
    source_id: Annotated[str, Parameter(max_length=MOST)],
    parameter: Annotated[str, Parameter(max_length=32)],
    window: Annotated[str, Parameter(max_length=10)],
    start: Annotated[str, Parameter(max_length=40)],
    unit: Annotated[str | None, Parameter(max_length=20)] = None,
) -> Response[str]:
    """Show what a mean is, what it is compared with, what was left out and why."""
    source = await known_source(view, source_id)
    at = _instant(start)
    if at is None or window not in WINDOWS:
        raise NotFoundException
    revisions = await revisions_of(view.database, source.source_id, parameter, window, at)
    units = list(dict.fromkeys(each.unit for each in revisions))
    chosen = unit or next((each for each in units if each == "mg/m3"), units[0] if units else "")
    shown = [each for each in revisions if each.unit == chosen]
    if not shown:
        raise NotFoundException
    last, registration = shown[0], registration_of(source.document)
    begins = moment(last.start)
    day = clock(source.timezone).date(from_datetime(begins))
    limit = registration.limit(parameter, chosen, begins, source.timezone)
    agrees = limit is not None and limit.value == last.limit
    names, codes, rules, root = await asyncio.gather(
        parameter_names(view.database),
        code_meanings(view.database),
        rules_of_mean(view.database, last.rule_set, window, chosen, day),
        root_of(view.database, source.source_id, day),
    )
    row = _row(last, parameter, window)
    return view.render(
        "mean.html",
        source=source, parameter=parameter, named=names.get(parameter), window=window, mean=last,
        units=[each for each in units if each != chosen], revisions=_by_number(shown), codes=codes,
        limit=limit if agrees else None, rules=rules if last.limit is not None else [], root=root,
        standing=standing_of(row), ratio=ratio_of(row), least=_SHARES[window],
        share=last.valid_s / last.due_s if last.due_s else None,
        steps=steps_of(registration.channel(parameter), limit, chosen),
        channel=registration.channel(parameter), period=day_of(day, source.timezone),
    )  # fmt: skip


def _instant(text: str) -> int | None:
    if _START.fullmatch(text) is None:
        return None
    try:
        return parse_instant("UTC", text)
    except ValueError:
        return None


def _row(mean: MeanRevision, parameter: str, window: str) -> MeanRow:
    return MeanRow(
        parameter, mean.unit, window, mean.start, mean.end, mean.value, mean.limit, mean.valid_s,
        mean.due_s, mean.status, mean.seconds_by_code, mean.revision,
    )  # fmt: skip


def _by_number(revisions: list[MeanRevision]) -> list[MeanRevision]:
    """Leave of each revision one row: that it became final changed nothing."""
    found: dict[int, MeanRevision] = {}
    for each in revisions:
        found.setdefault(each.revision, each)
    return list(found.values())


handlers: Final[list[HTTPRouteHandler]] = [explained_mean]
