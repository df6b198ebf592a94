"""Pools counts so that none of them names an enterprise (statistical cell suppression).

A region with few enterprises is no crowd: whoever counts one case there knows whose it is. Leaving
its count out does not help, because the total less the others gives it back. So the counts of such
regions are added up in one group, and the group takes in the next smallest region until it is
large enough itself.

Nor is a small count: one case in a region where one enterprise is known to lack something names it,
however many others there are. So a count with few cases that have no name yet is given without its
region, and those without a region take in the next smallest count while they are few themselves.
Cases that are named already do not count here: anybody can take them off.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

LEAST_ENTERPRISES: Final = 3
"""Fewest enterprises in a group that is counted by itself: of two, each knows the other."""

LEAST_UNNAMED: Final = 5
"""Fewest cases without a name in a count of a region."""

POOLED: Final = ""
"""Region of what is counted without one: of several with too few enterprises or cases."""

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
    named: Mapping[tuple[str, What], int] | None = None,
) -> list[Cell]:
    """Return the counts that may be published, sorted by region; their sum is that of ``counts``.

    ``counts`` are by region and what is counted, ``enterprises`` of the same regions without test
    streams. A region without a number has none. ``named`` is how many of ``counts`` are shown with
    a name; None: none is. Nothing is counted where the whole nation is too small a group.
    """
    numbers = {region: enterprises.get(region, 0) for region, _ in counts} | dict(enterprises)
    if sum(numbers.values()) < least:
        return []
    pooled = pooled_regions(numbers, least)
    cells = _moved(counts, lambda region, _: POOLED if region in pooled else region)
    shown = _moved(named or {}, lambda region, _: POOLED if region in pooled else region)
    few = _few({key: count - shown.get(key, 0) for key, count in cells.items()})
    found = _moved(cells, lambda region, what: POOLED if (region, what) in few else region)
    return sorted(
        (Cell(region, what, count) for (region, what), count in found.items()), key=_order
    )


def regions_of(cells: Iterable[Cell]) -> frozenset[str]:
    """Return the regions that are counted by themselves."""
    return frozenset(each.region for each in cells) - {POOLED}


def _moved(
    counts: Mapping[tuple[str, What], int], to: Callable[[str, What], str]
) -> dict[tuple[str, What], int]:
    found: dict[tuple[str, What], int] = {}
    for (region, what), count in counts.items():
        key = (to(region, what), what)
        found[key] = found.get(key, 0) + count
    return found


def _few(unnamed: Mapping[tuple[str, What], int]) -> set[tuple[str, What]]:
    """Return the counts that are given without their region."""
    few: set[tuple[str, What]] = set()
    together: dict[What, int] = {}
    for key in sorted(unnamed, key=lambda each: (each[0] != POOLED, unnamed[each], each[0])):
        region, what = key
        before = together.get(what, 0)
        if region == POOLED or unnamed[key] < LEAST_UNNAMED or 0 < before < LEAST_UNNAMED:
            few.add(key)
        together[what] = before + unnamed[key]
    return few


def _order(cell: Cell) -> tuple[str, str]:
    return cell.region, repr(cell.what)
