"""Compare what detectors found with the tampering that was planned, kind by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from emissions.simulation.defects import DefectKind
from emissions.simulation.results import ResultRow, instant, text
from emissions.simulation.score import SHOWN, Score
from emissions.simulation.tampering import OCCASIONS
from emissions.simulation.truth import Truth
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import iso

SUSPICION: Final = "suspicion"
UNLEARNED: Final = "unlearned"
_EXACT: Final = frozenset({"CONSTANT-CHANGED", "SOFTWARE-CHANGED"})
"""What is told by comparing two texts or numbers: nothing may be missed or made up."""

_RULES: Final = (DefectKind.EXCEEDS_HALF, DefectKind.UNVERIFIED)
CODES: Final = tuple(sorted(each.code for kind, each in OCCASIONS.items() if kind not in _RULES))
"""Codes of all that is planned as tampering."""


def compare_suspicions(
    truths: Iterable[Truth], findings: Iterable[ResultRow] | None
) -> Iterator[Score]:
    """Yield a score for each kind that was planned or found; ``findings`` None: not known.

    Tampering is found where a finding of its kind meets it, with a day of slack; further findings
    that meet it are not counted. One that meets tampering that no detector could know yet
    (`UNLEARNED`), or a planned violation of the same channel, is beside. Every other is false.
    """
    planned: dict[str, list[Truth]] = {}
    others: list[Truth] = []
    for truth in truths:
        if truth.outcome in (SUSPICION, UNLEARNED):
            planned.setdefault(truth.code, []).append(truth)
        elif truth.outcome == "violation" and truth.source_id:
            others.append(truth)
    found: dict[str, list[ResultRow]] = {}
    for row in findings or ():
        found.setdefault(str(row["kind"]), []).append(row)
    for code in CODES:
        of_code = planned.get(code, [])
        expected = [truth for truth in of_code if truth.outcome == SUSPICION]
        early = [truth for truth in of_code if truth.outcome == UNLEARNED]
        rows = found.get(code, [])
        if (expected or rows) and findings is not None:
            yield _score(code, expected, [*early, *others], rows)
        elif expected:
            yield Score(f"{SUSPICION} {code}", len(expected), 0, 0, judged=False)
        if early:
            name = f"{SUSPICION} {code}, {UNLEARNED}"
            yield Score(name, len(early), 0, 0, judged=False, exact=False)


def _score(code: str, expected: list[Truth], others: list[Truth], rows: list[ResultRow]) -> Score:
    slack = 20 * MINUTE if code in _EXACT else DAY
    missed = [each for each in expected if not any(_meets(row, each, slack) for row in rows)]
    rest = [row for row in rows if not any(_meets(row, each, slack) for each in expected)]
    false = [row for row in rest if not any(_meets(row, each, HOUR) for each in others)]
    matched = len(expected) - len(missed)
    return Score(
        f"{SUSPICION} {code}",
        len(expected),
        matched + len(false),
        matched,
        exact=code in _EXACT,
        misses=tuple(
            f"{_place(each.source_id, each.parameter, each.start)}: not found"
            for each in missed[:SHOWN]
        ),
        extras=tuple(
            _place(text(row["source_id"]), text(row["parameter"]), instant(row["start"]) or 0)
            for row in false[:SHOWN]
        ),
        beside=len(rest) - len(false),
    )


def _place(source_id: str | None, parameter: str | None, start: int) -> str:
    return " ".join(filter(None, (source_id, parameter, iso(start))))


def _meets(row: ResultRow, truth: Truth, slack: int) -> bool:
    parameter, start, end = text(row["parameter"]), instant(row["start"]) or 0, instant(row["end"])
    return (
        row["source_id"] == truth.source_id
        and (None in (parameter, truth.parameter) or parameter == truth.parameter)
        and (truth.end is None or start < truth.end + slack)
        and (end is None or end > truth.start - slack)
    )
