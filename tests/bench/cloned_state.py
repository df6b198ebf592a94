"""The state of many sources, made from that of one: its bytes under other names.

One source of ten channels is judged for real over some hours at a one-minute cadence; what the
engine saved of it is then written to the changelog once for every source.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from emissions.simulation.fake_ids import fake_bin
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.changelog.replica import NEXT_OFFSET, marker_key
from streams.core.engine.outcome import Ledger
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import (
    Asm,
    Channel,
    Conditions,
    Enterprise,
    Limit,
    Names,
    Source,
)
from streams.kafka.producer import PartitionRecord
from streams.rules.load import load_rules
from tests.support.core_run import history

MINUTE = 60_000
SEED = "KZ-SEED-00"
PER_ENTERPRISE = 100

_REFERENCE = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True, o2_pct=6.0)
CHANNELS = {  # mean and spread of what is measured
    "SO2": ("mg/m3", 200.0, 30.0),
    "NO": ("mg/m3", 100.0, 10.0),
    "NO2": ("mg/m3", 20.0, 3.0),
    "CO": ("mg/m3", 80.0, 10.0),
    "DUST": ("mg/m3", 30.0, 3.0),
    "O2": ("%", 7.0, 0.3),
    "H2O": ("%", 9.0, 0.2),
    "TEMPERATURE": ("degC", 140.0, 4.0),
    "PRESSURE": ("kPa", 98.6, 0.2),
    "VELOCITY": ("m/s", 12.0, 0.4),
}
_LIMITED = ("SO2", "NO2", "CO", "DUST")


def source(name: str, cadence_s: int = 60) -> Source:
    """A source of ten channels, four of them with a limit in mg/m³."""
    return Source(
        id=name,
        cadence_s=cadence_s,
        stack_area_m2=28.0,
        channels=tuple(
            Channel(p, unit, basis="dry" if unit == "mg/m3" or p == "O2" else None)
            for p, (unit, _, _) in CHANNELS.items()
        ),
        limits=tuple(
            Limit(p, 500.0, "mg/m3", valid_from="2024-01-01", reference=_REFERENCE)
            for p in _LIMITED
        ),
    )


def source_ids(count: int) -> list[str]:
    """As long as the name of the seed."""
    return [f"KZ-{number:07}" for number in range(count)]


def enterprises(names: list[str], cadence_s: int = 60) -> Iterator[Enterprise]:
    """The sources, a hundred to an enterprise."""
    for number, start in enumerate(range(0, len(names), PER_ENTERPRISE)):
        yield Enterprise(
            bin=fake_bin(number),
            name=Names(ru="А", kk="Ә", en="A"),
            region="KZ-55",
            category=1,
            business_size="large",
            commissioned_on="2009-05-01",
            asm=Asm(installed_on="2023-02-01", connected_on="2023-03-01"),
            sources=tuple(
                source(each, cadence_s) for each in names[start : start + PER_ENTERPRISE]
            ),
        )


def reading_of(name: str, at: int, noise: random.Random) -> Reading:
    """A minute of a source as it usually is."""
    values = {p: round(noise.gauss(mean, spread), 3) for p, (_, mean, spread) in CHANNELS.items()}
    return Reading(name, at, 60, "NORMAL", None, values, {})


def seed_state(start: int, hours: int) -> dict[str, bytes]:
    """What the engine saves of one source after ``hours`` from ``start`` (ms UTC)."""
    codec, noise = Codec(FileIds()), random.Random(1)
    registry = history(
        [msgspec.structs.replace(next(enterprises([SEED])), bin="990140001233")],
    )
    engine = PartitionProcessor(
        topic="emissions.readings",
        partition=0,
        partitions=1,
        decode=codec.decode_readings,
        rules=load_rules(),
        policy=Policy(),
        registry=registry,
        state={},
    )
    state: dict[str, bytes] = {}
    for minute in range(hours * 60):
        at = start + minute * MINUTE
        reading = reading_of(SEED, at, noise)
        value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
        outcome = engine.apply([RawRecord(minute, at + MINUTE, SEED.encode(), value, ())])
        for key, saved in outcome.state.items():
            if saved is None:
                state.pop(key, None)
            else:
                state[key] = saved
    return state


def changelog_records(
    seed: dict[str, bytes], names: list[str], partitions: int, reached: int
) -> dict[int, list[PartitionRecord]]:
    """The changelog of every partition as one complete checkpoint."""
    headers = ((NEXT_OFFSET, b"%d" % reached),)
    found: dict[int, list[PartitionRecord]] = {p: [] for p in range(partitions)}
    own = {key: value for key, value in seed.items() if SEED in key}
    for name in names:
        partition = partition_of(name, partitions)
        for key, value in own.items():
            _, _, rest = key.partition("/")
            named = f"{partition}/{rest.replace(SEED, name)}".encode()
            found[partition].append(PartitionRecord(named, value, headers))
    ledger = msgspec.msgpack.decode(seed["0/ledger"], type=Ledger)
    here = msgspec.structs.replace(ledger, next_offset=reached, partitions=partitions)
    saved = msgspec.msgpack.encode(here)
    for partition, records in found.items():
        records.append(PartitionRecord(b"%d/ledger" % partition, saved, headers))
        mark = b"%d %d" % (reached, len(records))
        records.append(PartitionRecord(marker_key(partition), mark, headers))
    return found
