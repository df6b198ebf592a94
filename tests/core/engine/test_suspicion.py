"""Detectors in the engine: the same findings however the log is cut, restarted or out of order."""

from __future__ import annotations

import gc
from itertools import pairwise
from random import Random

import msgspec
import numpy as np
import pytest

from schemas.reading import Reading
from streams.core.detection.memory import Memory, decode_memory
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.findings import Finding
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Channel
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.detectors import load_detectors
from tests.core.examples import CODEC, RULES, SO2, TOPIC, enterprise, history, local, source

BEGIN = local("2026-03-01")
DAYS = 14
STACK = source(
    cadence_s=1200,
    channels=(SO2, Channel("CO", "mg/m3", basis="dry"), Channel("VELOCITY", "m/s")),
)

DETECTORS = load_detectors()


def readings() -> list[Reading]:
    """Two weeks: SO2 stands still on the tenth day, and the twelfth repeats the eleventh."""
    noise = np.random.default_rng(1)
    rows = DAYS * 72
    values = np.round(100 + 10 * noise.standard_normal((rows, 3)), 2)
    values[9 * 72 + 20 : 9 * 72 + 40, 0] = 91.5
    values[11 * 72 : 12 * 72, 1] = values[10 * 72 : 11 * 72, 1]
    values[:, 2] /= 10
    names = ("SO2", "CO", "VELOCITY")
    return [
        Reading(
            "A", BEGIN + row * 20 * MINUTE, 1200, "NORMAL", None,
            dict(zip(names, values[row].tolist(), strict=True)), {},
        )
        for row in range(rows)
    ]  # fmt: skip


def log_of(arrivals: list[tuple[int, Reading]], until: int) -> list[RawRecord]:
    """The log of readings that arrive at those times, and a tick at the end."""
    records = [
        RawRecord(
            number, at, b"A", CODEC.encode("EmissionReading", msgspec.structs.asdict(reading)), ()
        )
        for number, (at, reading) in enumerate(sorted(arrivals, key=lambda each: each[0]))
    ]
    tick = CODEC.encode("StreamTick", {"sent_at": 0})
    return [*records, RawRecord(len(records), until, None, tick, ())]


def found_in(
    log: list[RawRecord], cuts: list[int], *, rebuilt: bool = False
) -> dict[str, dict[int, Finding]]:
    """Every published revision by id, from batches cut at those places."""
    state: dict[str, bytes] = {}
    registry = history(enterprise(STACK))
    found: dict[str, dict[int, Finding]] = {}
    engine = None
    for start, end in pairwise([0, *cuts, len(log)]):
        if engine is None or rebuilt:
            engine = PartitionProcessor(
                topic=TOPIC, partition=0, partitions=1, decode=CODEC.decode_readings, rules=RULES,
                policy=Policy(), registry=registry, state=state, detectors=DETECTORS,
            )  # fmt: skip
        outcome = engine.apply(log[start:end])
        for each in outcome.findings:
            assert found.get(each.id, {}).get(each.revision, each) == each
            found.setdefault(each.id, {})[each.revision] = each
        for key, value in outcome.state.items():
            if value is None:
                del state[key]
            else:
                state[key] = value
        engine.commit()
    return found


def standing(found: dict[str, dict[int, Finding]]) -> list[tuple[object, ...]]:
    """What the last revisions say, without number and time of detection."""
    last = [revisions[max(revisions)] for revisions in found.values()]
    return sorted(
        (each.kind, each.parameter or "", each.start, each.end, each.value, each.detail)
        for each in last
        if each.status != "WITHDRAWN"
    )


ON_TIME = [(each.ends_at + 1000, each) for each in readings()]
UNTIL = BEGIN + (DAYS + 4) * DAY
EXPECTED = found_in(log_of(ON_TIME, UNTIL), [])


def test_what_is_found() -> None:
    assert [(kind, parameter) for kind, parameter, *_ in standing(EXPECTED)] == [
        ("FLATLINE", "SO2"), ("REPEATED-DAY", "")
    ]  # fmt: skip
    flat = next(iter(each for each in EXPECTED.values() if each[1].kind == "FLATLINE"))
    assert flat[1].detected_at == BEGIN + 10 * DAY + 20 * MINUTE + 1000  # with its day


@pytest.mark.parametrize("rebuilt", [False, True])
def test_cuts_and_restarts_change_nothing(rebuilt: bool) -> None:
    log = log_of(ON_TIME, UNTIL)
    cuts = sorted(Random(3).sample(range(1, len(log)), 25))
    assert found_in(log, cuts, rebuilt=rebuilt) == EXPECTED


def test_late_readings_come_to_the_same_end() -> None:
    chance = Random(5)
    late = [
        (at + chance.randrange(70 * HOUR) if chance.random() < 0.2 else at, each)
        for at, each in ON_TIME
    ]
    assert standing(found_in(log_of(late, UNTIL), [])) == standing(EXPECTED)


def test_what_late_readings_add_is_the_next_revision_once_the_day_is_final() -> None:
    arrivals = list(ON_TIME)
    for row in range(9 * 72 + 30, 9 * 72 + 40):
        at, reading = arrivals[row]
        arrivals[row] = (at + 2 * DAY, reading)
    log = log_of(arrivals, UNTIL)
    found = found_in(log, list(range(50, len(log), 50)))  # of one batch only the last is told
    (told,) = [each for each in found.values() if each[1].kind == "FLATLINE"]
    (whole,) = [each for each in EXPECTED.values() if each[1].kind == "FLATLINE"]
    assert told[2].end == whole[1].end
    assert (told[1].end or 0) < (told[2].end or 0)
    assert told[2].detected_at == BEGIN + 10 * DAY + 72 * HOUR  # whichever record told of it


def test_the_memory_of_a_source_is_bounded() -> None:
    log = log_of(ON_TIME, UNTIL)
    registry, state, sizes = history(enterprise(STACK)), dict[str, bytes](), []
    engine = PartitionProcessor(
        topic=TOPIC, partition=0, partitions=1, decode=CODEC.decode_readings, rules=RULES,
        policy=Policy(), registry=registry, state=state, detectors=DETECTORS,
    )  # fmt: skip
    for start in range(0, len(log), 72):
        for key, value in engine.apply(log[start : start + 72]).state.items():
            if value is not None and key.startswith("0/detection/"):
                sizes.append(len(value))
    assert sizes == sorted(sizes)
    assert sizes[-1] < 1000 * DAYS


def test_what_is_remembered_of_weeks_is_not_held_between_batches() -> None:
    log = log_of(ON_TIME, UNTIL)
    registry, state = history(enterprise(STACK)), dict[str, bytes]()
    engine = PartitionProcessor(
        topic=TOPIC, partition=0, partitions=1, decode=CODEC.decode_readings, rules=RULES,
        policy=Policy(), registry=registry, state=state, detectors=DETECTORS,
    )  # fmt: skip
    for start in range(0, len(log), 72):
        changed = engine.apply(log[start : start + 72]).state
        state.update((key, value) for key, value in changed.items() if value is not None)
        engine.commit()
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Memory)]
    assert decode_memory(state["0/detection/A"]).features


def test_without_detectors_there_is_neither_memory_nor_finding() -> None:
    engine = PartitionProcessor(
        topic=TOPIC, partition=0, partitions=1, decode=CODEC.decode_readings, rules=RULES,
        policy=Policy(), registry=history(enterprise(STACK)), state={},
    )  # fmt: skip
    outcome = engine.apply(log_of(ON_TIME, UNTIL))
    assert outcome.findings == []
    assert not any("detection" in key for key in outcome.state)
