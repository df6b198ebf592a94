"""Signals are correlated, vary over the day, and do not depend on how they are asked for."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.simulation.fleet import build_fleet
from emissions.simulation.noise import Draw, Floats, key_of, slow, white
from emissions.simulation.signals import Signals
from tests.support.generated import examples

FLEET = build_fleet(3, 30, date(2026, 5, 4), 1)
MIDNIGHT = 29_630_580  # 2026-05-04T00:00+05:00 in minutes since 1970
DAY = np.arange(MIDNIGHT, MIDNIGHT + 1440, dtype=np.int64)


@examples(25)
@given(cut=st.integers(1, 1439), which=st.integers(0, len(FLEET.stacks) - 1))
def test_a_cut_changes_nothing(cut: int, which: int) -> None:
    signals = Signals(3, FLEET.stacks[which])
    parts = [signals.values(DAY[:cut]), signals.values(DAY[cut:])]
    assert np.concatenate(parts).tobytes() == signals.values(DAY).tobytes()


@pytest.mark.parametrize("stack", FLEET.stacks, ids=lambda stack: stack.id)
def test_values_lie_within_the_range_of_their_channel(stack: object) -> None:
    signals = Signals(3, stack)  # type: ignore[arg-type]
    values = signals.values(DAY)
    for column, channel in enumerate(signals.stack.source.channels):
        assert channel.range is not None
        assert channel.range[0] < values[:, column].min()
        assert values[:, column].max() < channel.range[1]


def test_flow_follows_the_load_of_the_day_and_oxygen_goes_against_it() -> None:
    signals = Signals(3, FLEET.stacks[0])
    values = signals.values(DAY)
    column = signals.parameters.index
    velocity = values[:, column("VELOCITY")]
    night, evening = velocity[120:240].mean(), velocity[1080:1200].mean()
    assert evening > 1.2 * night
    assert np.corrcoef(velocity, values[:, column("TEMPERATURE")])[0, 1] > 0.5
    assert np.corrcoef(velocity, values[:, column("O2")])[0, 1] < -0.3


def test_noise_is_bounded_and_its_own_at_every_key() -> None:
    keys = np.array([key_of("a"), key_of("b")], dtype=np.uint64)
    noises: tuple[Floats, ...] = (white(keys, DAY), slow(keys, DAY, 120))
    for noise in noises:
        assert noise.min() >= -1
        assert noise.max() < 1
        assert abs(np.corrcoef(noise[0], noise[1])[0, 1]) < 0.6
    assert abs(float(white(keys, DAY).mean())) < 0.1


def test_draws_stay_in_their_bounds_and_reach_them() -> None:
    draw = Draw("bounds")
    assert {draw.between(3, 6) for _ in range(200)} == {3, 4, 5, 6}
    assert all(2.0 <= draw.real(2.0, 2.5) < 2.5 for _ in range(200))
