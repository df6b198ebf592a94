"""Foresees what an open window comes to: whether its mean is going to meet a rule.

The mean of a window is that of its valid readings (spec 7). So what it comes to follows from the
mean so far, the time that counts in it, and the mean of the rest: the present level, which is
likely, or 0, the least that a channel without negative values can tell.
"""

from __future__ import annotations

from math import isfinite
from typing import Final, NamedTuple

from schemas.reading import is_auxiliary
from streams.core.registry.enterprise import Limit
from streams.core.sources.reported import MASS_FLOW
from streams.core.sources.series import MASS_ONLY, ChannelPlans
from streams.core.windows.mean import UNMADE, VALID, parameter_and_unit, status_of

_ROOM: Final = 1 + 1e-9
"""A mean so little above the threshold is not called certain: means so far are rounded."""


class SoFar(NamedTuple):
    """The mean of what counts in an open window so far, and its time (ms), more than 0."""

    mean: float
    valid: int


class Remainder(NamedTuple):
    """What is still to come of a window: its level, its time and the window's due time (ms)."""

    level: float
    time: int
    due: int


class Outlook(NamedTuple):
    """What a window comes to.

    ``expected`` is its mean if the present level lasts. ``certain``: it meets the rule even if all
    that is missing were 0, of what is accepted by now. ``stay_below`` is what the mean of the rest
    must stay below for the rule not to be met; None: no level, not even 0, is low enough.
    """

    expected: float
    certain: bool
    stay_below: float | None


def outlook(
    kind: int, length: int, so_far: SoFar, rest: Remainder, least: float, *, bounded: bool
) -> Outlook | None:
    """Tell what a window of ``length`` (ms) comes to; None: it is not going to meet the rule.

    ``least`` is the smallest mean that meets it; ``bounded``: no value can be negative. A window
    that would have too little valid time in the end meets no rule.
    """
    mean, valid = so_far
    if rest.time <= 0 or status_of(kind, valid + rest.time, rest.due) != VALID:
        return None
    share = valid / (valid + rest.time)
    expected = mean * share + rest.level * (1 - share)
    # Late readings may fill what is missing by now: all of the window that does not count yet.
    certain = (
        bounded
        and status_of(kind, valid, length) == VALID
        and mean * min(1.0, valid / length) >= least * _ROOM
    )
    if not certain and not expected >= least:
        return None
    below = least + (least - mean) * (valid / rest.time)
    averted = not certain and isfinite(below) and below > 0
    return Outlook(expected, certain, below if averted else None)


def judged_limit(plans: ChannelPlans, key: str, kind: int) -> tuple[str, str, Limit] | None:
    """Return parameter, unit and limit by which the mean of a series is judged in a window.

    As `streams.core.judging.windows.WindowJudge` takes them; None: there is none.
    """
    parameter, unit = parameter_and_unit(key)
    if key in plans.reported:
        parameter = plans.reported[key] if UNMADE[kind] is None else ""
        unit = MASS_FLOW
    elif unit in (UNMADE[kind], MASS_ONLY):
        return None
    limit = plans.limits.get((parameter, unit))
    return None if limit is None else (parameter, unit, limit)


def is_bounded(plans: ChannelPlans, key: str) -> bool:
    """Tell whether no valid value of a series can be negative, by the ranges of its channels.

    Zero drift counts as 0, and the factors of the normalisation are positive; but for a mass flow
    the flow is one.
    """
    parameter, unit = parameter_and_unit(key)
    names = [parameter]
    if unit == MASS_FLOW and key not in plans.reported:
        names += [each for each in ("FLOW", "VELOCITY") if each in plans]
    return not is_auxiliary(parameter) and all(
        name in plans and plans[name].low >= 0 for name in names
    )
