"""Answers many sources at once that ask what their windows add up to.

A source stops where it has to know the sums of windows before it can go on. Adding up is done in
columns, which pays for many windows and not for a few, so every source is first followed to its
next question.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TypeVar

from streams.core.mean import Summary, Window, summaries

R = TypeVar("R")

Summarised = Sequence[dict[str, Summary]]
"""What the series of each window of a question add up to."""

Asking = Generator[Sequence[Window], Summarised, R]
"""Work that asks about windows, at least one at a time, and comes to a result."""


def together(
    works: Iterable[tuple[str, Asking[R]]], settle: Callable[[], None], most: int
) -> Iterator[tuple[str, R]]:
    """Do named works, and yield the result of each with its name, in the order of finishing.

    ``settle`` adds up what the slots were given. Works are begun until the windows in question
    have more than ``most`` slots: no more are at hand than those and one work's.
    """
    asked: list[tuple[str, Asking[R], Sequence[Window]]] = []
    slots = 0
    for name, work in works:
        try:
            windows = next(work)
        except StopIteration as done:
            yield name, done.value
            continue
        asked.append((name, work, windows))
        slots += sum(len(window.slots) for window in windows)
        if slots > most:
            yield from _answered(asked, settle)
            asked, slots = [], 0
    yield from _answered(asked, settle)


def _answered(
    asked: list[tuple[str, Asking[R], Sequence[Window]]], settle: Callable[[], None]
) -> Iterator[tuple[str, R]]:
    while asked:
        settle()
        answers = iter(summaries([window for _, _, windows in asked for window in windows]))
        again: list[tuple[str, Asking[R], Sequence[Window]]] = []
        for name, work, windows in asked:
            try:
                more = work.send([next(answers) for _ in windows])
            except StopIteration as done:
                yield name, done.value
            else:
                again.append((name, work, more))
        asked = again
