"""Search dead letters in the topic and in ClickHouse, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappush, heappushpop
from typing import NamedTuple

from emissions.dead_letters.dead_letter import DeadLetterFilter, DeadLetterRecord, RecordCoordinates
from emissions.dead_letters.read import read_topic
from emissions.progress import ReportProgress
from schemas.codec import Codec
from streams.core.quality.rejection import Rejection
from streams.settings import Settings


class NewestDeadLetters:
    """Keeps the dead letters that arrived last, each once."""

    def __init__(
        self,
        most: int,
        light: Callable[[DeadLetterRecord], DeadLetterRecord] = DeadLetterRecord.without_value,
    ) -> None:
        self._most = most
        self._light = light  # what is kept of a letter
        self._heap: list[tuple[tuple[int, RecordCoordinates], DeadLetterRecord]] = []
        self._places: set[RecordCoordinates] = set()
        self.beyond = False  # there were more

    def add(self, letter: DeadLetterRecord) -> None:
        """Add one dead letter."""
        if letter.place in self._places:
            return
        item = (letter.order, self._light(letter))
        self._places.add(letter.place)
        if len(self._heap) < self._most:
            heappush(self._heap, item)
        else:
            _, gone = heappushpop(self._heap, item)
            self._places.discard(gone.place)
            self.beyond = True

    def letters(self) -> list[DeadLetterRecord]:
        """Return the dead letters kept, newest last."""
        return [letter for _, letter in sorted(self._heap, key=lambda item: item[0])]


class ReasonCount(NamedTuple):
    """Dead letters of one reason and stage: count, first and last arrival (ms UTC)."""

    reason: str
    stage: str
    letters: int
    first: int
    last: int


class ReasonSummary:
    """Counts dead letters by reason and stage, each letter once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], set[int]] = {}
        self._groups: dict[tuple[str, str], ReasonCount] = {}

    def add(self, letter: DeadLetterRecord) -> None:
        """Add one dead letter."""
        seen = self._seen.setdefault(letter.place[:2], set())
        if letter.place.offset in seen:
            return
        seen.add(letter.place.offset)
        key, at = (letter.reason, letter.stage), letter.arrived
        _, _, count, first, last = self._groups.get(key, ReasonCount(*key, 0, at, at))
        self._groups[key] = ReasonCount(*key, count + 1, min(first, at), max(last, at))

    def groups(self) -> list[ReasonCount]:
        """Return the counts, the largest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.letters, group[:2]))


async def search_dead_letters(
    settings: Settings,
    codec: Codec,
    stored: Iterable[DeadLetterRecord],
    wanted: DeadLetterFilter,
    take: Callable[[DeadLetterRecord], object],
    report: ReportProgress,
) -> None:
    """Pass every matching dead letter to ``take``: those of the topic, then ``stored`` ones.

    A letter may come twice. Raises LookupError where the topic does not exist.
    """
    async for letter in read_topic(settings, codec, report):
        if wanted.matches(letter):
            take(letter)
    for letter in stored:
        if wanted.matches(letter):
            take(letter)


class RecheckedDeadLetters:
    """Dead letters with today's verdict, without their values, each once."""

    def __init__(self, refuses: Callable[[DeadLetterRecord], Rejection | None]) -> None:
        self._refuses = refuses
        self._found: dict[RecordCoordinates, tuple[DeadLetterRecord, Rejection | None]] = {}

    def add(self, letter: DeadLetterRecord) -> None:
        """Recheck one dead letter with its value; the topic's copy goes before the sinks'."""
        if letter.place not in self._found:
            # What is in ClickHouse alone is not read a second time: it keeps its value.
            light = letter if letter.kept_at is None else letter.without_value()
            self._found[letter.place] = (light, self._refuses(letter))

    def letters(self) -> list[tuple[DeadLetterRecord, Rejection | None]]:
        """Return every dead letter with its verdict."""
        return list(self._found.values())
