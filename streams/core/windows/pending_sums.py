"""Defers adding accepted readings to their sums until something reads the sums.

Adding pays in columns: the readings of many sources are added in one vectorised call. Whatever
reads the sums of a slot calls `PendingSums.flush` first: `run_batched` before it answers window
queries, `Hours` before it hands out added-up slots and before it saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from schemas.columns import Floats, Truths
from streams.core.sources.series import SeriesLayout
from streams.core.windows.slot import SeriesSums
from streams.core.windows.slot_sums import add_readings


class Addends(NamedTuple):
    """Values of n readings in k series, float64[n, k], and where they count, bool[n, k].

    ``values`` and ``measured`` are 0 where a reading is not ``valid``; ``carried`` tells where a
    reading has the series at all.
    """

    values: Floats
    measured: Floats
    carried: Truths
    valid: Truths


class DeferredReadings(Protocol):
    """Readings of one layout that can be added later, by their places."""

    layout: SeriesLayout

    def addends(self, places: list[int]) -> Addends:
        """Select the values of some readings."""

    def count_codes(self, places: list[int], piece: SeriesSums) -> None:
        """Count the quality codes of some readings."""


class PendingSums:
    """Keeps accepted readings of a partition that are not added to their sums yet."""

    def __init__(self) -> None:
        self._pending: dict[DeferredReadings, dict[SeriesSums, list[int]]] = {}

    def defer(self, readings: DeferredReadings, start: int, end: int, piece: SeriesSums) -> None:
        """Add the readings at ``[start, end)`` to the sums of a slot at the next `flush`."""
        by_piece = self._pending.get(readings)
        if by_piece is None:
            by_piece = self._pending[readings] = {}
        places = by_piece.get(piece)
        if places is None:
            by_piece[piece] = list(range(start, end))
        else:
            places.extend(range(start, end))

    def flush(self) -> None:
        """Add everything that was deferred, one vectorised call for each layout."""
        if not self._pending:
            return
        pending, self._pending = self._pending, {}
        by_layout: dict[SeriesLayout, list[DeferredReadings]] = {}
        for readings in pending:
            by_layout.setdefault(readings.layout, []).append(readings)
        for group in by_layout.values():
            _add([(readings, pending[readings]) for readings in group])


def _add(deferred: Sequence[tuple[DeferredReadings, dict[SeriesSums, list[int]]]]) -> None:
    """Add deferred readings of one layout; `add_readings` takes the largest groups first."""
    places: dict[SeriesSums, list[int]] = {}
    columns = []
    count = 0
    for readings, by_piece in deferred:
        own: list[int] = []
        for piece, waiting in by_piece.items():
            readings.count_codes(waiting, piece)
            start = count + len(own)
            places.setdefault(piece, []).extend(range(start, start + len(waiting)))
            own += waiting
        columns.append(readings.addends(own))
        count += len(own)
    by_size = sorted(places.items(), key=lambda item: -len(item[1]))
    order = [at for _, waiting in by_size for at in waiting]
    values, measured, carried, valid = (
        (parts[0] if len(parts) == 1 else np.concatenate(parts))[order]
        for parts in zip(*columns, strict=True)
    )
    pieces = [piece for piece, _ in by_size]
    sums = np.stack([piece.sums for piece in pieces])
    sizes = [len(waiting) for _, waiting in by_size]
    for rest in add_readings(sums, values, measured, carried, valid, sizes):
        pieces[rest.slot].keep_overflow(rest)
    for piece, summed in zip(pieces, sums, strict=True):
        piece.sums = summed
