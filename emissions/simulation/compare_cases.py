"""Compare the cases that opened, or are still ahead, with those that the planned defects cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from emissions.simulation.expected_cases import CASE, DEFERRED, OPENED, PENDING
from emissions.simulation.results import ResultRow, instant, text
from emissions.simulation.score import SHOWN, Score
from emissions.simulation.truth import Truth
from streams.core.time.local_clock import iso

CASES: Final = "case"
NO_CAUSE: Final = "nothing planned"
_STATES: Final = (OPENED, DEFERRED, PENDING)


class _Key(NamedTuple):
    subject: str
    code: str  # track and article
    start: int


class _Found(NamedTuple):
    status: str
    opens_at: int | None
    violations: int


def compare_cases(
    truths: Iterable[Truth],
    cases: Iterable[ResultRow] | None,
    pending: Iterable[ResultRow] | None,
) -> Iterator[Score]:
    """Yield a score for each cause, what follows from it, and whether the case has opened.

    A case matches the one that is expected of the same subject, track, article and start if its
    status, its number of violations and the moment of its opening are those. One that matches none
    counts for its cause if that is known, else for `NO_CAUSE`. ``cases`` or ``pending`` None: what
    they would tell is not judged.
    """
    expected = {_key_of(truth): truth for truth in truths if truth.outcome == CASE}
    found = {_key(row): _opened(row) for row in cases or ()}
    found |= {
        _key(row): _Found(PENDING, instant(row["opens_at"]), int(row["count"]))
        for row in pending or ()
    }
    known = {OPENED: cases, DEFERRED: cases, PENDING: pending}
    groups: dict[tuple[int, str, str], tuple[list[_Key], list[_Key]]] = {}
    for key, truth in expected.items():
        group = _STATES.index(truth.status or ""), truth.kind, truth.code
        groups.setdefault(group, ([], []))[0].append(key)
    for key, each in found.items():
        cause = expected[key].kind if key in expected else NO_CAUSE
        group = _STATES.index(each.status), cause, key.code
        groups.setdefault(group, ([], []))[1].append(key)
    for (place, cause, code), (wanted, told) in sorted(groups.items()):
        status = _STATES[place]
        name = f"{CASES} {cause}, {code}, {status}"
        if known[status] is None:
            yield Score(name, len(wanted), 0, 0, judged=False)
            continue
        right = {key for key in wanted if _differs(expected[key], found.get(key)) is None}
        yield Score(
            name,
            len(wanted),
            len(told),
            len(right),
            misses=tuple(
                f"{_told(key)}: {_differs(expected[key], found.get(key))}"
                for key in wanted
                if key not in right
            )[:SHOWN],
            extras=tuple(_told(key) for key in told if key not in right)[:SHOWN],
        )


def _differs(truth: Truth, found: _Found | None) -> str | None:
    """Say in what a case differs from the expected one; None: in nothing."""
    if found is None:
        return "not found"
    if found.status != truth.status:
        return f"found {found.status}"
    if found.violations != truth.count:
        return f"found with {found.violations} violations instead of {truth.count}"
    if truth.opens_at is not None and truth.opens_at != found.opens_at:
        at = "never" if found.opens_at is None else iso(found.opens_at)
        return f"found to open {at} instead of {iso(truth.opens_at)}"
    return None


def _key_of(truth: Truth) -> _Key:
    return _Key(truth.source_id or truth.bin or "", truth.code, truth.start)


def _key(row: ResultRow) -> _Key:
    subject: Any = text(row["source_id"]) or row["bin"]
    return _Key(subject, f"{row['track']} {row['article']}", instant(row["start"]) or 0)


def _opened(row: ResultRow) -> _Found:
    opened, violations = instant(row["opened_at"]), int(row["count"])
    if opened is None:
        return _Found(DEFERRED, instant(row["deferred_until"]), violations)
    return _Found(OPENED, opened, violations)


def _told(key: _Key) -> str:
    return f"{key.subject} {iso(key.start)}"
