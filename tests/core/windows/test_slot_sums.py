"""What readings add up to: exact, whatever their sizes, their order and when they are added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from streams.core.engine.batch import AssessedBatch
from streams.core.engine.deduplication import content_digests
from streams.core.quality.assess import assess_reading
from streams.core.quality.assess_columns import assess_block
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Channel, Conditions, Device, Verification
from streams.core.sources.plan_shape import PlanShapes
from streams.core.sources.series import layout_of
from streams.core.sources.source import SourceEntry
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.slot import SeriesSums
from streams.core.windows.slot_sums import (
    CARRIED_ROW,
    HIGH_ROW,
    LOW_ROW,
    MEASURED_ROWS,
    ROWS,
    VALID_ROW,
    VALUE_ROWS,
    add_readings,
    empty_sums,
)
from tests.core.examples import STANDARD, enterprise, limit, local, reading, source
from tests.core.stacks import block_of
from tests.support.generated import examples

BEGIN = local("2026-04-01")
HUGE = 1.7976931348623157e308

doubles = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(-3000, 3000)
    | st.sampled_from([HUGE, -HUGE, 1e292, 1.1e292, -1e300, 1e-300, 5e-324, -0.0, 1e16, -1e16, 0.1])
)


Cells = list[tuple[float, float, bool, bool]]
"""One reading, a cell for each series: value, measured, and whether it is carried and valid."""


@st.composite
def additions(draw: st.DrawFn) -> tuple[int, int, list[dict[int, list[Cells]]]]:
    """How many slots and series, and several goes: in each, readings for some of the slots."""
    slots, series = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cell = st.one_of(
        st.tuples(doubles, doubles, st.just(True), st.just(True)),
        st.tuples(st.just(0.0), st.just(0.0), st.booleans(), st.just(False)),
    )
    reading_ = st.lists(cell, min_size=series, max_size=series)
    some = st.lists(reading_, min_size=1, max_size=draw(st.sampled_from((1, 4, 12))))
    go = st.dictionaries(st.integers(0, slots - 1), some, min_size=1)
    return slots, series, draw(st.lists(go, min_size=1, max_size=4))


@examples(80)
@given(additions())
def test_additions_lose_nothing(found: tuple[int, int, list[dict[int, list[Cells]]]]) -> None:
    """Whatever is added to how many slots at once, in how many goes."""
    slots, series, goes = found
    held = [empty_sums(series) for _ in range(slots)]
    rests: dict[tuple[int, int, bool], Fraction] = {}
    for go in goes:
        order = sorted(go, key=lambda slot: -len(go[slot]))
        rows = [cells for slot in order for cells in go[slot]]
        values, measured, carried, valid = (
            np.array([[cell[part] for cell in row] for row in rows]) for part in range(4)
        )
        given_ = values.copy(), measured.copy()
        sums = np.stack([held[slot] for slot in order])
        sizes = [len(go[slot]) for slot in order]
        for rest in add_readings(sums, values, measured, carried, valid, sizes):
            place = order[rest.slot], rest.series, rest.measured
            rests[place] = rests.get(place, Fraction()) + Fraction(rest.value)
        assert sums.shape == (len(order), ROWS, series)
        assert (values.tolist(), measured.tolist()) == (given_[0].tolist(), given_[1].tolist())
        for slot, own in zip(order, sums, strict=True):
            held[slot] = own
    for slot in range(slots):
        for at in range(series):
            cells = [row[at] for go in goes for row in go.get(slot, ())]
            for part, which in ((0, VALUE_ROWS), (1, MEASURED_ROWS)):
                total = sum(map(Fraction, held[slot][which, at].tolist()), Fraction())
                total += rests.get((slot, at, bool(part)), Fraction())
                assert total == sum((Fraction(cell[part]) for cell in cells), Fraction())
            counted = [cell[0] for cell in cells if cell[3]]
            assert held[slot][LOW_ROW, at] == min(counted, default=float("inf"))
            assert held[slot][HIGH_ROW, at] == max(counted, default=float("-inf"))
            assert held[slot][CARRIED_ROW, at] == sum(cell[2] for cell in cells)
            assert held[slot][VALID_ROW, at] == len(counted)


def test_what_does_not_fit_is_handed_back_with_its_slot() -> None:
    """Large values at once, and what is left beyond three doubles, of the right slot each."""
    columns = {0: [1.0, 1e-30, 1e-60, 1e-90], 1: [HUGE, 2.0, -HUGE], 2: [3.0]}
    sums = np.stack([empty_sums(1)] * 3)
    values = np.array([[value] for slot in columns.values() for value in slot])
    yes = np.full(values.shape, True)
    found = list(add_readings(sums, values, values, yes, yes, [4, 3, 1]))
    assert sorted((rest.slot, rest.measured, rest.value) for rest in found) == [
        (0, False, 1e-90),
        (0, True, 1e-90),
        (1, False, -HUGE),
        (1, False, HUGE),
        (1, True, -HUGE),
        (1, True, HUGE),
    ]
    assert sums[:, VALUE_ROWS, 0].tolist() == [
        [1.0, 1e-30, 1e-60],
        [2.0, 0.0, 0.0],
        [3.0, 0.0, 0.0],
    ]
    assert sums[:, [LOW_ROW, HIGH_ROW], 0].tolist() == [[1e-90, 1.0], [-HUGE, HUGE], [3.0, 3.0]]


FREE = Channel("SO2", "mg/m3", conditions=STANDARD)
DRIFTING = Channel("CO", "mg/m3", basis="dry", range=(0.0, 3000.0))
AT_ELEVEN = Channel("NO2", "mg/m3", conditions=Conditions(293.15, 101.3, dry=True, o2_pct=11.0))
AT_SIX = Conditions(293.15, 101.3, dry=True, o2_pct=6.0)
PLANT = enterprise(
    source(
        channels=(FREE, DRIFTING, AT_ELEVEN),
        limits=(limit(500.0), limit(500.0, "NO2", reference=AT_SIX)),
        devices=(Device("a", "SN-1"), Device("b", "SN-2", Verification("V"))),
    )
)
ENTRY = SourceEntry(PLANT, PLANT.sources[0])
LAYOUT = ENTRY.plan(BEGIN).layout
"""One series as measured without a range, one with zero drift, one multiplied by 1.5."""

VALUES = (HUGE, -HUGE, 1e308, 9e291, -1e300, 1e-300, 5e-324, -0.0, 0.1, 100.0, 1e16, float("nan"))
DRIFTS = (-60.0, -61.0, 0.0, 100.0, 0.1, 3000.0)


def batch_of(readings: Sequence[Reading]) -> AssessedBatch:
    """Readings of the source, judged together."""
    block = block_of(readings)
    (assessed,) = assess_block(block, [ENTRY] * len(readings), PlanShapes())
    records = [RawRecord(at, BEGIN, None, None, ()) for at in range(len(readings))]
    return AssessedBatch(
        block, assessed, content_digests(block), np.zeros(len(readings), np.int64), records
    )


def made(rng: Random, count: int) -> list[Reading]:
    """Readings of one pattern."""
    state = rng.choice(("NORMAL", "NORMAL", "STOPPED"))
    flags = rng.choice(({}, {}, {"CO": "D"}, {"SO2": "made up"}))
    names = rng.sample(("SO2", "CO", "NO2"), rng.choice((1, 2, 3, 3)))

    def value(name: str) -> float:
        if name == "CO":
            return rng.choice(DRIFTS)
        return rng.choice(VALUES) if rng.random() < 0.5 else rng.uniform(-1e3, 1e3)

    return [
        reading(
            BEGIN,
            state=state,
            device_serial=rng.choice((None, "SN-1", "SN-2")),
            values={name: value(name) for name in names},
            flags=flags,
        )
        for _ in range(count)
    ]


def check(piece: SeriesSums, readings: Sequence[Reading]) -> None:
    """A piece holds exactly what its readings are worth one by one."""
    carried, valid = Counter[str](), Counter[str]()
    totals = {key: [Fraction(), Fraction()] for key in LAYOUT.keys}
    values: dict[str, list[float]] = {key: [] for key in LAYOUT.keys}
    codes: dict[str, Counter[str]] = {key: Counter() for key in LAYOUT.keys}
    for item in readings:
        judgement = assess_reading(item, ENTRY)
        for series, measured, value, code, zeroed in judgement.series:
            carried[series.key] += 1
            if code is not None:
                codes[series.key][code] += 1
                continue
            valid[series.key] += 1
            values[series.key].append(value)
            totals[series.key][0] += Fraction(value)
            totals[series.key][1] += Fraction(measured)
            codes[series.key]["ZEROED"] += zeroed
            codes[series.key]["UNVERIFIED"] += not judgement.verified
    for at, key in enumerate(LAYOUT.keys):
        for measured in (False, True):
            parts = piece.partials(at, measured=measured)
            assert sum(map(Fraction, parts), Fraction()) == totals[key][measured]
        assert piece.sums[CARRIED_ROW, at] == carried[key]
        assert piece.sums[VALID_ROW, at] == valid[key]
        assert piece.sums[LOW_ROW, at] == min(values[key], default=float("inf"))
        assert piece.sums[HIGH_ROW, at] == max(values[key], default=float("-inf"))
        assert piece.codes.get(at, {}) == +codes[key]


@examples(60)
@given(st.integers(0, 2**32))
def test_readings_are_added_to_their_pieces_whenever_that_happens(seed: int) -> None:
    """Any pieces in any order, the same one several times, in several batches and goes."""
    rng = Random(seed)
    pieces = [SeriesSums(600, LAYOUT) for _ in range(rng.choice((1, 2, 5)))]
    given_to: dict[SeriesSums, list[Reading]] = {piece: [] for piece in pieces}
    pending = PendingSums()
    for _ in range(rng.choice((1, 2, 3))):
        readings = made(rng, rng.choice((1, 2, 20)))
        batch = batch_of(readings)
        inner = rng.sample(range(1, len(readings)), rng.randrange(len(readings)))
        edges = [0, *sorted(inner), len(readings)]
        runs = list(pairwise(edges))
        for start, end in rng.sample(runs, len(runs)):
            piece = rng.choice(pieces)
            pending.defer(batch, start, end, piece)
            given_to[piece] += readings[start:end]
            if rng.random() < 0.2:
                pending.flush()
    pending.flush()
    for piece, own in given_to.items():
        check(piece, own)


def test_pieces_that_come_in_another_order_in_each_round_keep_their_own() -> None:
    first, second, third = pieces = [SeriesSums(600, LAYOUT) for _ in range(3)]
    readings = [reading(BEGIN, values={"SO2": HUGE / 2**at, "CO": 10.0 + at}) for at in range(9)]
    batch, pending = batch_of(readings), PendingSums()
    order = (first, second, third, third, first, second, second, third, second)
    for at, piece in enumerate(order):
        pending.defer(batch, at, at + 1, piece)
    pending.flush()
    for piece in pieces:
        check(piece, [readings[at] for at, own in enumerate(order) if own is piece])


def test_rests_are_merged_and_not_piled_up() -> None:
    layout = layout_of(("SO2|mg/m3",), ())
    piece, sums = SeriesSums(600, layout), np.stack([empty_sums(1)])
    yes = np.array([[True]])
    for number in range(600):
        value = np.array([[HUGE if number % 2 else -HUGE]])
        for rest in add_readings(sums, value, value, yes, yes, [1]):
            piece.keep_overflow(rest)
    piece.sums = sums[0]
    assert len(piece.partials(0)) < 25
    assert sum(map(Fraction, piece.partials(0)), Fraction()) == 0
    assert piece.sums[VALID_ROW, 0] == 600
