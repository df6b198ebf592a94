"""The score of one kind of finding against the truth."""

from __future__ import annotations

from typing import NamedTuple

SHOWN = 20  # misses and extras kept a kind


class Score(NamedTuple):
    """The score of one kind of finding.

    ``judged`` is False if the pipeline does not look for it (yet) or the findings do not tell; such
    a kind has no precision and no recall. ``exact``: the specification leaves no room, so any value
    below 1.0 is a broken guarantee.
    """

    kind: str
    expected: int
    found: int
    matched: int
    judged: bool = True
    exact: bool = True
    misses: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    beside: int = 0  # findings at a defect of another kind that looks the same: not counted found

    @property
    def precision(self) -> float | None:
        """Share of the findings that are true; None if nothing was found."""
        return self.matched / self.found if self.judged and self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the truth that was found; None if there was nothing to find."""
        return self.matched / self.expected if self.judged and self.expected else None

    @property
    def perfect(self) -> bool:
        """Whether nothing was missed and nothing made up."""
        return self.matched == self.expected == self.found
