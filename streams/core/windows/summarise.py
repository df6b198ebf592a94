"""Answers the window queries of many sources in one vectorised call (the DataLoader pattern).

The work of a source is a generator: where it cannot go on without knowing what some windows add
up to, it yields those windows and is sent their summaries. Summing in columns pays for many
windows and not for a few, so every source is first run to its next query, and the queries of all
are answered together.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TypeVar

from streams.core.windows.mean import SeriesSummary, Window, summarise
from streams.core.windows.pending_sums import PendingSums

R = TypeVar("R")

Summaries = Sequence[dict[str, SeriesSummary]]
"""Summaries of the windows of a query, in its order, by the key of the series."""

WindowQuery = Generator[Sequence[Window], Summaries, R]
"""Work that asks for the summaries of windows, at least one at a time, and has a result."""


def run_batched(
    works: Iterable[tuple[str, WindowQuery[R]]], pending: PendingSums, max_slots: int
) -> Iterator[tuple[str, R]]:
    """Run named works, and yield the name and result of each in the order of finishing.

    Works are started until the windows they ask for have more than ``max_slots`` slots, which
    bounds how many slots are in memory.
    """
    waiting: list[tuple[str, WindowQuery[R], Sequence[Window]]] = []
    slots = 0
    for name, work in works:
        try:
            windows = next(work)
        except StopIteration as done:
            yield name, done.value
            continue
        waiting.append((name, work, windows))
        slots += sum(len(window.slots) for window in windows)
        if slots > max_slots:
            yield from _run_to_end(waiting, pending)
            waiting, slots = [], 0
    yield from _run_to_end(waiting, pending)


def _run_to_end(
    waiting: list[tuple[str, WindowQuery[R], Sequence[Window]]], pending: PendingSums
) -> Iterator[tuple[str, R]]:
    """Answer queries, and those that follow from the answers, until every work is done."""
    while waiting:
        pending.flush()
        answers = iter(summarise([window for _, _, windows in waiting for window in windows]))
        again: list[tuple[str, WindowQuery[R], Sequence[Window]]] = []
        for name, work, windows in waiting:
            try:
                more = work.send([next(answers) for _ in windows])
            except StopIteration as done:
                yield name, done.value
            else:
                again.append((name, work, more))
        waiting = again
