"""The log that the latency of detection is measured on: simulated time, real arrivals.

A nation of sources with ten channels, a reading a minute each, at a second of its own, and a tick
each ten seconds, as the leader writes them. From midnight on it is fed as fast as it is taken, but
for the slices around the moments at which windows of 30 minutes close, and the day does: there a
second of it takes a second. In such a slice a few late readings arrive, too: each is the one that a
window, closed without enough of them, lacked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.codec import TICK, Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.law.policy import Policy
from streams.core.registry.enterprise import Asm, Enterprise
from tests.bench.cloned_state import CHANNELS, MINUTE, source_ids
from tests.bench.data import HOUR, NATIONAL, SEED, Message, registered

BEFORE_MS, AFTER_MS = 4_000, 8_000
"""Of a slice, before and after its moment."""
LENGTH = 30 * MINUTE
ENOUGH = 20
"""Minutes of a window of 30 that make its mean valid."""

_TICK = 10_000
_DAY = 24 * HOUR
_DAY_MEAN_HOURS = 18  # so much of a day is needed for its mean
_SHARE = 8  # one window in so many exceeds
_LATE = 10  # windows of a moment that lack a reading
_LATE_MS = (500, 6_000)  # after the moment
_NORMAL, _HEAVY, _EXCESS = 1.0, 2.0, 4.0  # times the usual SO2; in mg/m³ 341, 682, 1,363


class Plan(NamedTuple):
    """What is fed when; times in milliseconds UTC."""

    name: str
    sources: int
    began: int
    """Local midnight, in the future: the ticks of the leader, by the clock, are no time then."""
    hours: int
    """Fed before the first moment."""
    closings: tuple[int, ...]
    """When windows of 30 minutes close; in the order of time."""
    day: int | None
    """When the day closes, if it lies among them."""

    @property
    def moments(self) -> list[int]:
        """Every moment that is measured."""
        return sorted([*self.closings, *([] if self.day is None else [self.day])])

    @property
    def per_second(self) -> float:
        """Readings that arrive in a second of a slice."""
        return self.sources / 60


def plan_of(name: str, sources: int, hours: int, count: int, now: int) -> Plan:
    """A plan of so many moments that begins at the second local midnight after ``now``."""
    shift = 5 * HOUR  # Asia/Almaty
    began = (now + shift) // _DAY * _DAY - shift + 2 * _DAY
    first = began + hours * HOUR + Policy().grace
    closings = tuple(first + number * LENGTH for number in range(count))
    day = began + _DAY + Policy().day_grace
    measured = hours >= _DAY_MEAN_HOURS and closings[0] < day < closings[-1]
    return Plan(name, sources, began, hours, closings, day if measured else None)


class DetectionLoad:
    """The messages of a plan, and the windows whose violations must be found."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._codec = Codec(FileIds())
        self._names = source_ids(plan.sources)
        chance = random.Random(SEED)
        self._phases = sorted((chance.randrange(MINUTE), n) for n in range(plan.sources))
        self._exceeding = cache(self._drawn_exceeding)
        self._late = cache(self._drawn_late)

    def registry(self) -> list[Enterprise]:
        """Connected when the plan begins, so that no silence is due before it."""
        since = datetime.fromtimestamp((self.plan.began + 5 * HOUR) / 1000, UTC).date().isoformat()
        asm = Asm(installed_on="2023-02-01", connected_on=since)
        load = NATIONAL._replace(sources=self.plan.sources)
        return [msgspec.structs.replace(each, asm=asm) for each in registered(load)]

    def closing(self, moment: int) -> set[tuple[str, int]]:
        """Source and start of the windows whose violation the tick of this moment brings."""
        start = moment - Policy().grace - LENGTH
        late = self._late(start)
        return {(self._names[n], start) for n in self._exceeding(start) if n not in late}

    def late(self, moment: int) -> set[tuple[str, int]]:
        """The same for windows that a late reading after this moment brings."""
        start = moment - Policy().grace - LENGTH
        return {(self._names[n], start) for n in self._late(start)}

    def messages(self, since: int, until: int) -> Iterator[Message]:
        """What arrives in ``[since, until)``, in the order of arrival, ticks before readings."""
        for minute in range(since // MINUTE * MINUTE, until, MINUTE):
            for message in self._arrivals(minute):
                if since <= message.arrived_at < until:
                    yield message

    def _arrivals(self, minute: int) -> list[Message]:
        """What arrives in a minute."""
        found = [
            Message(at, None, self._codec.encode(TICK, {"sent_at": at}))
            for at in range(minute, minute + MINUTE, _TICK)
        ]
        start = minute - MINUTE
        if start >= self.plan.began:
            rows = _rows(self.plan.sources, start)
            window = start // LENGTH * LENGTH
            late = self._late(window)
            for phase, n in self._phases:
                if n not in late or start < window + (ENOUGH - 1) * MINUTE:
                    found.append(self._reading(n, start, minute + phase, rows[n]))
        found += self._arriving_late(minute)
        found.sort(key=lambda message: message.arrived_at)
        return found

    def _arriving_late(self, moment: int) -> list[Message]:
        """The readings that windows lack which close at this moment, each at one of its own."""
        start = moment - Policy().grace - LENGTH
        chance = random.Random(moment)
        row = [mean for _, mean, _ in CHANNELS.values()]
        at = start + (ENOUGH - 1) * MINUTE
        return [
            self._reading(n, at, moment + chance.randrange(*_LATE_MS), row)
            for n in sorted(self._late(start))
        ]

    def _reading(self, n: int, start: int, arrived_at: int, row: list[float]) -> Message:
        values = dict(zip(CHANNELS, row, strict=True))
        values["SO2"] = round(values["SO2"] * self._times(n, start // LENGTH * LENGTH), 3)
        reading = Reading(self._names[n], start, 60, "NORMAL", None, values, {})
        value = self._codec.encode("EmissionReading", msgspec.structs.asdict(reading))
        return Message(arrived_at, self._names[n].encode(), value)

    def _times(self, n: int, window: int) -> float:
        if n in self._exceeding(window) or n in self._late(window):
            return _EXCESS
        return _HEAVY if n % 10 == 0 else _NORMAL  # heavy: the mean of the day exceeds

    def _drawn_exceeding(self, window: int) -> frozenset[int]:
        """The sources that exceed in a window of 30 minutes."""
        count = max(1, self.plan.sources // _SHARE)
        return frozenset(random.Random(window).sample(range(self.plan.sources), count))

    def _drawn_late(self, window: int) -> frozenset[int]:
        """The sources of which a closed window lacks a reading."""
        if window + LENGTH + Policy().grace not in self.plan.closings:
            return frozenset()
        count = min(_LATE, self.plan.sources // 4)
        return frozenset(random.Random(window + 1).sample(range(self.plan.sources), count))


def _rows(sources: int, minute: int) -> list[list[float]]:
    """What every source measures in a minute."""
    noise = np.random.default_rng((SEED, minute))
    columns = [
        noise.normal(mean, spread, sources).round(3).tolist()
        for _, mean, spread in CHANNELS.values()
    ]
    return [list(row) for row in zip(*columns, strict=True)]
