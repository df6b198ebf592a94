"""Judging in columns says of every reading what judging it by itself says."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from math import inf, isfinite, nan, nextafter
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.columns import Block
from schemas.reading import Reading
from streams.core.engine.batch import AssessedBatch
from streams.core.engine.deduplication import content_digests
from streams.core.law.quality_codes import CODE_ABSENT, CODE_VALID
from streams.core.quality import assess_columns as in_columns
from streams.core.quality.assess import Assessment, assess_reading
from streams.core.quality.assess_columns import AssessedBlock, assess_block
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Channel, Conditions, Source
from streams.core.sources.plan_shape import PlanShapes
from streams.core.sources.source import SourceEntry, compile_sources
from tests.core import stacks
from tests.core.examples import SO2, enterprise, limit, reading, source
from tests.support.generated import examples


def bits(value: float) -> bytes:
    """A double as it is, the sign of nought included."""
    return struct.pack("<d", value)


def check(block: Block, entries: Sequence[SourceEntry | None], forms: PlanShapes) -> Counter[str]:
    """Compare a block with its readings one by one; the codes that were met."""
    met, judged = Counter[str](), []
    names = sorted(set(block.source_ids))
    records = [RawRecord(at, 0, None, None, ()) for at in range(max(block.rows.tolist()) + 1)]
    for found in assess_block(block, entries, forms):
        sources = np.array([names.index(name) for name in block.source_ids])
        batch = AssessedBatch(block, found, content_digests(block), sources, records)
        judged += found.places
        for at, place in enumerate(found.places):
            entry, item = entries[place], block.reading(place)
            assert entry is not None
            expected = assess_reading(item, entry)
            compare(found, at, entry, item, expected, met)
            assert batch.measured_at[at] == item.measured_at
            assert sorted(batch.valid_pollutants(at)) == sorted(expected.valid_pollutants)
            whole = set(expected.valid_pollutants) == set(entry.pollutants)
            assert batch.complete[at] == whole
            on_time = item.measured_at % (item.period_s * 1000) == 0
            assert batch.regular[at] == (whole and on_time and item.state == "NORMAL")
            upto = at + 1
            while upto < len(found.places) and (
                batch.regular[upto]
                and batch.measured_at[upto] > batch.measured_at[upto - 1]
                and block.source_ids[found.places[upto]] == item.source_id
            ):
                upto += 1
            assert batch.run_ends[at] == upto
    assert sorted(judged) == [at for at, entry in enumerate(entries) if entry is not None]
    return met


def compare(
    found: AssessedBlock,
    at: int,
    entry: SourceEntry,
    item: Reading,
    expected: Assessment,
    met: Counter[str],
) -> None:
    """One reading: every series of its source's layout, and whether its device is verified."""
    layout = entry.plan(item.measured_at).layout
    assert found.shape.key.layout is layout
    fed = {each[0].key: each for each in expected.series}
    assert fed.keys() <= set(layout.keys)
    assert bool(found.verified[at]) == expected.verified
    for position, key in enumerate(layout.keys):
        number = int(found.codes[at, position])
        value, measured = found.values[at, position], found.measured[at, position]
        zeroed = bool(found.zeroed[at, position])
        if key not in fed:
            assert (number, value, measured, zeroed) == (CODE_ABSENT, 0.0, 0.0, False)
            continue
        _, as_measured, as_valued, code, was_zeroed = fed[key]
        assert zeroed == was_zeroed
        if code is None:
            assert number == CODE_VALID
            assert bits(value) == bits(as_valued)
            assert bits(measured) == bits(as_measured)
        else:
            assert number > CODE_VALID
            assert found.names[number] == code
            assert (value, measured) == (0.0, 0.0)
        met[code or ("ZEROED" if zeroed else "VALID")] += 1
    met["UNVERIFIED"] += not expected.verified


def random_block(rng: Random, sources: int, readings: int) -> Counter[str]:
    """Judge a random block of random sources."""
    entries = stacks.entries(rng, sources)
    by_id = {entry.id: entry for entry in entries}
    forms, met = PlanShapes(), Counter[str]()
    for _ in range(2):  # the second time many forms are known
        block = stacks.block(rng, entries, readings)
        those = [None if rng.random() < 0.05 else by_id[name] for name in block.source_ids]
        met += check(block, those, forms)
    return met


@examples(80)
@given(st.integers(0, 2**48), st.sampled_from((1, 2, 6)), st.sampled_from((1, 3, 20)))
def test_every_value_code_and_mark_is_that_of_the_reading_by_itself(
    seed: int, sources: int, readings: int
) -> None:
    random_block(Random(seed), sources, readings)


def test_random_blocks_meet_everything_there_is_to_meet() -> None:
    met = sum((random_block(Random(seed), 8, 40) for seed in range(30)), Counter[str]())
    wanted = {
        "VALID",
        "ZEROED",
        "UNVERIFIED",
        "NOT_FINITE",
        "OUT_OF_RANGE",
        "STATUS_D",
        "STATE_STOPPED",
        "AUXILIARY_MISSING",
        "OXYGEN_TOO_HIGH",
        "EXCUSED",
    }
    assert {code for code, times in met.items() if times >= 5} >= wanted


def forms_of_one_structure(rng: Random, count: int) -> tuple[SourceEntry, ...]:
    """Stacks that differ in nothing but numbers, so that they are judged in one go."""
    found, unit = [], rng.choice(("kPa", "hPa", "Pa"))
    for number in range(count):
        t_ref, p_ref, o2 = rng.uniform(270, 300), rng.uniform(95, 105), rng.uniform(2, 12)
        channels = (
            Channel("SO2", "mg/m3", "wet", range=(0.0, rng.uniform(500.0, 1500.0))),
            Channel("NO2", "ppm", "wet", range=(0.0, rng.uniform(500.0, 1500.0))),
            Channel("O2", "%", "wet"),
            Channel("H2O", "%"),
            Channel("TEMPERATURE", "degC"),
            Channel("PRESSURE", unit),  # part of the layout of the slots
            Channel("VELOCITY", "m/s"),
        )
        at_oxygen = Conditions(t_ref, p_ref, dry=True, o2_pct=o2)
        limits = (
            limit(500.0, reference=at_oxygen),
            limit(500.0, "NO2", reference=at_oxygen),
            limit(9.0, unit="g/s"),
        )
        area = rng.uniform(1.0, 30.0)
        found.append(source(f"S{number}", channels=channels, limits=limits, stack_area_m2=area))
    return compile_sources(enterprise(*found))


@examples(30)
@given(st.integers(0, 2**48))
def test_each_row_of_a_form_has_the_constants_of_its_own_source(seed: int) -> None:
    rng = Random(seed)
    entries, forms = forms_of_one_structure(rng, 7), PlanShapes()
    by_id = {entry.id: entry for entry in entries}
    block = stacks.block(rng, entries, 30)
    those = [by_id[name] for name in block.source_ids]
    assume(set(block.pattern.names) <= set(entries[0].plan(stacks.BEGIN)))
    assert len(list(assess_block(block, those, forms))) == 1
    check(block, those, forms)


def scaled_block(values: Sequence[float]) -> tuple[Block, SourceEntry]:
    """Readings of a dry channel at 11 % of oxygen whose limit is at 6 %: a factor of 1.5."""
    given_o2 = Conditions(293.15, 101.3, dry=True, o2_pct=11.0)
    at_six = Conditions(293.15, 101.3, dry=True, o2_pct=6.0)
    plant = enterprise(
        source(
            channels=(Channel("SO2", "mg/m3", conditions=given_o2),),
            limits=(limit(500.0, reference=at_six),),
        )
    )
    found = [reading(stacks.BEGIN, values={"SO2": each}) for each in values]
    return stacks.block_of(found), compile_sources(plant)[0]


@given(st.lists(st.integers(2**52, 2**53 - 1), min_size=1, max_size=30), st.integers(-900, 900))
def test_products_in_the_middle_of_two_doubles(whole: list[int], power: int) -> None:
    """1.5 times an odd number of 53 digits is a tie as often as not."""
    block, entry = scaled_block([(each | 1) * 2.0**power for each in whole])
    check(block, [entry] * len(whole), PlanShapes())


def test_wet_oxygen_at_its_bound_is_decided_exactly() -> None:
    """20 % of dry gas, computed from wet gas, to the last digit on either side."""
    rng = Random(7)
    entries, forms = forms_of_one_structure(rng, 1), PlanShapes()
    found = []
    for water in (*(rng.uniform(0.0, 60.0) for _ in range(60)), 0.0, 1e-40, 2.0**-47, 10.0, 50.0):
        of_wet = (100.0 - water) / 5.0
        for oxygen in (of_wet, nextafter(of_wet, 0.0), nextafter(of_wet, 99.0)):
            values = {"SO2": 100.0, "O2": oxygen, "H2O": water}
            values |= {"TEMPERATURE": 140.0, "PRESSURE": 98.6}
            found.append(reading(stacks.BEGIN, values=values))
    met = check(stacks.block_of(found), [entries[0]] * len(found), forms)
    assert met["OXYGEN_TOO_HIGH"] > 60
    assert met["VALID"] > 60


def test_ordinary_readings_need_no_exact_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(11)
    entries = forms_of_one_structure(rng, 5)
    middle = {"SO2": 300.0, "NO2": 100.0, "O2": 6.0, "H2O": 9.8}
    middle |= {"TEMPERATURE": 140.0, "PRESSURE": 98.6, "VELOCITY": 18.4}
    block = stacks.block_of(
        [
            reading(
                stacks.BEGIN,
                values={name: each * rng.uniform(0.9, 1.1) for name, each in middle.items()},
            )
            for _ in range(200)
        ]
    )
    those = [entries[at % 5] for at in range(200)]
    assert check(block, those, PlanShapes())["VALID"] == 9 * 200

    def refuse(item: Reading, entry: SourceEntry) -> Assessment:
        raise AssertionError(f"{item} was judged by itself")

    monkeypatch.setattr(in_columns, "assess_reading", refuse)
    assert sum(len(found.places) for found in assess_block(block, those, PlanShapes())) == 200


def station(number: int) -> Source:
    """A twenty-minute station, as one differs from the next."""
    channels = (
        Channel("SO2", "mg/m3", "wet", range=(0.0, 3000.0)),
        Channel("SO2_GS", "g/s", reports="SO2"),
        Channel("ALPHA", "1"),
        Channel("H2O", "mg/m3"),
        Channel("TEMPERATURE", "degC"),
        Channel("PRESSURE", "hPa", gauge=True),
        Channel("FLOW", "Nm3/h"),
    )
    at_oxygen = Conditions(293.15, 101.3, dry=True, o2_pct=3.0 + number)
    return source(
        f"S{number}",
        channels=channels,
        limits=(limit(500.0, reference=at_oxygen), limit(9.0, unit="g/s")),
        barometric_kpa=97.0 + number,
    )


def test_ordinary_readings_of_a_station_need_no_exact_fractions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = Random(12)
    entries = compile_sources(enterprise(*(station(number) for number in range(4))))
    middle = {"SO2": 300.0, "SO2_GS": 80.0, "ALPHA": 1.4, "H2O": 75_000.0}
    middle |= {"TEMPERATURE": 140.0, "PRESSURE": -8.5, "FLOW": 900_000.0}
    block = stacks.block_of(
        [
            reading(
                stacks.BEGIN,
                values={name: each * rng.uniform(0.9, 1.1) for name, each in middle.items()},
            )
            for _ in range(200)
        ]
    )
    those = [entries[at % 4] for at in range(200)]
    assert check(block, those, PlanShapes())["VALID"] == 8 * 200

    def refuse(item: Reading, entry: SourceEntry) -> Assessment:
        raise AssertionError(f"{item} was judged by itself")

    monkeypatch.setattr(in_columns, "assess_reading", refuse)
    assert [len(found.places) for found in assess_block(block, those, PlanShapes())] == [200]


@pytest.mark.parametrize(("gauge", "exactly"), [(-969.5, 20), (-960.0, 0)])
def test_what_a_gauge_leaves_of_the_barometric_pressure_is_exact_where_it_is_little(
    gauge: float, exactly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = compile_sources(enterprise(station(0)))
    values = {"SO2": 300.0, "SO2_GS": 80.0, "ALPHA": 1.4, "H2O": 75_000.0}
    values |= {"TEMPERATURE": 140.0, "PRESSURE": gauge, "FLOW": 900_000.0}
    block = stacks.block_of([reading(stacks.BEGIN, values=values) for _ in range(20)])
    assert check(block, [entry] * 20, PlanShapes())["VALID"] == 8 * 20
    judged: list[Reading] = []

    def count(item: Reading, of: SourceEntry) -> Assessment:
        judged.append(item)
        return assess_reading(item, of)

    monkeypatch.setattr(in_columns, "assess_reading", count)
    list(assess_block(block, [entry] * 20, PlanShapes()))
    assert len(judged) == exactly


def test_a_name_that_nobody_registered_changes_nothing_for_the_others() -> None:
    (entry,) = compile_sources(enterprise(source(channels=(SO2,))))
    block = stacks.block_of(
        [
            reading(stacks.BEGIN, values={"X": x, "SO2": so2, "O2": o2}, flags={"X": "D"})
            for x, so2, o2 in ((nan, 100.0, 21.0), (1.0, -1.0, nan))
        ]
    )
    assert check(block, [entry, entry], PlanShapes()) == Counter(VALID=1, ZEROED=1)


BOUNDS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1.7e308, -1.7e308, 5e-324, 3000.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
FACTORS = (0.0, 1e-10, 0.5, 1 - 1e-9, 1.0, 1 + 5e-10, 1 + 1e-8, 2.0)


@examples(150)
@given(BOUNDS, BOUNDS, st.lists(st.floats(), max_size=6))
def test_what_lies_beyond_any_range_is_the_same_alone_and_among_others(
    one: float, other: float, more: list[float]
) -> None:
    """Also where the span of the range is beyond the doubles, and at its very bound."""
    low, high = sorted((one, other))
    free = Channel("SO2", "mg/m3", basis="dry", range=(low, high))
    (entry,) = compile_sources(enterprise(source(channels=(free,), limits=())))
    drift = (high - low) / 50
    values = [-drift * factor for factor in FACTORS] + [nan, inf, -inf, low, high, *more]
    found = [reading(stacks.BEGIN, values={"SO2": value}) for value in values]
    check(stacks.block_of(found), [entry] * len(found), PlanShapes())  # many: in columns
    for item in found:
        judged = assess_reading(item, entry).series[0]
        value = item.values["SO2"]
        if not isfinite(value):
            assert judged[3] == "NOT_FINITE"
        elif low <= value <= high:
            assert (judged[3], judged[4]) == (None, False)
        else:
            small = isfinite(high - low) and -value <= drift * (1 + 1e-9)
            zeroed = low <= 0 <= high and value < min(0.0, low) and small
            assert (judged[3] is None, judged[4]) == (zeroed, zeroed)


@pytest.mark.parametrize("count", [1, 9])
def test_minus_infinity_is_never_a_value(count: int) -> None:
    widest = Channel("SO2", "mg/m3", basis="dry", range=(-1.7e308, 1.7e308))
    (entry,) = compile_sources(enterprise(source(channels=(widest,), limits=())))
    block = stacks.block_of([reading(stacks.BEGIN, values={"SO2": -inf})] * count)
    assert check(block, [entry] * count, PlanShapes()) == Counter(NOT_FINITE=count)


@pytest.mark.parametrize("span", [(0.0, 0.7), (0.0, 0.1), (-0.003, 0.9), (0.0, 3000.0)])
def test_exactly_two_percent_below_is_zero_drift(span: tuple[float, float]) -> None:
    """As a station computes it, whose roundings are its own."""
    channel = Channel("SO2", "mg/m3", basis="dry", range=span)
    (entry,) = compile_sources(enterprise(source(channels=(channel,), limits=())))
    width = span[1] - span[0]
    for value in (-0.02 * width, -(width / 50), -(2 * width / 100), -(width * 2e-2)):
        below = value if value < span[0] else span[0] - 1e-12
        assert assess_reading(reading(stacks.BEGIN, values={"SO2": below}), entry).series[0][4]
