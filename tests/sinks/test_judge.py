"""The short way to the quality codes leads where the long one does."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.judge import Codes, Judge, registry_judge
from sinks.readings import Alike
from streams.core.findings import Proof
from streams.core.policy import Policy
from streams.core.quality import UNKNOWN_PARAMETER, channel_codes, refusal
from streams.core.reading import FLAGS, STATES, Reading
from streams.core.registration import (
    Channel,
    Conditions,
    Device,
    Enterprise,
    Excused,
    Limit,
    Names,
    Source,
    Verification,
)
from streams.core.registry_history import RegistryHistory
from tests.sinks.make import MARCH, MINUTE

REFERENCE = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True, o2_pct=6.0)


def registered(temperature: str, oxygen: str) -> RegistryHistory:
    channels = (
        Channel("SO2", "mg/m3", basis="wet", range=(0.0, 3000.0)),
        Channel("NO", "ppm", basis="wet"),
        Channel("O2", "%", basis=oxygen),
        Channel("H2O", "%"),
        Channel("TEMPERATURE", temperature),
        Channel("PRESSURE", "kPa"),
        Channel("VELOCITY", "m/s"),
    )
    limits = (
        Limit("SO2", 500.0, "mg/m3", "2024-01-01", reference=REFERENCE),
        Limit("SO2", 160.0, "g/s", "2024-01-01"),
        Limit("NO", 200.0, "mg/m3", "2026-03-02", reference=REFERENCE),
    )
    source = Source(
        "S1",
        60,
        channels,
        stack_area_m2=28.0,
        limits=limits,
        devices=(Device("a", "A1", Verification("1", "2024-01-01")),),
        excused=(Excused("2026-03-01T01:00:00+05:00", "2026-03-01T01:30:00+05:00"),),
    )
    names = Names("", "", "")
    enterprise = Enterprise("990140001233", names, "KZ-55", 1, "large", "2009-05-01", (source,))
    history = RegistryHistory()
    history.add(0, enterprise.bin, enterprise, Proof("r", 0, 0, 0, 0, ""))
    return history


HISTORIES = [registered(unit, basis) for unit in ("degC", "K") for basis in ("dry", "wet")]


def codes_of(judge: Judge, readings: list[Reading], after: int = MINUTE) -> list[Codes | None]:
    """What the judge says of readings with the same channels, ``after`` (ms) their start."""
    names = tuple(readings[0].values)
    values = np.array([[*each.values.values()] for each in readings])
    group = Alike([*range(len(readings))], readings, names, values)
    return judge(group, [reading.measured_at + after for reading in readings])


near = st.sampled_from([-274.0, -273.15, -40.0, -1.0, 0.0, 1e-4, 5.0, 7.4, 18.0, 19.95, 20.0])
far = st.sampled_from([98.6, 99.5, 100.0, 140.0, 3000.0, 4000.0, 1e34, float("nan"), float("inf")])
usual = st.dictionaries(
    st.sampled_from(["SO2", "NO", "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY", "NEW"]),
    st.sampled_from([5.0, 7.4, 9.8]),
)
odd = st.dictionaries(st.sampled_from(["SO2", "O2", "H2O", "TEMPERATURE", "PRESSURE"]), near | far)


@pytest.mark.parametrize("history", HISTORIES)
@given(
    values=st.builds(lambda a, b: {**a, **b}, usual, odd | st.just({})),
    minutes=st.lists(st.integers(0, 3000), min_size=1, max_size=4),
    state=st.just("NORMAL") | st.sampled_from(STATES),
    flags=st.just({}) | st.dictionaries(st.just("SO2"), st.sampled_from(FLAGS)),
    serial=st.sampled_from(["A1", None]),
)
def test_codes_are_those_of_the_core(
    history: RegistryHistory,
    values: dict[str, float],
    minutes: list[int],
    state: str,
    flags: dict[str, str],
    serial: str | None,
) -> None:
    judge = registry_judge(history, Policy())
    ordinary = dict.fromkeys(values, 7.4)
    readings, expected = [], []
    for minute in minutes:  # the ordinary one comes first, so that the second meets its codes
        for sent in (ordinary, values):
            start = MARCH + minute * MINUTE
            reading = Reading("S1", start, 60, state, serial, sent, flags)
            entry = history.source("S1", start + MINUTE)
            assert entry is not None
            readings.append(reading)
            expected.append(channel_codes(reading, entry))
    if values:
        assert codes_of(judge, readings) == expected  # in one batch
        assert [codes_of(judge, [each])[0] for each in readings] == expected  # and alone


def test_what_is_refused_gets_no_codes() -> None:
    judge, policy = registry_judge(HISTORIES[0], Policy()), Policy()
    late = Reading("S1", MARCH, 60, "NORMAL", None, {"SO2": 1.0}, {})
    entry = HISTORIES[0].source("S1", MARCH)
    for arrival in (MARCH - 10 * MINUTE, MARCH + MINUTE + policy.max_lateness + 1):
        assert refusal(late, entry, arrival, policy) is not None
        assert codes_of(judge, [late], arrival - MARCH) == [None]
    unknown = Reading("S2", MARCH, 60, "NORMAL", None, {"SO2": 1.0}, {})
    told = codes_of(judge, [late, unknown, late])
    assert [codes is None for codes in told] == [False, True, False]


def test_made_up_channels_are_not_remembered() -> None:
    judge = registry_judge(HISTORIES[0], Policy())
    held = 0
    tracemalloc.start()
    try:
        for number in range(200):
            values = {f"{number}-{channel}": 1.0 for channel in range(1000)} | {"SO2": 1.0}
            (codes,) = codes_of(judge, [Reading("S1", MARCH, 60, "NORMAL", None, values, {})])
            assert codes is not None
            assert codes[f"{number}-7"] == UNKNOWN_PARAMETER
            if number == 100:
                held = tracemalloc.get_traced_memory()[0]
        assert tracemalloc.get_traced_memory()[0] < held + 1_000_000
    finally:
        tracemalloc.stop()
