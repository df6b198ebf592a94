"""Counts of the shorter windows of each local day, kept for rules that look at long times."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class DayTally(NamedTuple):
    """Windows of one local day: in which the source had to measure, VALID ones, and over ones."""

    due: int
    valid: int
    over: int


class DayTallies(msgspec.Struct, array_like=True):
    """Tallies by the proleptic ordinal of the day; ``judged`` is the last period judged so far.

    ``judged`` is the ordinal of its end, so that a period is judged once however late its first
    successor has data.
    """

    days: dict[int, DayTally] = msgspec.field(default_factory=dict)
    judged: int = 0
