"""The messages of a run, one after the other, the same for the same seed.

Sound readings of registered sources keep their own time and order, so that windows fill and
close; everything else is thrown between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heappushpop
from random import Random
from typing import Final, NamedTuple

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.core.registry.enterprise import Enterprise
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.fuzz import mutate
from tests.fuzz.avro import Fields, double, frame
from tests.fuzz.hostile import CASES, HEAVY, TEXTS
from tests.fuzz.world import SERIAL

BEGIN: Final = 1_772_323_200_000  # 2026-03-01T00:00:00Z
NO_TIMESTAMP: Final = -1
ABSURD_ARRIVALS: Final = (
    NO_TIMESTAMP, 0, 1, (1 << 63) - 1, 9_223_372_036_854_775, 1 << 62, 253_402_300_800_000,
    10_413_792_000_000,
)  # fmt: skip
"""No time at all, 1970, year 292 million, and beyond what calendars and tables can hold."""

_STATES: Final = (0,) * 40 + (1, 2, 3, 4)
_LIGHT: Final = tuple(name for name in CASES if name not in HEAVY)
_HEAVY: Final = tuple(sorted(HEAVY))


class Message(NamedTuple):
    """A record for a partition; ``kind`` says how it was made."""

    partition: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    kind: str


class _Source:
    """A registered source that goes on sending, whatever happens around it."""

    def __init__(self, name: str, cadence_s: int, partition: int) -> None:
        self.name = name
        self.key = name.encode()
        self.cadence_s = cadence_s
        self.partition = partition
        self.next_at = BEGIN

    @property
    def ends_at(self) -> int:
        """When the next reading's interval is over."""
        return self.next_at + self.cadence_s * 1000


class Traffic:
    """Messages for ``partitions`` partitions; iterate as long as wanted.

    ``heavy`` is the share of messages of about a megabyte.
    """

    def __init__(
        self, enterprises: list[Enterprise], seed: int, partitions: int, *, heavy: float = 0.0002
    ) -> None:
        self._chance = Random(seed)
        self._partitions = partitions
        self._heavy = heavy
        self._sources = [
            _Source(source.id, source.cadence_s, partition_of(source.id, partitions))
            for enterprise in enterprises
            for source in enterprise.sources
        ]
        self._due = [(source.ends_at, at) for at, source in enumerate(self._sources)]
        heapify(self._due)
        self._now = BEGIN
        self._recent: deque[tuple[_Source, Fields]] = deque(maxlen=500)
        self._partition_of = {source.name: source.partition for source in self._sources}
        self._codec = Codec(FileIds())
        self._tick = self._codec.encode("StreamTick", {"sent_at": BEGIN})

    def __iter__(self) -> Iterator[Message]:
        while True:
            yield self._next()

    def _next(self) -> Message:
        chance, dice = self._chance, self._chance.random()
        if dice < 0.35 or not self._recent:
            return self._sound()
        if dice < 0.38:
            return self._tick_at(self._now)
        if dice < 0.38 + self._heavy:
            return self._named(chance.choice(_HEAVY))
        if dice < 0.42:
            return self._named(chance.choice(_LIGHT))
        source, fields = chance.choice(self._recent)
        if dice < 0.46:  # what was sent before: a duplicate, or with another value a conflict
            if chance.random() < 0.3 and fields.values:
                fields = fields._replace(values=[*fields.values[1:], fields.values[0]][:-1])
            return self._message(source, frame(fields), "again")
        if dice < 0.62:
            return self._message(source, frame(mutate.strange(chance, self._fresh())), "strange")
        if dice < 0.90:
            _, other = chance.choice(self._recent)
            value = mutate.damaged(chance, frame(fields), frame(other))
            return self._message(source, value, "damaged")
        if dice < 0.96:
            return self._message(source, mutate.noise(chance), "noise")
        if dice < 0.97:
            return self._jump()
        return self._odd_record(source, fields)

    def _sound(self) -> Message:
        """The next reading of a source whose time has come; a little late, seldom very late."""
        due, number = heappop(self._due)
        source = self._sources[number]
        while due < source.ends_at:  # readings of it were thrown in meanwhile
            due, number = heappushpop(self._due, (source.ends_at, number))
            source = self._sources[number]
        period = source.cadence_s * 1000
        if source.next_at < self._now - 2 * HOUR:  # it fell behind a jump: silence, then it goes on
            source.next_at = (self._now - HOUR) // period * period
        fields = self._reading(source, source.next_at)
        source.next_at += period
        if period < MINUTE and self._chance.random() < 0.005:
            source.next_at += HOUR  # a source of every second would else be most of the run
        heappush(self._due, (source.ends_at, number))
        self._now = max(self._now, fields.measured_at + period)
        self._recent.append((source, fields))
        return self._message(source, frame(fields), "sound")

    def _fresh(self) -> Fields:
        """A reading that no other has taken the place of, if its fields stay as they are."""
        source = self._chance.choice(self._sources)
        fields = self._reading(source, source.next_at)
        source.next_at += source.cadence_s * 1000
        return fields

    def _reading(self, source: _Source, at: int) -> Fields:
        chance = self._chance
        values = (
            (b"SO2", chance.uniform(0, 1400)),
            (b"NO", chance.uniform(0, 400)),
            (b"DUST", chance.uniform(0, 90)),
            (b"O2", chance.uniform(3, 12)),
            (b"H2O", chance.uniform(5, 15)),
            (b"TEMPERATURE", chance.uniform(90, 180)),
            (b"PRESSURE", chance.uniform(96, 102)),
            (b"VELOCITY", chance.uniform(8, 20)),
        )
        flags = [(b"SO2", b"C")] if chance.random() < 0.02 else []
        return Fields(
            source.key,
            at,
            source.cadence_s,
            chance.choice(_STATES),
            SERIAL.encode(),
            [(name, double(round(value, 2))) for name, value in values],
            flags,
        )

    def _named(self, name: str) -> Message:
        source = self._chance.choice(self._sources)
        return self._message(source, CASES[name](self._fresh()), name)

    def _tick_at(self, timestamp: int) -> Message:
        partition = self._chance.randrange(self._partitions)
        return Message(partition, timestamp, None, self._tick, (), "tick")

    def _jump(self) -> Message:
        """Arrival times that no clock would tell, and gaps of days in all that is sent."""
        chance = self._chance
        if chance.random() < 0.99:
            return self._tick_at(chance.choice(ABSURD_ARRIVALS))
        self._now += chance.choice((MINUTE, HOUR, 5 * HOUR, DAY, 4 * DAY))
        return self._tick_at(self._now)

    def _odd_record(self, source: _Source, fields: Fields) -> Message:
        """A sound value in a record that is not: key, headers, timestamp, no value.

        Its partition stays that of its source: producers promise that much.
        """
        chance = self._chance
        plain = self._message(source, frame(fields), "odd record")
        made: list[Message] = [
            plain._replace(key=None),
            plain._replace(key=chance.choice(TEXTS)),
            plain._replace(value=None),
            plain._replace(key=None, value=None),
            plain._replace(key=b"K" * 60_000),
            plain._replace(headers=tuple((f"h{n}", b"x" * 20) for n in range(300))),
            plain._replace(headers=(("", b""), ("", None), ("traceparent\r\n", b"\xff\x00"))),
            plain._replace(timestamp=chance.choice(ABSURD_ARRIVALS)),
            plain._replace(timestamp=self._now - chance.randrange(1, 400 * DAY)),
        ]
        return chance.choice(made)

    def _message(self, source: _Source, value: bytes | None, kind: str) -> Message:
        chance = self._chance
        arrival = self._now + chance.randrange(2000)
        if chance.random() < 0.02:
            arrival -= chance.randrange(6 * HOUR)
        partition = source.partition
        if kind != "sound" and value is not None:
            # Whatever became of it: producers promise that a source has one partition.
            decoded = self._codec.decode_reading(value)
            if isinstance(decoded, Reading):
                partition = self._partition_of.get(decoded.source_id, partition)
        return Message(partition, arrival, source.key, value, (), kind)
