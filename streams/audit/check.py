"""What an audit says: a check, and every difference that it found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NAMED = 10
"""So many offsets, keys or findings are named; of the rest it is said how many they are."""


@dataclass(frozen=True)
class Check:
    """One thing that must add up: the part, where, what was seen, and how it differs."""

    part: str  # ledger | results | evidence
    place: str
    seen: str
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def offsets_text(offsets: Iterable[int]) -> str:
    """Offsets for a person: ``3, 7-9 and 40 more``."""
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
    """The first sentences, and how many more there are."""
    rest = len(sentences) - NAMED
    return [*sentences[:NAMED], f"and {rest} more"] if rest > 0 else list(sentences)
