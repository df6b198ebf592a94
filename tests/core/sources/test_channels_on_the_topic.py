"""What an older registry left on the topic stops no partition and splits no key."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.quality_codes import UNKNOWN_PARAMETER
from streams.core.quality.assess import channel_codes
from streams.core.registry.enterprise import Channel
from streams.core.sources.source import compile_sources
from streams.core.time.interval import HOUR
from tests.core.examples import Log, enterprise, fold, limit, local, reading, source
from tests.support.generated import examples

AT = local("2026-04-01")


@examples(12)
@given(st.integers(0, 4), st.lists(st.integers(1, 29), max_size=6, unique=True))
def test_a_source_of_any_number_of_channels_is_judged_from_its_saved_state(
    width: int, cuts: list[int]
) -> None:
    channels = tuple(Channel(f"P{at}", "mg/m3", basis="dry") for at in range(width))
    plant = enterprise(source(channels=channels, limits=()))
    log = Log()
    for number in range(29):
        log.add(reading(AT + number * 600_000, values={c.parameter: 5.0 for c in channels}))
    log.tick(AT + 30 * HOUR)
    alone, again = fold(log, plant), fold(log, plant, cuts, rebuilt=True)
    assert again.last_means == alone.last_means
    assert len({mean.parameter for mean in alone.means}) == width
    assert (again.last_gaps, again.used) == (alone.last_gaps, 29)
    hours = [key for key in alone.state if "/hour/" in key]
    assert [again.state[key] for key in hours] == [alone.state[key] for key in hours]


@pytest.mark.parametrize("name", ["SO2|g", "so2", "SO\u00b2", "S" * 33, "SO2 ", "|", "A|B|C"])
def test_a_name_that_is_none_is_an_unknown_parameter(name: str) -> None:
    good, bad = Channel("SO2", "mg/m3", basis="dry"), Channel(name, "mg/m3", basis="dry")
    plant = enterprise(source(channels=(good, bad), limits=(limit(500.0),)))
    (entry,) = compile_sources(plant)
    assert entry.pollutants == ("SO2",)
    item = reading(AT, values={"SO2": 100.0, name: 7.0, "X|mg/m3": 1.0})
    codes = channel_codes(item, entry)
    assert (codes[name], codes["X|mg/m3"]) == (UNKNOWN_PARAMETER, UNKNOWN_PARAMETER)
    log = Log()
    for number in range(12):
        log.add(reading(AT + number * 600_000, values={"SO2": 100.0, name: 7.0, "X|mg/m3": 1.0}))
    found = fold(log.tick(AT + 4 * HOUR), plant)
    assert {(mean.parameter, mean.unit) for mean in found.means} == {("SO2", "mg/m3")}


def test_the_longest_name_and_every_sign_of_one_are_a_parameter() -> None:
    for one, other in pairwise(["SO2", "PM2.5", "A_B-C", "Z" * 32]):
        channels = tuple(Channel(name, "mg/m3", basis="dry") for name in (one, other))
        (entry,) = compile_sources(enterprise(source(channels=channels, limits=())))
        assert entry.pollutants == tuple(sorted((one, other)))
