"""Derive from the expected violations the administrative cases that follow, opened or still ahead.

Written from section 12 of the specification alone, and not with the code that builds cases: the
truth must not agree with the pipeline because both have the same fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from emissions.simulation.truth import Truth
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import clock, midnight

CASE: Final = "case"
OPENED: Final = "OPENED"
PENDING: Final = "PENDING"
DEFERRED: Final = "DEFERRED"

MAX_LATENESS: Final = 72 * HOUR
OUTAGE_LIMIT: Final = 24 * HOUR
EPISODE_GAP: Final = 24 * HOUR
EPISODE_DAYS: Final = 5
RUNS_KNOWN: Final = 4 * HOUR
WINDOW: Final = 30 * MINUTE
ZONE: Final = "Asia/Almaty"

PRESCRIPTION: Final = "PRESCRIPTION 328"
_FOLLOWS: Final = {
    "KZ-3H": "COURT 328",
    "KZ-15": "INSPECTION 26 (1)",
    "KZ-GAP": "INSPECTION 26 (2)",
    "KZ-VERIF": "PRESCRIPTION 331",
    "KZ-NOASM": "PRESCRIPTION 325",
    "KZ-NOLINK": "PRESCRIPTION 325",
}
_ALONE: Final = ("KZ-GAP", "KZ-VERIF", "KZ-NOASM", "KZ-NOLINK")


def expected_cases(truths: Iterable[Truth], until: int) -> Iterator[Truth]:
    """Yield the cases that the expected violations lead to, as of stream time ``until`` (ms).

    ``code`` is track and article, ``start`` that of the first violation, ``count`` the violations,
    ``kind`` the defects that caused them. ``opens_at`` is None where it hangs on when the first
    message arrived.
    """
    subjects: dict[str | None, list[Truth]] = {}
    for truth in truths:
        if truth.outcome == "violation":
            subjects.setdefault(truth.source_id or truth.bin, []).append(truth)
    for violations in subjects.values():
        for episode in _episodes(violations):
            yield _case(episode, until)


def _episodes(violations: list[Truth]) -> Iterator[list[Truth]]:
    groups: dict[str, list[Truth]] = {}
    for each in violations:
        if each.code in _ALONE:
            yield [each]
        elif not _in_run(each, violations):
            groups.setdefault(_follows(each), []).append(each)
    for group in groups.values():
        group.sort(key=lambda each: (each.start, _end(each), each.code, each.parameter or ""))
        current: list[Truth] = []
        for each in group:
            joins = current and (
                each.start < max(map(_end, current)) + EPISODE_GAP and _end(each) <= _limit(current)
            )
            if not joins:
                if current:
                    yield current
                current = []
            current.append(each)
        yield current


def _follows(violation: Truth) -> str:
    return _FOLLOWS.get(violation.code, PRESCRIPTION)


def _in_run(violation: Truth, others: list[Truth]) -> bool:
    """Tell whether a half hour or an hour of mass flow goes with a run of the same parameter."""
    return violation.code in ("KZ-30", "KZ-GS") and any(
        run.code == "KZ-3H"
        and run.parameter == violation.parameter
        and run.start <= violation.start
        and _end(violation) <= _end(run)
        for run in others
    )


def _end(violation: Truth) -> int:
    return violation.start if violation.end is None else violation.end


def _limit(episode: list[Truth]) -> int:
    """Return the local midnight by which an episode ends at the latest."""
    first = clock(ZONE).date(episode[0].start)
    return midnight(ZONE, first + timedelta(days=EPISODE_DAYS))


def _case(episode: list[Truth], until: int) -> Truth:
    first = episode[0]
    exact, opens = _opening(episode)
    status = OPENED if opens <= until else PENDING
    if first.deferred_until is not None and first.deferred_until > until:
        exact, opens, status = True, first.deferred_until, DEFERRED
    return Truth(
        "+".join(sorted({each.kind for each in episode})),
        CASE,
        _follows(first),
        source_id=first.source_id,
        bin=first.bin,
        start=first.start,
        count=len(episode),
        status=status,
        opens_at=opens if exact else None,
    )


def _opening(episode: list[Truth]) -> tuple[bool, int]:
    """Return when the case of an episode opens (ms), and whether to the millisecond."""
    first = episode[0]
    if first.code in ("KZ-NOASM", "KZ-NOLINK"):  # with the first record of the log
        return False, first.start
    if first.code == "KZ-VERIF":  # by the arrival of the first reading, a minute after its start
        return False, first.start + MINUTE + MAX_LATENESS
    if first.code == "KZ-GAP":
        return True, first.start + OUTAGE_LIMIT + MAX_LATENESS
    ripe = max(_end(each) + (WINDOW if each.code == "KZ-3H" else 0) for each in episode)
    nothing_joins = max(map(_end, episode)) + EPISODE_GAP
    day = midnight(ZONE, clock(ZONE).date(nothing_joins)) + DAY
    return True, max(ripe, min(day, _limit(episode) + RUNS_KNOWN)) + MAX_LATENESS
