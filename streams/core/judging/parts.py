"""The shorter windows that a day consists of, for rules that look at their means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.core.judging.evaluator import Scene
from streams.core.numeric.exact_sum import weighted_mean
from streams.core.quality.conflict import contested
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mean import NOT_OPERATING, VALID, Window, excused_time, status_of
from streams.core.windows.slot import Slot
from streams.core.windows.slot_sums import VALID_ROW

KIND_NUMBERS = {kind.name: number for number, kind in enumerate(WINDOW_KINDS)}
"""Number of a kind of window by its name."""


class Part(NamedTuple):
    """A shorter window ``[start, end)`` (ms) that starts in a longer one.

    ``status`` is that of its mean, INSUFFICIENT too where nothing was sent in due time; ``value``
    is None unless it is VALID. ``slots`` are those with readings.
    """

    start: int
    end: int
    status: str
    value: float | None
    slots: list[Slot]
    contested: bool

    @property
    def due(self) -> bool:
        """Whether the source had to measure in it."""
        return self.status != NOT_OPERATING


def parts_of(scene: Scene, window: Window, kind: int, key: str) -> Iterator[Part]:
    """Yield the windows of a kind that start in ``window``, by the series ``key``.

    Their means are those that were published: exact quotients, rounded once.
    """
    entry, state = scene.entry, scene.state
    slots: dict[int, list[Slot]] = {}
    for place, slot in scene.hours.placed_slots(window.start, window.end):
        slots.setdefault(entry.window(kind, place)[0], []).append(slot)
    shortened = bool(entry.excused or state.stoppages)
    length_s = WINDOW_KINDS[kind].length // 1000
    at = window.start
    while at < window.end:
        start, at = entry.window(kind, at)
        if start < window.start:
            continue
        due = at - start
        if shortened:
            due -= excused_time((start, at), entry, state.stoppages)
        counted = slots.get(start, [])
        valid_time, value = _mean(counted, key, length_s)
        status = status_of(kind, valid_time, due)
        yield Part(
            start,
            at,
            status,
            value if status == VALID else None,
            counted,
            contested(state.conflicts, start, at),
        )


def _mean(slots: list[Slot], key: str, length_s: int) -> tuple[int, float | None]:
    """Return the valid time (ms) and the mean of one series in a window, rounded once."""
    sums: dict[int, tuple[list[float], int]] = {}
    for slot in slots:
        for piece in slot.series_sums:
            period, at = piece.period_s, piece.layout.position.get(key)
            if at is None or length_s % period:
                continue
            parts, count = sums.get(period, ([], 0))
            valid = int(piece.sums[VALID_ROW, at])
            sums[period] = ([*parts, *piece.partials(at)], count + valid)
    groups = [(period, parts, count) for period, (parts, count) in sorted(sums.items())]
    return sum(period * count for period, _, count in groups) * 1000, weighted_mean(groups)
