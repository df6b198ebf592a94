"""The load of a round: every message that is published, in its order, and what the core finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import NamedTuple

import msgspec

from emissions.replay.export import ReplayResults
from schemas.codec import TICK, Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.findings import Proof
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import HOUR, MINUTE
from streams.registry.avro import RECORD, enterprise_to_record
from streams.registry.notices import RECORD as NOTICE
from streams.rules.calendar import load_calendar
from streams.rules.country import home
from tests.crash import nation
from tests.support.core_run import judge

START = 1_779_962_400_000  # 2026-05-28 15:00 in Almaty
CHUNK = 60  # messages that are published together
TICKS_H = (2, 25, 27, 30, 110, 150)
"""Hours after the last minute at which only time comes: gaps grow, days close, means are final."""
_CODEC = Codec(FileIds())


class Arrival(NamedTuple):
    """A message of the readings topic before it has an offset; without a key: every partition."""

    at: int
    key: str | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Registration(NamedTuple):
    """A message of the registry topic."""

    at: int
    bin: str
    enterprise: Enterprise | None

    @property
    def value(self) -> bytes | None:
        """Its bytes; None strikes the enterprise off."""
        if self.enterprise is None:
            return None
        return _CODEC.encode(RECORD, enterprise_to_record(self.enterprise))


class Told(NamedTuple):
    """A message of the topic of notices."""

    at: int
    notice: Notice

    @property
    def value(self) -> bytes:
        """Its bytes."""
        return _CODEC.encode(NOTICE, self.notice)


Chunk = dict[int, list[RawRecord]]
"""Messages of the readings topic that are published together, by partition."""


@dataclass(frozen=True)
class Load:
    """What a round publishes, step by step; a step begins when the one before it is confirmed."""

    seed: str
    partitions: int
    steps: tuple[Chunk | Registration | Told, ...]

    @property
    def logs(self) -> list[list[RawRecord]]:
        """The readings topic as it is when everything was published once."""
        found: list[list[RawRecord]] = [[] for _ in range(self.partitions)]
        for step in self.steps:
            if isinstance(step, dict):
                for partition, records in step.items():
                    found[partition] += records
        return found

    @property
    def messages(self) -> int:
        """How many messages the readings topic holds in the end."""
        return sum(map(len, self.logs))

    @property
    def registrations(self) -> list[Registration]:
        """The registry topic as it is when everything was published once."""
        return [step for step in self.steps if isinstance(step, Registration)]

    def history(self) -> RegistryHistory:
        """The registrations and notices as a worker knows them."""
        told = NoticeHistory(load_calendar(home().code))
        for step in self.steps:
            if isinstance(step, Told):
                told.add(step.notice, step.at)
        found = RegistryHistory(told)
        for offset, (at, bin_, enterprise) in enumerate(self.registrations):
            value = self.registrations[offset].value or b""
            proof = Proof(
                "emissions.registry", 0, offset, offset, 0,
                sha256(sha256(value).digest()).hexdigest(),
            )  # fmt: skip
            found.add(at, bin_, enterprise, proof)
        return found

    def found_by_core(self) -> ReplayResults:
        """What the judging code finds when it is given the logs, without any shell around it."""
        return judge(self.history(), self.logs)[0]


def make_load(
    seed: str,
    *,
    sources: int,
    minutes: int,
    partitions: int,
    again_h: int | None = None,
    each_minute: int = 0,
) -> Load:
    """The load of a seed; the same seed gives the same bytes.

    ``again_h``: so many hours after its last minute the first source is above its limit once more.
    ``each_minute``: so many minutes long every partition has a tick a minute, so that no result
    hangs on what else is in its partition.
    """
    rng = Random(f"load {seed}")
    registered = nation.enterprises(sources)
    middle = START + minutes // 2 * MINUTE
    steps: list[Chunk | Registration | Told] = [
        Registration(0, each.bin, each) for each in registered
    ]
    told = [Told(*each) for each in nation.notices(registered, START, minutes)]
    changes = [Registration(middle, bin_, after) for bin_, after in nation.changes(rng, registered)]
    offsets = [0] * partitions
    chunk: Chunk = {}
    tick = _CODEC.encode(TICK, {"sent_at": START})
    ticks = [Arrival(START + minute * MINUTE, None, tick) for minute in range(each_minute)]
    arrivals = [*ticks, *_arrivals(rng, sources, minutes, again_h)]
    for arrival in sorted(arrivals, key=lambda each: each.at):
        if changes and arrival.at >= middle:
            steps += [chunk, *changes]
            chunk, changes = {}, []
        while told and arrival.at >= told[0].at:
            steps += [chunk, told.pop(0)]
            chunk = {}
        numbers = range(partitions)
        if arrival.key is not None:
            numbers = range(place := partition_of(arrival.key, partitions), place + 1)
        for number in numbers:
            key = None if arrival.key is None else arrival.key.encode()
            record = RawRecord(offsets[number], arrival.at, key, arrival.value, arrival.headers)
            offsets[number] += 1
            chunk.setdefault(number, []).append(record)
        if sum(map(len, chunk.values())) >= CHUNK:
            steps.append(chunk)
            chunk = {}
    return Load(seed, partitions, (*steps, chunk) if chunk else tuple(steps))


def _arrivals(rng: Random, sources: int, minutes: int, again_h: int | None) -> Iterator[Arrival]:
    tick = _CODEC.encode(TICK, {"sent_at": START})
    for minute in range(0, minutes, 10):
        yield Arrival(START + minute * MINUTE + 1, None, tick)
    for hours in TICKS_H:
        yield Arrival(START + minutes * MINUTE + hours * HOUR, None, tick)
    yield from _nonsense(rng, minutes)
    others = ["KZ-0003-91", "KZ-0005-93", nation.FORGOTTEN, nation.NEWCOMER]
    for number in range(sources):
        yield from _source(rng, nation.source(number).id, number, minutes)
    for identity in others:
        for minute in range(0, minutes, 5):
            yield _arrival(_reading(identity, minute, {"SO2": 100.0 + minute % 9}), MINUTE)
    if again_h is not None:
        first = minutes + again_h * 60
        for minute in range(first, first + 60):
            yield _arrival(_reading(nation.source(0).id, minute, nation.values(0, 2.3)), MINUTE)
        for hours in (2, 25, 110):
            yield Arrival(START + first * MINUTE + hours * HOUR, None, tick)


def _source(rng: Random, identity: str, number: int, minutes: int) -> Iterator[Arrival]:
    """One source: a level, a silence perhaps, late hours perhaps, and what goes wrong."""
    level = (2.3, 1.4)[number] if number < 2 else rng.choice((0.6, 0.95, 1.4, 2.3))
    silent = range(0)
    if rng.random() < 0.4:
        begin = rng.randrange(minutes // 4, minutes // 2)
        silent = range(begin, begin + rng.choice((22, 40, 70)))
    found_again = rng.random() < 0.5  # what was silent is sent a day later
    late_from = rng.randrange(minutes) if rng.random() < 0.5 else minutes
    stopped = range(minutes - 30, minutes - 15) if rng.random() < 0.2 else range(0)
    for minute in range(minutes):
        wave = 1 + 0.2 * ((minute * 7 + number) % 13 - 6) / 6
        values = nation.values(number, level * wave)
        if rng.random() < 0.02:
            values[next(iter(values))] = rng.choice((float("nan"), -1.0, 1e9, 0.0))
        flags = {next(iter(values)): rng.choice("FMD")} if rng.random() < 0.02 else {}
        state = "STOPPED" if minute in stopped else "NORMAL"
        reading = _reading(identity, minute, values, flags, state, number)
        delay = MINUTE
        if minute in silent:
            if not found_again:
                continue
            delay = 26 * HOUR + rng.randrange(10) * MINUTE
        elif late_from <= minute < late_from + 25 or rng.random() < 0.01:
            delay = rng.choice((7, 45, 90)) * MINUTE
        yield _arrival(reading, delay)
        if rng.random() < 0.02:
            yield _arrival(reading, delay + rng.choice((0, 3, 120)) * MINUTE)
        if rng.random() < 0.01:
            other = msgspec.structs.replace(reading, values=dict.fromkeys(values, 1.0))
            yield _arrival(other, delay + rng.choice((1, 60)) * MINUTE)


def _reading(
    identity: str,
    minute: int,
    values: dict[str, float],
    flags: dict[str, str] | None = None,
    state: str = "NORMAL",
    number: int = 0,
) -> Reading:
    serial = ("A-17", "B-03", None)[1 if number % 7 == 4 else 2 if number % 7 == 6 else 0]
    start = START + minute * MINUTE
    return Reading(identity, start, 60, state, serial, values, flags or {})


def _arrival(reading: Reading, delay: int) -> Arrival:
    value = _CODEC.encode("EmissionReading", msgspec.structs.asdict(reading))
    return Arrival(reading.measured_at + delay, reading.source_id, value)


def _nonsense(rng: Random, minutes: int) -> Iterator[Arrival]:
    """What no producer should send: it belongs to the dead letters, with a reason each."""
    good = _CODEC.encode(
        "EmissionReading", msgspec.structs.asdict(_reading("KZ-0001-00", 5, {"SO2": 1.0}))
    )
    unlawful = [
        msgspec.structs.replace(_reading("KZ-0001-00", 7, {"SO2": 1.0}), period_s=600),
        msgspec.structs.replace(_reading("KZ-0001-00", 7, {"SO2": 1.0}), measured_at=0),
        _reading("KZ-0001-00", minutes + 5000, {"SO2": 1.0}),
        _reading("KZ-0001-00", -80 * 60, {"SO2": 1.0}),
        _reading("NOBODY", 9, {"SO2": 1.0}),
    ]
    values = [
        None,
        b"",
        b"not Avro at all",
        good[:-3],
        good + b"\x00",
        b"\x00\x00\x00\x00\x07" + good[5:],
        bytes(rng.randrange(256) for _ in range(40)),
        *(_CODEC.encode("EmissionReading", msgspec.structs.asdict(each)) for each in unlawful),
    ]
    for number, value in enumerate(values * 2):
        at = START + rng.randrange(10, minutes) * MINUTE
        key = rng.choice(("KZ-0001-00", "KZ-0002-01", "NOBODY", "Қ"))
        if number < len(values):
            key = "KZ-0001-00"  # where its source belongs: refused for what it says itself
        yield Arrival(at, key, value, (("trace", bytes([rng.randrange(256)])),))
