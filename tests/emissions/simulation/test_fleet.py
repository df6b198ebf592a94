"""The fleet has the figures of the mission, and identities that hold."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec
import pytest

from emissions.simulation.fake_ids import fake_bin
from emissions.simulation.fleet import Fleet, build_fleet
from emissions.simulation.fleet_regions import BY_CODE
from streams.core.registry.enterprise import Enterprise
from streams.rules.kinds.obligation import meets_criteria

START = date(2026, 5, 4)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return build_fleet(1, 91, START, 1)


def obliged(fleet: Fleet) -> list[Enterprise]:
    return [enterprise for enterprise in fleet.enterprises if not enterprise.test]


def test_the_figures_are_those_of_the_mission(fleet: Fleet) -> None:
    enterprises = obliged(fleet)
    utilities = [enterprise for enterprise in enterprises if enterprise.roadmap]
    assert len(enterprises) == 91
    assert sum(enterprise.asm.installed_on is not None for enterprise in enterprises) == 77
    assert sum(enterprise.asm.connected_on is not None for enterprise in enterprises) == 71
    assert len(utilities) == 14
    assert all(enterprise.asm.installed_on is None for enterprise in utilities)
    assert len({enterprise.region for enterprise in utilities}) == 8
    assert sum(not stack.test for stack in fleet.stacks) == 170


def test_one_test_stream_stands_beside_the_91(fleet: Fleet) -> None:
    tests = [enterprise for enterprise in fleet.enterprises if enterprise.test]
    assert len(tests) == 1
    assert [stack.id for stack in fleet.stacks if stack.test] == [tests[0].sources[0].id]


@pytest.mark.parametrize("size", [1, 2, 5, 30, 182, 500])
def test_another_size_keeps_the_proportions(size: int) -> None:
    enterprises = obliged(build_fleet(1, size, START, 1))
    installed = sum(enterprise.asm.installed_on is not None for enterprise in enterprises)
    connected = sum(enterprise.asm.connected_on is not None for enterprise in enterprises)
    assert len(enterprises) == size
    assert abs(installed - size * 77 / 91) < 1
    assert abs(connected - size * 71 / 91) < 1
    assert sum(enterprise.roadmap is not None for enterprise in enterprises) == size - installed


@pytest.mark.parametrize("size", [0, 2001])
def test_a_size_that_cannot_be_made_up_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 2000"):
        build_fleet(1, size, START, 1)


def test_every_bin_has_the_control_digit_of_the_rule_and_none_occurs_twice() -> None:
    numbers = [fake_bin(number) for number in range(2001)]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        digits = [int(digit) for digit in number]
        assert len(digits) == 12
        rest = sum((place + 1) * digits[place] for place in range(11)) % 11
        if rest == 10:
            second = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]
            rest = sum(weight * digits[place] for place, weight in enumerate(second)) % 11
        assert rest == digits[11]


def test_every_source_meets_the_criteria_and_stands_in_the_zone_of_its_region(
    fleet: Fleet,
) -> None:
    for enterprise in fleet.enterprises:
        for source in enterprise.sources:
            criteria = source.criteria
            assert criteria is not None
            assert meets_criteria(criteria)
            plant = msgspec.structs.replace(criteria, gross_t_a=None)
            assert meets_criteria(plant) == (criteria.plant != "other")
            assert source.timezone == BY_CODE[enterprise.region].zone
            assert 8 <= len(source.channels) <= 12
            assert {limit.unit for limit in source.limits} == {"mg/m3", "g/s", "t/a"}
    ids = Counter(source.id for each in fleet.enterprises for source in each.sources)
    assert set(ids.values()) == {1}


def test_the_same_seed_gives_the_same_fleet_and_another_one_does_not(fleet: Fleet) -> None:
    assert build_fleet(1, 91, START, 1) == fleet
    assert build_fleet(2, 91, START, 1).enterprises != fleet.enterprises
