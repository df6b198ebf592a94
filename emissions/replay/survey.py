"""Survey an input before it is judged: the period of each source, and outlying rows.

Pure. One mistyped month makes a silence of months that nobody observed. A row is reported if it
lies far from its neighbours in the file while they lie beside each other, or far from every other
row of its source, or if its arrival lies long before or after all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.publication_plan import UNKNOWN
from streams.core.time.interval import DAY, HOUR

FAR: Final = 24 * HOUR
"""Least distance of an outlier: longer silences count against a source."""

LATE: Final = 72 * HOUR
"""A row with an arrival time may be out of order by this much, as late readings are."""

OFF: Final = 10 * DAY
"""Least distance of an outlier before the first or after the last row of a source."""

Times = NDArray[np.int64]
Marks = NDArray[np.bool_]


class SourceSurvey(NamedTuple):
    """One source of an input; times and lengths in milliseconds (UTC).

    ``cadence`` is the most frequent step between rows, ``hole`` the longest time without a row and
    ``hole_from`` its start; None where there is none.
    """

    source_id: str
    rows: int
    first: int
    last: int
    cadence: int | None
    hole: int | None
    hole_from: int | None


@dataclass(frozen=True)
class FarRow:
    """An outlying row: its index in the buffer, and the rows beside it in the file.

    ``arrival``: the arrival is the outlier, far from every other and from the row's own interval.
    """

    index: int
    before: int | None
    after: int | None
    arrival: bool = False


def survey_sources(tape: MessageBuffer) -> list[SourceSurvey]:
    """Survey each source, sorted by id."""
    found = [_surveyed(name, _starts(tape)[at], _ends(tape)[at]) for name, at in _by_source(tape)]
    return sorted(found)


def far_rows(tape: MessageBuffer) -> list[FarRow]:
    """Find the rows that lie far from their neighbours, in the order of the input."""
    starts, files = _starts(tape), np.asarray(tape.file_numbers)
    arrived, ends = np.asarray(tape.arrived, dtype=np.int64), _ends(tape)
    late = arrived - np.where(arrived == UNKNOWN, arrived, ends)
    explained = (arrived != UNKNOWN) & (late >= 0) & (late <= LATE)
    found: list[FarRow] = []
    for _, at in _by_source(tape):
        if len(at) < 3 or starts[at].max() - starts[at].min() <= FAR:
            continue
        far = _far(starts[at], files[at], explained[at])
        found += (_beside(at, files[at], far, int(place)) for place in np.flatnonzero(far))
    named = {row.index for row in found}
    found += (FarRow(at, None, None, True) for at in _far_arrivals(arrived, ends) - named)
    return sorted(found, key=lambda row: row.index)


def _far_arrivals(arrived: Times, ends: Times) -> set[int]:
    """Find the few rows whose arrival lies far before or after every other.

    The log is observed from its first arrival to its last: such a row makes every source silent.
    """
    moments = np.where(arrived == UNKNOWN, ends, arrived)
    few = max(3, len(moments) // 200)
    found: set[int] = set()
    for latest in (False, True):
        order = np.argsort(moments, kind="stable")[:: -1 if latest else 1]
        cuts = np.flatnonzero(np.abs(np.diff(moments[order[: few + 1]])) > FAR)
        if not len(cuts) or len(order) < 3:
            continue
        off = order[: cuts[-1] + 1]
        apart = moments[off] - ends[off] if latest else ends[off] - moments[off]
        found.update(off[apart > (LATE if latest else FAR)].tolist())
    return found


def _by_source(tape: MessageBuffer) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each source and the indexes of its messages, in the order of the input."""
    if not len(tape):
        return
    numbers = np.asarray(tape.key_numbers)
    order = np.argsort(numbers, kind="stable")
    edges = np.flatnonzero(np.diff(numbers[order])) + 1
    keys = tape.keys
    for group in np.split(order, edges):
        yield keys[int(numbers[group[0]])].decode(errors="replace"), group


def _starts(tape: MessageBuffer) -> Times:
    return np.asarray(tape.starts, dtype=np.int64)


def _ends(tape: MessageBuffer) -> Times:
    return np.asarray(tape.ends, dtype=np.int64)


def _surveyed(name: str, starts: Times, ends: Times) -> SourceSurvey:
    times, where = np.unique(starts, return_index=True)
    cadence = hole = hole_from = None
    if len(times) > 1:
        steps, counts = np.unique(np.diff(times), return_counts=True)
        cadence = int(steps[np.argmax(counts)])
        covered = ends[where][:-1]
        holes = times[1:] - covered
        longest = int(np.argmax(holes))
        if holes[longest] > 0:
            hole, hole_from = int(holes[longest]), int(covered[longest])
    return SourceSurvey(name, len(starts), int(times[0]), int(ends.max()), cadence, hole, hole_from)


def _far(times: Times, files: NDArray[Any], explained: Marks) -> Marks:
    """Mark the outliers among the rows of a source; ``files`` shows where a new file begins."""
    far = np.zeros(len(times), dtype=bool)
    edges = np.flatnonzero(np.diff(files)) + 1
    for part in np.split(np.arange(len(times)), edges):
        far[part] = _out_of_place(times[part])
    far &= ~explained
    if far.any():
        far &= _alone_or_taken(times, far)
    if far.sum() > max(
        3, len(times) // 10
    ):  # no slip of the hand: the file has an order of its own
        far[:] = False
    far |= _off_at_an_end(times, far, explained)
    return far


def _out_of_place(times: Times) -> Marks:
    """Mark rows that lie far from both file neighbours, which lie beside each other."""
    marked = np.zeros(len(times), dtype=bool)
    cuts = np.flatnonzero(np.abs(np.diff(times)) > FAR) + 1
    if not len(cuts) or len(cuts) > max(8, len(times) // 5):
        return marked  # in order, or shuffled: then the order says nothing
    bounds = [0, *cuts.tolist(), len(times)]
    few = max(3, len(times) // 10)
    steps = np.abs(np.diff(times))
    step = int(np.median(steps)) if len(steps) else 0
    part = 0
    while part < len(bounds) - 2:
        last = bounds[part + 1] - 1
        part += 1
        for after in range(part + 1, min(part + 8, len(bounds) - 1)):
            rows = bounds[after] - bounds[part]
            if rows > few:
                break
            before, behind = sorted((int(times[last]), int(times[bounds[after]])))
            between = times[bounds[part] : bounds[after]]
            in_place = before < between.min() and between.max() < behind
            if in_place:
                continue
            apart = behind - before
            off = min(np.abs(between - before).min(), np.abs(between - behind).min())
            # what is out of place has left its own place empty
            if apart <= FAR + 2 * (rows + 1) * step or (apart <= 5 * FAR and off >= 5 * apart):
                marked[bounds[part] : bounds[after]] = True
                part = after
                break
    return marked


def _alone_or_taken(times: Times, far: Marks) -> Marks:
    """Keep those rows out of place whose time is far from all others, or taken by another.

    A reading that was resent later fills a place of its own among the others.
    """
    others = np.sort(times[~far])
    kept = np.zeros(len(times), dtype=bool)
    if not len(others):
        return kept
    right = np.searchsorted(others, times)
    after = np.abs(others[np.minimum(right, len(others) - 1)] - times)
    before = np.abs(times - others[np.maximum(right - 1, 0)])
    nearest = np.minimum(after, before)
    kept[(nearest > FAR) | (nearest == 0)] = True
    return kept


def _off_at_an_end(times: Times, far: Marks, explained: Marks) -> Marks:
    """Mark a few rows that lie off all others by more than those span, before or after them.

    Or by more than FAR, if they stand at the wrong end of the file for that.
    """
    marked = np.zeros(len(times), dtype=bool)
    kept = np.flatnonzero(~far)
    few = max(1, len(kept) // 200)
    for latest in (False, True):
        order = kept[np.argsort(times[kept], kind="stable")]
        if latest:
            order = order[::-1]
        gaps = np.abs(np.diff(times[order[: few + 2]]))
        cuts = np.flatnonzero(gaps > FAR)
        if not len(cuts) or cuts[0] + 1 > few or len(order) - (cuts[0] + 1) < 2:
            continue
        off, rest = order[: cuts[0] + 1], order[cuts[0] + 1 :]
        if explained[off].any():
            continue
        span = int(times[rest].max() - times[rest].min())
        if gaps[cuts[0]] >= max(OFF, span) or _at_the_wrong_end(times, off, rest, latest):
            marked[off] = True
    return marked


def _at_the_wrong_end(times: Times, off: NDArray[Any], rest: NDArray[Any], latest: bool) -> bool:
    """Return whether the other rows are in one order of time and these at its other end."""
    steps = np.sign(np.diff(times[np.sort(rest)]))
    if len(steps) < 4 or abs(int(steps.sum())) < 0.9 * len(steps):
        return False
    rising = int(steps.sum()) > 0
    return bool(off.max() < rest.min()) if rising == latest else bool(off.min() > rest.max())


def _beside(at: NDArray[Any], files: NDArray[Any], far: Marks, position: int) -> FarRow:
    """Return the row with the nearest rows of its source and file that are no outliers."""

    def next_to(step: int) -> int | None:
        other = position + step
        while 0 <= other < len(at) and files[other] == files[position]:
            if not far[other]:
                return int(at[other])
            other += step
        return None

    return FarRow(int(at[position]), next_to(-1), next_to(1))
