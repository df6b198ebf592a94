"""Whether a peer found what we found, on the subset that both compute.

Where a reading came after its window had closed, we publish a new revision and the peers drop the
reading: such a window is `revised`, and a difference there is a missing part, not an error.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from math import isclose
from typing import NamedTuple, TypeVar

from tests.bench.results import Results

TOLERANCE = 1e-9
_EXAMPLES = 3

Key = TypeVar("Key", bound=Hashable)


class Compared(NamedTuple):
    """Counts over our results, each in one of the first four; and over those of the peer alone."""

    equal: int
    revised: int
    """Not equal or absent, because late readings changed our value."""
    different: int
    absent: int
    extra: int
    """Of the peer alone: windows that it closed and we left open, or findings we do not have."""
    examples: tuple[str, ...]
    """Some of what is different or absent."""

    @property
    def agrees(self) -> bool:
        """True where the peer found all that we found, but for late readings."""
        return not self.different and not self.absent


class Verdict(NamedTuple):
    """How a peer's results compare with ours."""

    means: Compared
    violations: Compared

    @property
    def agrees(self) -> bool:
        """True where the peer did the same job, so that its time counts."""
        return self.means.agrees and self.violations.agrees and not self.violations.extra


def compare(ours: Results, peer: Results) -> Verdict:
    """Hold a peer's means and violations against ours, relative tolerance `TOLERANCE`."""
    revised = ours.revised
    return Verdict(
        _compare(ours.means, peer.means, lambda key: key in revised),
        _compare(
            ours.violations,
            peer.violations,
            # KZ-30 judges the mean of 30 minutes.
            lambda key: (key[1], key[2], "30min", key[3]) in revised,
        ),
    )


def _compare(
    ours: Mapping[Key, float], peer: Mapping[Key, float], revised: Callable[[Key], bool]
) -> Compared:
    equal = late = different = absent = 0
    examples: list[str] = []
    for key, value in ours.items():
        theirs = peer.get(key)
        if theirs is not None and isclose(value, theirs, rel_tol=TOLERANCE, abs_tol=0.0):
            equal += 1
            continue
        if revised(key):
            late += 1
            continue
        if theirs is None:
            absent += 1
        else:
            different += 1
        if len(examples) < _EXAMPLES:
            examples.append(f"{key}: ours {value!r}, theirs {theirs!r}")
    extra = sum(key not in ours and not revised(key) for key in peer)
    return Compared(equal, late, different, absent, extra, tuple(examples))
