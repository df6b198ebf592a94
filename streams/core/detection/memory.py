"""What is remembered of a source for its detectors, and the findings that follow from it.

A day is judged when it closes, and a second time when no reading can change it any more, if late
ones have changed it or a day before. The hits of days that are final are joined to episodes that
never change; those of younger days are joined to them anew each time. So what is found in the end
depends on the accepted readings and not on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from streams.core.detection.day import DayColumns
from streams.core.detection.detector import AnyDetector, Hit, Known, Past
from streams.core.state.source_state import PublishedFinding
from streams.core.time.interval import DAY, FOREVER

_encoder = msgspec.msgpack.Encoder()

LONGEST_MERGE = 4 * DAY
"""No detector joins hits that are further apart."""

Detectors = Mapping[str, AnyDetector]
"""Detectors by their code."""


class JudgedDay(msgspec.Struct, array_like=True):
    """A closed day that late readings may change: its hits by detector.

    ``judged_after`` counts the changes of features before it was judged; ``dirty``: late readings
    came since.
    """

    start: int
    end: int
    judged_after: int
    dirty: bool
    hits: dict[str, list[Hit]]


class Kept(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The encoded feature of a day ``[start, end)``, ms."""

    start: int
    end: int
    feature: bytes


class Episode(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Hits of one detector and parameter that are one finding; ``hit`` is their union."""

    code: str
    hit: Hit


class Memory(msgspec.Struct, array_like=True):
    """Holds what the detectors of one source keep.

    ``features`` of each detector by its code, in the order of days; ``days`` the closed days that
    are not final, in order; ``episodes`` those of final days that a later hit could still join;
    ``published`` what was published, by id. ``changes`` counts the days that were read anew;
    ``settled_until`` is the end (ms) of the last final day.
    """

    features: dict[str, list[Kept]] = msgspec.field(default_factory=dict)
    days: list[JudgedDay] = msgspec.field(default_factory=list)
    episodes: list[Episode] = msgspec.field(default_factory=list)
    published: dict[str, PublishedFinding] = msgspec.field(default_factory=dict)
    changes: int = 0
    settled_until: int = 0


_memory_decoder = msgspec.msgpack.Decoder(Memory)


def decode_memory(saved: bytes | None) -> Memory:
    """Decode a saved memory, or begin one."""
    return Memory() if saved is None else _memory_decoder.decode(saved)


def encode_memory(memory: Memory) -> bytes:
    """Encode a memory as state."""
    return _encoder.encode(memory)


class Detection:
    """Runs the detectors over the days of one source; all it knows is in ``memory``."""

    def __init__(self, detectors: Detectors, memory: Memory, max_lateness: int) -> None:
        self._detectors = detectors
        self._lateness = max_lateness
        self.memory = memory

    @property
    def due(self) -> int:
        """The stream time (ms) at which the first closed day is final."""
        days = self.memory.days
        return days[0].end + self._lateness if days else FOREVER

    def mark(self, start: int, end: int) -> bool:
        """Note that a late reading changed the day ``[start, end)``; tells if that is news.

        A day that never closed, because all of it is late, is noted too. A final day is not.
        """
        memory = self.memory
        if end <= memory.settled_until:
            return False
        for day in memory.days:
            if day.start == start:
                news, day.dirty = not day.dirty, True
                return news
        memory.days.append(JudgedDay(start, end, -1, True, {}))
        memory.days.sort(key=lambda each: each.start)
        return True

    @property
    def stale(self) -> JudgedDay | None:
        """The first closed day, if it must be read again before it becomes final."""
        days = self.memory.days
        return days[0] if days and days[0].dirty else None

    def close(self, start: int, end: int, columns: DayColumns | None) -> None:
        """Judge a day that has closed, or the same day read anew."""
        memory = self.memory
        memory.days = [day for day in memory.days if day.start != start]
        newer = any(day.start > start for day in memory.days)
        for code, detector in self._detectors.items():
            feature = None if columns is None else detector.of_day(columns)
            kept = [each for each in memory.features.get(code, ()) if each.start != start]
            if feature is not None:
                kept.append(Kept(start, end, _encoder.encode(feature)))
                kept.sort(key=lambda each: each.start)
                oldest = kept[-1].start - (detector.days + 1) * DAY
                kept = [each for each in kept if each.start >= oldest]
            memory.features[code] = kept
        if newer:
            memory.changes += 1
        day = JudgedDay(start, end, memory.changes, False, self._hits(start))
        memory.days.append(day)
        memory.days.sort(key=lambda each: each.start)

    def settle(self) -> int:
        """Make the first closed day final; returns when it became so (ms)."""
        memory = self.memory
        day = memory.days.pop(0)
        if day.judged_after != memory.changes:
            day.hits = self._hits(day.start)
        joined = list(self._joined(memory.episodes, [day]))
        memory.settled_until = max(memory.settled_until, day.end)
        memory.episodes = [each for each in joined if each.hit.end >= self.remembered_from]
        return day.end + self._lateness

    @property
    def remembered_from(self) -> int:
        """Findings that ended before (ms) are final, and nothing is remembered of them."""
        return self.memory.settled_until - LONGEST_MERGE

    def found(self) -> list[Episode]:
        """Return the episodes that may still change, or could be joined by a later hit."""
        return list(self._joined(self.memory.episodes, self.memory.days))

    def _joined(self, episodes: Iterable[Episode], days: Iterable[JudgedDay]) -> Iterator[Episode]:
        """Join the hits of days to episodes, and yield all of them."""
        done: list[Episode] = []
        last: dict[tuple[str, str | None], Episode] = {}
        for each in episodes:
            place = each.code, each.hit.parameter
            if place in last:
                done.append(last[place])
            last[place] = each
        for day in days:
            for code, hits in day.hits.items():
                detector = self._detectors.get(code)
                if detector is None:
                    continue
                for hit in sorted(hits, key=lambda hit: hit.start):
                    place = code, hit.parameter
                    known = last.get(place)
                    if known is not None and (
                        detector.separate or hit.start > known.hit.end + detector.merge
                    ):
                        done.append(known)
                        known = None
                    last[place] = Episode(code, hit if known is None else _union(known.hit, hit))
        yield from sorted(
            [*done, *last.values()],
            key=lambda each: (each.code, each.hit.parameter or "", each.hit.start),
        )

    def _hits(self, start: int) -> dict[str, list[Hit]]:
        """Judge the day that starts at ``start`` by the days before it."""
        found = {}
        for code, detector in self._detectors.items():
            kept = self.memory.features.get(code, [])
            today = next((each for each in kept if each.start == start), None)
            if today is None:
                continue
            decode = _decoder_of(detector.feature).decode
            before = [
                Past(each.start, each.end, decode(each.feature))
                for each in kept
                if each.start < start
            ]
            settled = [past for past in before if past.end + self._lateness <= start]
            own = Past(today.start, today.end, decode(today.feature))
            if hits := detector.hits(own, Known(before, settled)):
                found[code] = hits
        return found


def _union(first: Hit, second: Hit) -> Hit:
    """Join two hits: the whole interval, and the number of the stronger one."""
    stronger = second if abs(second.value) > abs(first.value) else first
    return Hit(
        first.parameter,
        min(first.start, second.start),
        max(first.end, second.end),
        stronger.value,
        stronger.threshold,
        stronger.note,
    )


_decoders: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}


def _decoder_of(feature: type[Any]) -> msgspec.msgpack.Decoder[Any]:
    found = _decoders.get(feature)
    if found is None:
        found = _decoders[feature] = msgspec.msgpack.Decoder(feature)
    return found
