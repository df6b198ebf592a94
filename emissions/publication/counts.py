"""Pools counts so that none of them names an enterprise (statistical cell suppression).

A region with few enterprises is no crowd: whoever counts one case there knows whose it is. Leaving
its count out does not help, because the total less the others gives it back. So the counts of such
regions are added up in one group, and the group takes in the next smallest region until it is
large enough itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

LEAST_ENTERPRISES: Final = 3
"""Fewest enterprises in a group that is counted by itself: of two, each knows the other."""

POOLED: Final = ""
"""Region of the group that stands for all regions with too few enterprises."""

What = TypeVar("What", bound=Hashable)


class Cell(NamedTuple):
    """A number of a region, or of `POOLED`; ``what`` is what is counted, such as an article."""

    region: str
    what: Hashable
    number: int


def pooled_regions(
    enterprises: Mapping[str, int], least: int = LEAST_ENTERPRISES
) -> frozenset[str]:
    """Return the regions that are counted together, by their numbers of enterprises.

    Of regions with as many enterprises the first by code is taken in.
    """
    small = {region for region, number in enterprises.items() if number < least}
    together = sum(enterprises[region] for region in small)
    if not small:
        return frozenset()
    for region in sorted(enterprises, key=lambda each: (enterprises[each], each)):
        if together >= least:
            break
        if region not in small:
            small.add(region)
            together += enterprises[region]
    return frozenset(small)


def pooled_cells(
    counts: Mapping[tuple[str, What], int],
    enterprises: Mapping[str, int],
    least: int = LEAST_ENTERPRISES,
) -> list[Cell]:
    """Return the counts that may be published, sorted by region; their sum is that of ``counts``.

    ``counts`` are by region and what is counted, ``enterprises`` of the same regions without test
    streams. A region without a number has none. Nothing is counted where the whole nation is too
    small a group.
    """
    numbers = {region: enterprises.get(region, 0) for region, _ in counts} | dict(enterprises)
    if sum(numbers.values()) < least:
        return []
    pooled = pooled_regions(numbers, least)
    found: dict[tuple[str, What], int] = {}
    for (region, what), count in counts.items():
        key = (POOLED if region in pooled else region, what)
        found[key] = found.get(key, 0) + count
    return sorted(
        (Cell(region, what, count) for (region, what), count in found.items()), key=_order
    )


def regions_of(cells: Iterable[Cell]) -> frozenset[str]:
    """Return the regions that are counted by themselves."""
    return frozenset(each.region for each in cells) - {POOLED}


def _order(cell: Cell) -> tuple[str, str]:
    return cell.region, repr(cell.what)
