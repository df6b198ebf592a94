"""The short way to the quality codes leads where the long one does."""

from __future__ import annotations

import tracemalloc
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.columns import Pattern
from schemas.decoding.blocks import block_of_readings
from schemas.reading import FLAGS, STATES, Reading
from sinks.readings.quality import AssessQuality, quality_assessor
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import UNKNOWN_PARAMETER
from streams.core.quality.assess import channel_codes
from streams.core.quality.rejection import rejection_of
from streams.core.records.findings import Proof
from streams.core.records.partitioning import Share, partition_of
from streams.core.registry.enterprise import (
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
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import compile_sources
from tests.core import stacks
from tests.core.examples import history
from tests.sinks.make import DAY, MARCH, MINUTE
from tests.support.generated import examples

Codes = dict[str, str]
"""Quality code by channel, of those that are not simply valid."""

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
    narrow = tuple(structs.replace(channel, range=(-1.0, 100.0)) for channel in channels)
    areas = structs.replace(source, id="S2", stack_area_m2=None, excused=())  # no mass flow
    others = (
        areas,
        structs.replace(source, id="S3", channels=narrow, devices=(), excused=()),
    )
    names = Names("", "", "")
    enterprise = Enterprise(
        "990140001233", names, "KZ-55", 1, "large", "2009-05-01", (source, *others)
    )
    tested = structs.replace(
        enterprise, bin="990140001234", test=True, sources=(structs.replace(source, id="T"),)
    )
    young = structs.replace(
        enterprise,
        bin="990140001235",
        commissioned_on="2026-03-02",
        sources=(structs.replace(source, id="Y"),),
    )
    history = RegistryHistory()
    for each in (enterprise, tested, young):
        history.add(0, each.bin, each, Proof("r", 0, 0, 0, 0, ""))
    return history


HISTORIES = [registered(unit, basis) for unit in ("degC", "K") for basis in ("dry", "wet")]


def codes_of(
    assess_quality: AssessQuality, readings: list[Reading], after: int = MINUTE
) -> list[Codes | None]:
    """What the judge says of readings of one pattern, ``after`` (ms) their start."""
    one = readings[0]
    pattern = Pattern(one.period_s, one.state, tuple(one.values), one.flags)
    block = block_of_readings(pattern, list(enumerate(readings)))
    judged = assess_quality(block, block.measured_at + after, 0)
    assert np.array_equal(judged.values, block.values[judged.places], equal_nan=True)
    found: list[Codes | None] = [None] * len(readings)
    for place, codes in zip(judged.places.tolist(), judged.codes.tolist(), strict=True):
        texts = {name: judged.texts[code] for name, code in zip(pattern.names, codes, strict=True)}
        found[place] = {name: text for name, text in texts.items() if text}
    return found


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
    source=st.sampled_from(["S1", "S2", "S3"]),
    times=st.sampled_from([1, 10]),
)
def test_codes_are_those_of_the_core(
    history: RegistryHistory,
    values: dict[str, float],
    minutes: list[int],
    state: str,
    flags: dict[str, str],
    serial: str | None,
    source: str,
    times: int,
) -> None:
    assess_quality = quality_assessor(history, Policy(), 1)
    ordinary = dict.fromkeys(values, 7.4)
    readings, expected = [], []
    # The ordinary one comes first, so that the second meets its codes; many are judged together.
    for minute in minutes * times:
        for sent in (ordinary, values):
            start = MARCH + minute * MINUTE
            reading = Reading(source, start, 60, state, serial, sent, flags)
            entry = history.source(source, start + MINUTE)
            assert entry is not None
            readings.append(reading)
            expected.append(channel_codes(reading, entry))
    if values:
        assert codes_of(assess_quality, readings) == expected  # in one batch
        few = len(readings) // times
        alone = [codes_of(assess_quality, [each])[0] for each in readings[:few]]
        assert alone == expected[:few]


ODD = (
    *(-1e308, -274.0, -273.15, -100.0, -40.0, -1.0, -0.01, -0.0, 1e-4, 5.0, 15.0, 18.0, 19.95),
    *(20.0, 21.0, 90.0, 98.6, 99.5, 100.0, 140.0, 3000.0, 4000.0, 1e34, 1.7e308),
    *(float("nan"), float("inf"), float("-inf")),
)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("state", ["NORMAL", "STARTUP"])
def test_codes_are_those_of_the_core_wherever_one_value_or_two_are_odd(
    history: RegistryHistory, state: str
) -> None:
    """All channels of all sources; ordinary readings come between, in one block and in many."""
    assess_quality = quality_assessor(history, Policy(), 1)
    names = ("SO2", "NO", "O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY")
    ordinary = dict.fromkeys(names, 7.4)
    changes = [{name: value} for name in names for value in ODD]
    changes += [{"O2": one, "H2O": other} for one in ODD for other in ODD]
    readings, expected = [], []
    for number, change in enumerate(changes):
        for source in ("S1", "S2", "S3"):
            for sent in (ordinary, ordinary | change):
                start = MARCH + number * 5 * MINUTE
                reading = Reading(source, start, 60, state, "A1" if number % 9 else None, sent, {})
                entry = history.source(source, start + MINUTE)
                assert entry is not None
                readings.append(reading)
                expected.append(channel_codes(reading, entry))
    assert codes_of(assess_quality, readings) == expected
    for first in range(0, len(readings), 7):  # so few are judged one by one
        assert codes_of(assess_quality, readings[first : first + 7]) == expected[first : first + 7]


@examples(40)
@given(st.integers(0, 2**48), st.sampled_from((1, 4)), st.sampled_from((3, 40)))
def test_codes_are_those_of_the_core_of_stacks_of_every_kind(
    seed: int, sources: int, readings: int
) -> None:
    """Gauge pressure, excess of air, water vapour, normal flow, reported mass flow."""
    rng = Random(seed)
    works = stacks.works(rng, sources)
    registry = history(works)
    entries = compile_sources(works)
    by_id = {entry.id: entry for entry in entries}
    assess_quality = quality_assessor(registry, Policy(), 1)
    for _ in range(2):  # the second time many codes are known
        block = stacks.block(rng, entries, readings)
        judged = assess_quality(block, block.measured_at + 600_000, 0)
        for place, codes in zip(judged.places.tolist(), judged.codes.tolist(), strict=True):
            item = block.reading(place)
            names = block.pattern.names
            found = {name: judged.texts[code] for name, code in zip(names, codes, strict=True)}
            expected = channel_codes(item, by_id[item.source_id])
            assert {name: text for name, text in found.items() if text} == expected


@pytest.mark.parametrize("period_s", [60, 30, 0, -60, 3600, 7200])
@pytest.mark.parametrize("many", [1, 20])
def test_what_is_refused_gets_no_codes(period_s: int, many: int) -> None:
    history, policy = HISTORIES[0], Policy()
    assess_quality = quality_assessor(history, policy, 1)
    refused = 0
    bounds = (-policy.future, policy.max_lateness)
    edges = [edge + period_s * 1000 + beyond for edge in bounds for beyond in (-1, 0, 1)]
    for after in (-60 * MINUTE, 0, MINUTE, *edges):
        readings = [
            Reading(source, MARCH + day * DAY + 1, period_s, "NORMAL", None, {"SO2": 1.0}, {})
            for source in ("S1", "T", "Y", "S9", "S2")
            for day in (0, 1, -40_000, 10**9, -(10**9))
        ] * many
        expected = [
            rejection_of(
                reading,
                history.source(reading.source_id, reading.measured_at + after),
                reading.measured_at + after,
                policy,
                Share(0, 1),
            )
            for reading in readings
        ]
        told = codes_of(assess_quality, readings, after)
        assert [codes is None for codes in told] == [each is not None for each in expected]
        refused += sum(each is not None for each in expected)
    assert refused


@pytest.mark.parametrize("many", [1, 20])
def test_what_lies_in_another_partition_than_its_source_gets_no_codes(many: int) -> None:
    assess_quality = quality_assessor(HISTORIES[0], Policy(), 7)
    readings = [
        Reading(source, MARCH, 60, "NORMAL", None, {"SO2": 1.0}, {}) for source in ("S1", "S2")
    ] * many
    block = block_of_readings(Pattern(60, "NORMAL", ("SO2",), {}), list(enumerate(readings)))
    for partition in range(7):
        judged = assess_quality(block, block.measured_at + MINUTE, partition)
        expected = [
            at for at, name in enumerate(block.source_ids) if partition_of(name, 7) == partition
        ]
        assert judged.places.tolist() == expected


def test_made_up_channels_are_not_remembered() -> None:
    assess_quality = quality_assessor(HISTORIES[0], Policy(), 1)
    held = 0
    tracemalloc.start()
    try:
        for number in range(200):
            values = {f"{number}-{channel}": 1.0 for channel in range(1000)} | {"SO2": 1.0}
            (codes,) = codes_of(
                assess_quality, [Reading("S1", MARCH, 60, "NORMAL", None, values, {})]
            )
            assert codes is not None
            assert codes[f"{number}-7"] == UNKNOWN_PARAMETER
            if number == 100:
                held = tracemalloc.get_traced_memory()[0]
        assert tracemalloc.get_traced_memory()[0] < held + 1_000_000
    finally:
        tracemalloc.stop()
