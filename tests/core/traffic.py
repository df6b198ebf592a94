"""Random plants, and logs of what they send, with everything that may befall a reading."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import msgspec

from schemas.reading import Reading
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Channel, Device, Source, Verification
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.examples import (
    BIN,
    SO2,
    Log,
    connected,
    enterprise,
    excused,
    limit,
    local,
    proof,
    reading,
    source,
)

BEGIN = local("2026-04-01 20:00")
"""Four hours before a local midnight."""

ZONES = ("Asia/Almaty",) * 3 + ("Asia/Kolkata", "Asia/Kathmandu")
"""Whole, half and quarter hours from UTC."""

CADENCES = (60, 60, 300, 600, 1200, 3600)
CO = Channel("CO", "mg/m3", basis="dry", range=(0.0, 900.0))
HIGH = 1500.0


class Sent(NamedTuple):
    """A reading and its arrival."""

    item: Reading
    arrival: int


class Known(NamedTuple):
    """A source as it is registered from an instant on."""

    since: int
    stack: Source


class Scene(NamedTuple):
    """A registry, and the log of a partition under it."""

    registry: RegistryHistory
    records: list[RawRecord]


def scene(rng: Random, sources: int, hours: int) -> Scene:
    """Some sources over some hours, registered anew meanwhile or not."""
    stacks = [_stack(rng, f"S{number}") for number in range(sources)]
    plant = connected if rng.random() < 0.7 else enterprise
    registry = RegistryHistory()
    registry.add(-(1 << 61), BIN, plant(*stacks), proof(0))
    known = [[Known(0, stack)] for stack in stacks]
    for at in sorted(BEGIN + rng.randrange(hours * HOUR) for _ in range(rng.choice((0, 0, 1, 2)))):
        changed = [_changed(rng, own[-1].stack) for own in known]
        kept = [each for each in changed if rng.random() < 0.95]
        whole = plant(*kept, region=rng.choice(("KZ-55", "KZ-10"))) if kept else None
        registry.add(at, BIN, whole, proof(registry.version))
        for own, stack in zip(known, changed, strict=True):
            own.append(Known(at, stack))
    sent = [each for own in known for each in _campaign(rng, own, hours)]
    sent.sort(key=lambda each: each.arrival)
    log = Log().tick(BEGIN - rng.choice((MINUTE, HOUR)))
    for item, arrival in sent:
        log.add(item, arrival)
        _meanwhile(rng, log, arrival)
    end = max([BEGIN, *(each.arrival for each in sent)])
    for after in sorted(rng.sample((10 * MINUTE, 2 * HOUR, 26 * HOUR, 80 * HOUR, 6 * DAY), 2)):
        log.tick(end + after)
    return Scene(registry, log.records)


def _stack(rng: Random, identity: str) -> Source:
    verified = Verification("BA-1", "2026-03-01", rng.choice(("2026-04-02", "2026-09-01")))
    limits = (
        limit(500.0, confidence_interval_pct=20.0),
        limit(400.0, valid_from="2026-04-02"),
        limit(50.0, "CO"),
    )
    return source(
        identity,
        cadence_s=rng.choice(CADENCES),
        timezone=rng.choice(ZONES),
        channels=rng.choice(((SO2,), (SO2, CO))),
        limits=rng.choice((limits[:1], limits[:1], limits[:1] + limits[2:])),
        devices=rng.choice(((), (Device("analyser", "SN-1", verified),))),
        excused=rng.choice(((), (), (excused("2026-04-01 22:10", "2026-04-01 23:00"),))),
    )


def _changed(rng: Random, stack: Source) -> Source:
    """Another registration of a source."""
    changes: list[dict[str, object]] = [
        {"limits": (limit(300.0),)},
        {"limits": (limit(1500.0),)},
        {"excused": (excused("2026-04-01 21:00", None),)},
        {"channels": (SO2, CO)},
        {"channels": (SO2,)},
        {"cadence_s": rng.choice(CADENCES)},
        {"devices": (Device("analyser", "SN-1", Verification("BA-2", "2026-04-02", None)),)},
        {},
    ]
    return msgspec.structs.replace(stack, **rng.choice(changes))


def _campaign(rng: Random, known: list[Known], hours: int) -> Iterator[Sent]:
    """What one source sends: calm stretches, and in between whatever may happen."""
    at, end, calm = BEGIN, BEGIN + hours * HOUR, 0
    trouble = rng.choice((0.01, 0.05, 0.2))
    level, delay, serial, offset = HIGH, 0, "SN-1", 0
    packet = rng.choice((0, 0, 10 * MINUTE, 30 * MINUTE, 2 * HOUR))
    names = [channel.parameter for channel in known[0].stack.channels]
    while at < end:
        stack = [each.stack for each in known if each.since <= at][-1]
        step = stack.cadence_s * 1000
        at = -(-at // step) * step
        state, flags, again, values = "NORMAL", dict[str, str](), 0, dict[str, float]()
        if calm > 0:
            calm -= 1
        elif rng.random() < trouble:
            calm = rng.choice((0, 1, 5, 30))
            match rng.randrange(14):
                case 0 | 1:
                    level = rng.choice((HIGH, HIGH, 1000.0, 999.9, 100.0, -30.0, 5e9))
                case 2:
                    delay = rng.choice((0, 0, MINUTE, 9 * MINUTE, 26 * MINUTE, 40 * MINUTE))
                case 3 | 4:
                    state = rng.choice(("STOPPED", "STARTUP"))
                case 5:
                    at += step * rng.choice((1, 1, 2, 5, 25))
                case 6:
                    at += rng.choice((DAY + HOUR, 3 * HOUR)) if rng.random() < 0.2 else step
                case 7:
                    again = rng.choice((1, 1, 2))
                case 8:
                    again = -1
                case 9:
                    serial = rng.choice(("SN-1", "SN-2"))
                case 10:
                    offset = rng.choice((0, 0, 1, 500, step // 2, step - 1))
                case 11:
                    flags = {names[-1]: "D"}
                case 12:
                    values = {names[0]: float("nan")}
                case 13:
                    names = rng.choice(([channel.parameter for channel in stack.channels], ["SO2"]))
        item = reading(
            at + offset,
            source_id=stack.id,
            period_s=stack.cadence_s,
            state=state,
            device_serial=serial,
            values={name: level if name == "SO2" else level / 10 for name in names} | values,
            flags=flags,
        )
        arrival = item.ends_at + delay
        if packet:  # many at once, in their order
            arrival = -(-arrival // packet) * packet
        if calm == 0 and rng.random() < trouble / 3:
            arrival += rng.choice((20 * MINUTE, 26 * MINUTE, 45 * MINUTE, 9 * HOUR, 73 * HOUR))
        yield Sent(item, arrival)
        if again < 0:  # a conflict
            yield Sent(msgspec.structs.replace(item, values={"SO2": 7.0}), arrival)
        for _ in range(again):
            yield Sent(item, arrival + rng.choice((0, 0, step, HOUR)))
        at += step


def _meanwhile(rng: Random, log: Log, now: int) -> None:
    """What else may stand in a log."""
    chance = rng.randrange(150)
    if chance == 0:
        log.tick(now + rng.choice((0, 0, MINUTE, 6 * MINUTE)))
    elif chance == 1:
        log.raw(rng.choice((now, now, -1, 1 << 62)), b"\x01junk")
    elif chance == 2:
        log.add(reading(now - 10 * MINUTE, source_id="NOBODY"), now)
    elif chance == 3:
        log.add(reading(now + HOUR, source_id="S0"), now)  # from the future
    elif chance == 4:  # its timestamp is that of an hour ago
        log.add(reading(now - 70 * MINUTE, source_id="S0"), now - HOUR)
    elif chance == 5:
        log.raw(now, None, None)
