"""Defines the kinds of window over which means are made."""

from __future__ import annotations

from typing import NamedTuple

from streams.core.time.interval import DAY, HOUR, MINUTE


class WindowKind(NamedTuple):
    """A kind of window: its name, nominal length (ms) and smallest valid share of due time."""

    name: str
    length: int
    share: tuple[int, int]


WINDOW_KINDS = (
    WindowKind("20min", 20 * MINUTE, (2, 3)),
    WindowKind("30min", 30 * MINUTE, (2, 3)),
    WindowKind("1h", HOUR, (3, 4)),
    WindowKind("day", DAY, (3, 4)),
)
"""Specification, Means; the shares follow EN 17255-1 and the Code's calendar day."""

TWENTY, THIRTY, ONE_HOUR, WHOLE_DAY = range(4)
