"""Counts a case again from the violations of its subject, as the engine counted it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from streams.core.cases.builder import Step, advance
from streams.core.cases.rules import YEAR
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import CaseState
from streams.core.explanation.building import Difference
from streams.core.explanation.compare import differences
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.time.interval import HOUR

_NUMBERED = ("revision", "revised_at")
"""How often a case was seen to change hangs on revisions that may be merged away."""
_BESIDE = ("related",)
"""Names other cases, whose violations may be known in part."""
_SYSTEMATIC = (
    "systematic_with", "track", "part", "fine_kzt", "fine_missing", "fine_factors", "due",
)  # fmt: skip
"""What follows from other cases of the year, if the case is one of several."""


def compare_case(
    published: AdministrativeCase,
    violations: Sequence[Violation],
    scene: CaseScene,
    *,
    first: Mapping[str, int],
    late: Collection[str] = (),
    refused: Iterable[int] = (),
    left_out: Collection[str] = (),
) -> list[Difference]:
    """List where a published case is not what its violations give.

    ``violations`` are revisions of the subject, as many as are kept; ``first`` tells when (ms)
    those whose first revision is not kept were found; ``late`` are the ids of those that
    a late reading made, ``refused`` the arrivals (ms) of messages of the source that were
    dead-lettered, ``left_out`` further fields that are not compared. Where the moments at which
    stream time stood before them are not known, either may be right.
    """
    violations = _from_the_first(violations, first)
    everyone = frozenset((each.id, each.revision) for each in violations)
    by_data = frozenset(each for each in everyone if each[0] in late)
    earliest: dict[str, int] = {}
    for name, revision in by_data:
        earliest[name] = min(revision, earliest.get(name, revision))
    # Of what data made first, time alone may have made the revisions that followed.
    at_first = frozenset(each for each in by_data if each[1] == earliest[each[0]])
    best: list[Difference] | None = None
    for supposed in dict.fromkeys((by_data, at_first, frozenset(), everyone)):
        made = _last_made(published, violations, scene, supposed, refused)
        if made is None:
            found = [Difference("case", published.state, "null")]
        else:
            uncompared = [*_NUMBERED, *_BESIDE, *left_out]
            if published.systematic_with:
                uncompared += _SYSTEMATIC
            found = differences("case", published, made, uncompared)
        if best is None or len(found) < len(best):
            best = found
    return best or []


def _from_the_first(violations: Sequence[Violation], first: Mapping[str, int]) -> list[Violation]:
    """Put the first revision of violations in its place where a later one took it in the store.

    What it said is not known: when it was found counts, and what the last one says.
    """
    earliest: dict[str, Violation] = {}
    for each in violations:
        known = earliest.get(each.id)
        if known is None or each.revision < known.revision:
            earliest[each.id] = each
    added = [
        msgspec.structs.replace(each, revision=1, detected_at=first[each.id])
        for each in earliest.values()
        if each.revision > 1 and each.id in first
    ]
    return [*added, *violations]


def _last_made(
    published: AdministrativeCase,
    violations: Sequence[Violation],
    scene: CaseScene,
    late: frozenset[tuple[str, int]],
    refused: Iterable[int],
) -> AdministrativeCase | None:
    """Return what the case says at the moment of its published revision."""
    until = published.revised_at
    at: dict[int, list[Violation]] = defaultdict(list)
    for each in violations:
        at[each.detected_at].append(each)
    lost = set(refused)
    state, before, made = CaseState(), 0, None
    # The moment of the case lies inside a step where stream time jumped over it.
    last = max([until, *at, *lost])
    moments = sorted({*at, *lost, last})
    for moment in moments:
        known = sorted(at[moment], key=lambda each: (each.id, each.revision))
        # A year is exceeded at the close of an hour: the last one, where no record is known.
        years = tuple(each for each in known if each.rule == YEAR)
        others = tuple(each for each in known if each.rule != YEAR)
        over, gone = moment == last, (moment,) if moment in lost else ()
        steps = [Step(before, moment, others, gone, late=late, tick=over and not years)]
        if years:
            steps.append(Step(moment - HOUR, moment, years, late=late, tick=over))
        for step in steps:
            for case in advance(scene, state, step):
                if case.id == published.id and case.revised_at <= until:
                    made = case
        before = moment
    return made
