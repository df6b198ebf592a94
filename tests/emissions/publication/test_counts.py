"""Counts name nobody: small regions are counted together, and the sum stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emissions.publication import Cell, pooled_cells
from emissions.publication.counts import LEAST_ENTERPRISES, POOLED, pooled_regions, regions_of
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


@given(
    st.dictionaries(st.tuples(REGIONS, st.sampled_from(["328", "331"])), st.integers(1, 50)),
    st.dictionaries(REGIONS, st.integers(0, 9)),
)
@examples(300)
def test_no_group_is_too_small_and_nothing_is_lost(
    counts: dict[tuple[str, str], int], numbers: dict[str, int]
) -> None:
    found = pooled_cells(counts, numbers)
    alone = regions_of(found)
    assert all(numbers.get(region, 0) >= LEAST_ENTERPRISES for region in alone)
    assert len({(each.region, each.what) for each in found}) == len(found)
    if not found:
        assert not counts or sum(numbers.values()) < LEAST_ENTERPRISES
        return
    assert sum(each.number for each in found) == sum(counts.values())
    if any(each.region == POOLED for each in found):
        everywhere = {region for region, _ in counts} | numbers.keys()
        pooled = everywhere - alone
        assert sum(numbers.get(region, 0) for region in pooled) >= LEAST_ENTERPRISES
