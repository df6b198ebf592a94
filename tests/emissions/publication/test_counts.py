"""Counts name nobody: small regions are counted together, and the sum stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emissions.publication import Cell, pooled_cells
from emissions.publication.counts import (
    LEAST_ENTERPRISES,
    LEAST_UNNAMED,
    POOLED,
    pooled_regions,
    regions_of,
)
from tests.support.generated import examples

REGIONS = st.sampled_from(["KZ-10", "KZ-19", "KZ-35", "KZ-47", "KZ-55"])


def test_a_region_with_one_enterprise_is_counted_with_the_next_smallest() -> None:
    numbers = {"KZ-10": 1, "KZ-35": 4, "KZ-55": 9}
    counts = {("KZ-10", "328"): 2, ("KZ-35", "328"): 3, ("KZ-55", "328"): 5}
    assert pooled_cells(counts, numbers) == [Cell(POOLED, "328", 5), Cell("KZ-55", "328", 5)]
    assert pooled_regions({"KZ-35": 3, "KZ-55": 9}) == frozenset()


def test_small_regions_that_are_enough_together_take_in_no_other() -> None:
    assert pooled_regions({"KZ-10": 1, "KZ-19": 2, "KZ-55": 9}) == {"KZ-10", "KZ-19"}


def test_a_nation_of_two_enterprises_counts_nothing() -> None:
    assert pooled_cells({("KZ-10", "328"): 1}, {"KZ-10": 2}) == []
    assert pooled_cells({}, {}) == []


def test_a_region_nobody_is_registered_in_is_never_counted_by_itself() -> None:
    counts = {("", "328"): 1, ("KZ-55", "328"): 2}
    assert regions_of(pooled_cells(counts, {"KZ-55": 9})) == frozenset()


NATION = {"KZ-10": 4, "KZ-35": 4, "KZ-55": 9}


def test_a_small_count_of_a_large_region_is_given_without_it() -> None:
    counts = {("KZ-10", "328"): 1, ("KZ-35", "328"): 4, ("KZ-55", "328"): 5, ("KZ-55", "331"): 1}
    assert pooled_cells(counts, NATION) == [
        Cell(POOLED, "328", 5),
        Cell(POOLED, "331", 1),
        Cell("KZ-55", "328", 5),
    ]


def test_a_rest_that_is_small_takes_in_the_next_smallest_count() -> None:
    counts = {("KZ-10", "328"): 1, ("KZ-35", "328"): 7, ("KZ-55", "328"): 9}
    assert pooled_cells(counts, NATION) == [Cell(POOLED, "328", 8), Cell("KZ-55", "328", 9)]


def test_cases_with_a_name_hide_no_other() -> None:
    counts = {("KZ-10", "328"): 40, ("KZ-55", "328"): 9}
    named = {("KZ-10", "328"): 36, ("KZ-55", "328"): 4}
    assert pooled_cells(counts, NATION, named=named) == [Cell(POOLED, "328", 49)]


@given(
    st.dictionaries(st.tuples(REGIONS, st.sampled_from(["328", "331"])), st.integers(1, 50)),
    st.dictionaries(REGIONS, st.integers(0, 9)),
    st.integers(0, 50),
)
@examples(300)
def test_no_group_is_too_small_and_nothing_is_lost(
    counts: dict[tuple[str, str], int], numbers: dict[str, int], most_named: int
) -> None:
    named = {key: min(count, most_named) for key, count in counts.items()}
    found = pooled_cells(counts, numbers, named=named)
    alone = regions_of(found)
    assert all(numbers.get(region, 0) >= LEAST_ENTERPRISES for region in alone)
    assert len({(each.region, each.what) for each in found}) == len(found)
    if not found:
        assert not counts or sum(numbers.values()) < LEAST_ENTERPRISES
        return
    assert sum(each.number for each in found) == sum(counts.values())
    pooled = pooled_regions({region: 0 for region, _ in counts} | numbers)
    assert not alone & pooled
    assert not pooled or sum(numbers.get(each, 0) for each in pooled) >= LEAST_ENTERPRISES
    own = {(each.region, each.what) for each in found if each.region != POOLED}
    for key in own:
        assert counts[key] - named[key] >= LEAST_UNNAMED  # type: ignore[index]
    for what in {what for _, what in counts}:
        rest = [key for key in counts if key[1] == what and key not in own]
        unnamed = sum(counts[key] - named[key] for key in rest)
        beside = any(of == what for _, of in own)
        assert unnamed == 0 or unnamed >= LEAST_UNNAMED or not beside
