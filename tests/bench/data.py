"""The fixed loads that everybody is measured on: the same bytes from the same seed, every time.

A load is a stretch of the readings topic in the order of arrival, between a tick that begins it
and one that closes its windows. Everything follows from its numbers and the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.codec import TICK, Codec
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.core.registry.enterprise import Asm, Channel, Enterprise, Source
from tests.bench.cloned_state import CHANNELS, MINUTE, enterprises, source_ids
from tests.bench.defects import DEFECTS, Defect, apply_defect

SEED = 1
DAY = 1_780_254_000_000  # 2026-06-01T00:00+05:00, ms UTC
HOUR = 60 * MINUTE
RECORD = "EmissionReading"
_RANGES = {  # by the unit of a channel
    "mg/m3": (0.0, 3000.0),
    "%": (0.0, 25.0),
    "degC": (-40.0, 1300.0),
    "kPa": (80.0, 120.0),
    "m/s": (0.0, 60.0),
}
_EXCESS = 4.0  # raises a normal SO2 to more than twice its limit


class Load(NamedTuple):
    """How many sources send how often; times in milliseconds UTC."""

    name: str
    sources: int
    cadence_s: int
    first: int
    """Start of the first interval."""
    steps: int
    """Intervals of each source."""
    until: int
    """Arrival of the tick that closes the windows."""
    late: tuple[int, int]
    """Least and most delay of a late reading."""

    @property
    def readings(self) -> int:
        """Readings without defects; a few are sent twice, and during outages some are not."""
        return self.sources * self.steps


class Message(NamedTuple):
    """A message of the readings topic; a tick has no key and goes to every partition."""

    arrived_at: int
    key: bytes | None
    value: bytes


NATIONAL = Load(
    "national", 170, 60, DAY, 1440, DAY + 24 * HOUR + 21 * MINUTE, (10 * MINUTE, 6 * HOUR)
)
"""The nation: a day of a reading a minute; the tick closes the day."""

# Thirty seconds before the first window of 20 minutes ends: silence since midnight is no gap yet,
# and the tick closes one window of each channel. (In an hour of such a load a mean comes to sixty
# readings; here it is one to three.)
FAST = Load(
    "fast", 10_000, 1, DAY + 19 * MINUTE + 30_000, 30, DAY + 25 * MINUTE + 10_000, (1_000, 20_000)
)
"""Ten thousand sources at 1 Hz for half a minute; the tick closes their first 20 minutes."""

MINUTE_59 = FAST._replace(
    name="minute-59", first=DAY + 59 * MINUTE + 30_000, until=DAY + 65 * MINUTE + 10_000
)
"""The same in the last minute of an hour, when what is kept of the hour is longest."""

LOADS = {load.name: load for load in (NATIONAL, FAST, MINUTE_59)}


def quick(load: Load) -> Load:
    """A small load of the same kind, for a try and for tests."""
    if load.cadence_s == 1:
        return load._replace(sources=200, steps=10, first=load.first + 20_000)
    until = load.first + 240 * MINUTE + 6 * MINUTE
    return load._replace(sources=12, steps=240, until=until, late=(10 * MINUTE, 100 * MINUTE))


def registered(load: Load) -> list[Enterprise]:
    """The registry of a load: ten channels a source with ranges, pollutants measured wet."""
    midnight = "2026-06-01"  # of DAY: no silence is due before it
    return [
        msgspec.structs.replace(
            enterprise,
            asm=Asm(installed_on="2023-02-01", connected_on=midnight),
            sources=tuple(_source(source, load.cadence_s) for source in enterprise.sources),
        )
        for enterprise in enterprises(source_ids(load.sources))
    ]


def _source(source: Source, cadence_s: int) -> Source:
    return msgspec.structs.replace(
        source, cadence_s=cadence_s, channels=tuple(map(_channel, source.channels))
    )


def _channel(channel: Channel) -> Channel:
    basis = "wet" if channel.unit == "mg/m3" else channel.basis
    return msgspec.structs.replace(channel, basis=basis, range=_RANGES[channel.unit])


def messages(load: Load, codec: Codec, seed: int = SEED) -> list[Message]:
    """The whole load, ticks included, in the order of arrival."""
    found = list(_readings(load, codec, seed))
    found.sort(key=lambda message: message.arrived_at)  # stable: ties as they were made
    tick = codec.encode(TICK, {"sent_at": load.first})
    return [Message(load.first, None, tick), *found, Message(load.until, None, tick)]


def partitioned(load: Load, codec: Codec, partitions: int) -> list[list[Message]]:
    """The log of each partition."""
    logs: list[list[Message]] = [[] for _ in range(partitions)]
    places: dict[bytes, list[Message]] = {}
    for message in messages(load, codec):
        if message.key is None:
            for log in logs:
                log.append(message)
            continue
        log_of_key = places.get(message.key)
        if log_of_key is None:
            log_of_key = places[message.key] = logs[partition_of(message.key.decode(), partitions)]
        log_of_key.append(message)
    return logs


def _readings(load: Load, codec: Codec, seed: int) -> Iterator[Message]:
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    names = source_ids(load.sources)
    period = load.cadence_s * 1000
    delays = [chance.randrange(period * 9 // 10) for _ in names]
    for step in range(load.steps):
        at = load.first + step * period
        columns = [
            noise.normal(mean, spread, load.sources).round(3).tolist()
            for _, mean, spread in CHANNELS.values()
        ]
        for number, row in enumerate(zip(*columns, strict=True)):
            values = dict(zip(CHANNELS, row, strict=True))
            if _silent(load, number, at):
                continue
            if _exceeds(number, at):
                values["SO2"] = round(values["SO2"] * _EXCESS, 3)
            reading = Reading(names[number], at, load.cadence_s, "NORMAL", None, values, {})
            arrived_at = at + period + delays[number]
            defect = None
            if chance.random() < DEFECTS:
                defect = chance.choice(tuple(Defect))
            if defect is None:
                yield Message(arrived_at, names[number].encode(), _encoded(codec, reading))
            elif defect is Defect.LATE:
                # Not so late that it would do the work of the closing tick.
                delayed = min(arrived_at + chance.randint(*load.late), load.until - 90_000)
                delayed = max(delayed, arrived_at)
                yield Message(delayed, names[number].encode(), _encoded(codec, reading))
            else:
                for reading_, spoil in apply_defect(defect, reading, chance):
                    value = spoil(_encoded(codec, reading_))
                    yield Message(arrived_at, reading_.source_id.encode(), value)


def _encoded(codec: Codec, reading: Reading) -> bytes:
    return codec.encode(RECORD, msgspec.structs.asdict(reading))


def _exceeds(number: int, at: int) -> bool:
    """A tenth of the sources exceeds in every sixth hour; one in fifty for four hours running."""
    hour = (at - DAY) // HOUR
    return (number % 10 == 3 and (hour + number) % 6 == 0) or (number % 50 == 7 and 8 <= hour < 12)


def _silent(load: Load, number: int, at: int) -> bool:
    """One source in forty of the nation is silent for an hour."""
    return load.cadence_s >= 60 and number % 40 == 5 and (at - DAY) // HOUR == 2
