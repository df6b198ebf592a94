"""Tells a repeated and a systematic violation of КоАП 328 from measures known at the opening.

KZ-REP: a fine under the article on the source, imposed less than a year (large business: three)
before the first day of the episode. KZ-SYS: more than two episodes within a year, this one among
them, of which the others have a measure in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from streams.core.cases.dates import months_after
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import Case
from streams.core.registry.measure import DECIDED, FINE, Measure
from streams.core.time.local_clock import clock

ARTICLE: Final = "328"


def repeat_of(
    source_id: str, business_size: str, first: date, opened: date, measures: Iterable[Measure]
) -> tuple[str, ...]:
    """Return the ids of the fines that make an episode a repeated one, sorted.

    ``first`` is the first local day of the episode, ``opened`` that on which its case opens.
    """
    months = -36 if business_size == "large" else -12
    return tuple(
        sorted(
            each.id
            for each in measures
            if each.kind == FINE
            and (each.source_id, each.act, each.article) == (source_id, "KoAP", ARTICLE)
            and each.imposed_on is not None
            and months_after(first, months) < each.imposed_on < first
            and each.in_force(opened)
        )
    )


def systematic_with(
    first: date,
    opened: date,
    known: int,
    cases: Iterable[Case],
    scene: CaseScene,
) -> tuple[str, ...]:
    """Return the ids of the earlier cases that make an episode a systematic one, sorted.

    Fewer than two make none. ``known``: measures that had arrived by then count (ms).
    """
    since = months_after(first, -12)
    found = []
    for case in cases:
        standing = case.standing
        if case.article != ARTICLE or case.act != "KoAP" or not standing:
            continue
        began = clock(scene.subject.zone).date(standing[0].start)
        told = scene.measures.on_case(case.id, scene.subject.bin, known)
        if since < began <= first and any(
            _punishes(each) and each.in_force(opened) for each in told
        ):
            found.append(case.id)
    return tuple(sorted(found)) if len(found) >= 2 else ()


def _punishes(measure: Measure) -> bool:
    decided = measure.kind == DECIDED and (measure.amount_kzt or 0) > 0
    return measure.kind == FINE or decided
