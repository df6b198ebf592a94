"""What a case takes from a rule: when its violations are ripe, and whether they join others.

Specification 12. A rule that is not here opens no case.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.law.policy import Policy
from streams.core.time.interval import HOUR, MINUTE

DAY_MEAN: Final = "KZ-DAY"
HALF_HOUR: Final = "KZ-30"
LONG_RUN: Final = "KZ-3H"
MASS_FLOW: Final = "KZ-GS"
OUTAGE: Final = "KZ-GAP"
YEAR: Final = "KZ-YEAR"

_RUN_OVER: Final = 3 * HOUR
RUN_WINDOW: Final = 30 * MINUTE
"""Windows of a run, but those of a source with a cadence of 20 minutes."""

_COARSE_CADENCE_S: Final = 1200
_COARSE_WINDOW: Final = 20 * MINUTE


class Kind(Enum):
    """When late data can change a violation no more."""

    WINDOW = 1  # max_lateness after its end
    RUN = 2  # one window later: it may grow by one
    OUTAGE = 3  # max_lateness after it is longer than the outage limit
    DETECTION = 4  # max_lateness after its first revision
    DUTY = 5  # at once


class CaseRule(NamedTuple):
    """How the violations of a rule become cases.

    ``alone``: each is an episode by itself, and goes on (no term from its start). ``factor`` times
    the limit is what its value is compared with. ``day``: its window is the local day.
    """

    kind: Kind
    alone: bool = False
    factor: Fraction = Fraction(1)
    day: bool = False


CASE_RULES: Final = {
    DAY_MEAN: CaseRule(Kind.WINDOW, day=True),
    "KZ-15": CaseRule(Kind.WINDOW, factor=Fraction(3, 2), day=True),
    HALF_HOUR: CaseRule(Kind.WINDOW, factor=Fraction(2)),
    MASS_FLOW: CaseRule(Kind.WINDOW),
    LONG_RUN: CaseRule(Kind.RUN, factor=Fraction(2)),
    OUTAGE: CaseRule(Kind.OUTAGE, alone=True),
    YEAR: CaseRule(Kind.DETECTION, alone=True),
    "KZ-VERIF": CaseRule(Kind.DETECTION, alone=True),
    "KZ-NOASM": CaseRule(Kind.DUTY, alone=True),
    "KZ-NOLINK": CaseRule(Kind.DUTY, alone=True),
}


def run_window_of(cadence_s: int) -> int:
    """Return the length of the windows of a run of a source with this cadence (s), in ms."""
    return _COARSE_WINDOW if cadence_s == _COARSE_CADENCE_S else RUN_WINDOW


def natural_moment(
    rule: CaseRule, start: int, end: int | None, policy: Policy, run_window: int
) -> int | None:
    """Return the moment at which time alone shows a violation (ms); None: only data do."""
    if rule.kind is Kind.WINDOW:
        return None if end is None else end + (policy.day_grace if rule.day else policy.grace)
    if rule.kind is Kind.RUN:
        windows = _RUN_OVER // run_window + 1
        return start + windows * run_window + policy.grace
    if rule.kind is Kind.OUTAGE:
        return start + policy.outage_limit
    return start if rule.kind is Kind.DUTY else None


def ripe_at(
    rule: CaseRule, start: int, end: int | None, detected_at: int, policy: Policy, run_window: int
) -> int:
    """Return the moment from which late data cannot change a violation (ms)."""
    if rule.kind is Kind.OUTAGE:
        return start + policy.outage_limit + policy.max_lateness
    if rule.kind is Kind.DETECTION or (end is None and rule.kind is not Kind.DUTY):
        return detected_at + policy.max_lateness
    if rule.kind is Kind.DUTY or end is None:
        return detected_at
    return end + policy.max_lateness + (run_window if rule.kind is Kind.RUN else 0)
