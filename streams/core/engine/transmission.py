"""Counts the 20-minute values of a source that were due and those that were received.

Order 208, point 20: data go to the national databank averaged for each 20 minutes. A value is one
such interval of one source, whatever its channels are worth. This is a level of service: nobody is
judged by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.core.engine.tracked_source import TrackedSource
from streams.core.time.interval import MINUTE

LENGTH = 20 * MINUTE
LOOKED_AT = 3
"""How many intervals are looked at: the last hour."""


class Transmission(NamedTuple):
    """Counts 20-minute values: those that were due, and of them those that were received."""

    due: int
    received: int


def last_intervals(stream_time: int, grace: int) -> Sequence[int]:
    """List the starts (ms) of the last intervals that had closed by ``stream_time``."""
    end = (stream_time - grace) // LENGTH * LENGTH
    return range(end - LOOKED_AT * LENGTH, end, LENGTH)


def transmission(source: TrackedSource, since: int | None, starts: Sequence[int]) -> Transmission:
    """Count the values of a source that readings are due of ``since`` (ms; None: of which none is).

    None is due of an interval that is excused as a whole, nor of readings longer than it.
    """
    entry = source.entry
    if since is None or source.struck_off or LENGTH % (entry.cadence_s * 1000):
        return Transmission(0, 0)
    due = [
        start
        for start in starts
        if since <= start and not any(a <= start and start + LENGTH <= b for a, b in entry.excused)
    ]
    return Transmission(len(due), sum(_is_received(source, start) for start in due))


def _is_received(source: TrackedSource, start: int) -> bool:
    """Tell whether an accepted reading began in the interval."""
    hour = source.hours.get(source.hours.start_of(source.entry.clock, start))
    return hour is not None and any(start <= at < start + LENGTH for at in hour.slots)
