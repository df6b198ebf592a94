"""Puts the figures of regions and enterprises together from what was asked; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from emissions.portal.language import Language
from emissions.portal.queries.exceedances import Exceedances
from emissions.portal.queries.nation import Duty
from emissions.portal.queries.places import Place, Region
from emissions.portal.rendering import name_of
from emissions.portal.transmission import Shares, SourceShare, shares_by

NOTHING: Final = Shares()

_ALPHABET: Final = {
    letter: at for at, letter in enumerate("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя")
}


class RegionFigures(NamedTuple):
    """A region: its enterprises by duty, its sources' transmission, its means above the limit."""

    region: Region
    enterprises: int
    obliged: int
    installed: int
    connected: int
    on_roadmap: int
    in_breach: int
    shares: Shares
    too_high: int


class EnterpriseFigures(NamedTuple):
    """An enterprise beside its sources' transmission and its means above the limit."""

    duty: Duty
    sources: int
    shares: Shares
    too_high: int


def region_figures(
    regions: Mapping[str, Region],
    duties: Iterable[Duty],
    sources: Iterable[SourceShare] = (),
    too_high: Iterable[Exceedances] = (),
    places: Iterable[Place] = (),
) -> list[RegionFigures]:
    """Return every region, those without an enterprise too, in the order of their codes.

    ``sources`` are of one period.
    """
    by_region: dict[str, list[Duty]] = {code: [] for code in regions}
    for each in duties:
        by_region.setdefault(each.region, []).append(each)
    of_region = shares_by(sources, lambda each: each.place.region)
    where = {each.source_id: each.region for each in places}
    above: Counter[str] = Counter()
    for found in too_high:
        above[where.get(found.source_id, "")] += found.number
    return [
        _region(region, by_region[code], of_region.get(code, NOTHING), above[code])
        for code, region in regions.items()
    ]


def enterprise_figures(
    duties: Iterable[Duty],
    places: Iterable[Place],
    sources: Iterable[SourceShare] = (),
    too_high: Iterable[Exceedances] = (),
) -> list[EnterpriseFigures]:
    """Return every enterprise in the given order; ``sources`` are of one period."""
    owners = {each.source_id: each.bin for each in places}
    number = Counter(owners.values())
    of_bin = shares_by(sources, lambda each: each.place.bin)
    above: Counter[str] = Counter()
    for found in too_high:
        above[owners.get(found.source_id, "")] += found.number
    return [
        EnterpriseFigures(each, number[each.bin], of_bin.get(each.bin, NOTHING), above[each.bin])
        for each in duties
    ]


def by_name(language: Language, rows: Sequence[EnterpriseFigures]) -> list[EnterpriseFigures]:
    """Sort enterprises by their names in a language, Kazakh letters in their places."""
    return sorted(rows, key=lambda each: (_order(name_of(each.duty, language)), each.duty.bin))


def by_transmission(rows: Iterable[EnterpriseFigures]) -> list[EnterpriseFigures]:
    """Sort enterprises by transmitted times valid, the least first; those without data last."""
    return sorted(rows, key=lambda each: (*_least_first(each.shares), each.duty.bin))


def regions_by_transmission(rows: Iterable[RegionFigures]) -> list[RegionFigures]:
    """Sort regions by transmitted times valid, the least first; those without data last."""
    return sorted(rows, key=lambda each: (*_least_first(each.shares), each.region.code))


def _least_first(shares: Shares) -> tuple[bool, float]:
    return shares.both is None, shares.both or 0.0


def _order(name: str) -> list[tuple[int, int]]:
    return [
        (1, _ALPHABET[letter]) if letter in _ALPHABET else (0, ord(letter))
        for letter in name.lower()
    ]


def _region(region: Region, duties: list[Duty], found: Shares, above: int) -> RegionFigures:
    obliged = [each for each in duties if each.obliged]
    return RegionFigures(
        region,
        len(duties),
        len(obliged),
        sum(bool(each.installed) for each in obliged),
        sum(bool(each.connected) for each in obliged),
        sum(bool(each.on_roadmap) for each in obliged),
        sum(each.state in ("installed", "none") for each in obliged),
        found,
        above,
    )
