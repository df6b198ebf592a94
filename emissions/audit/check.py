"""Represent the checks of an audit and the differences that each found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NAMED = 10
"""Offsets, keys or findings that are named; the rest is counted."""


@dataclass(frozen=True)
class AuditCheck:
    """One guarantee: the part, the place, what was observed, and the differences."""

    part: str  # ledger | results | evidence | log
    place: str
    seen: str
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def offsets_text(offsets: Iterable[int]) -> str:
    """Format offsets: ``3, 7-9 and 40 more``."""
    ranges: list[list[int]] = []
    for offset in sorted(offsets):
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1][1] = offset
        else:
            ranges.append([offset, offset])
    named = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges[:NAMED])
    rest = sum(b - a + 1 for a, b in ranges[NAMED:])
    return f"{named} and {rest} more" if rest else named


def first_named(sentences: Sequence[str]) -> list[str]:
    """Join the first sentences and the number of the others."""
    rest = len(sentences) - NAMED
    return [*sentences[:NAMED], f"and {rest} more"] if rest > 0 else list(sentences)
