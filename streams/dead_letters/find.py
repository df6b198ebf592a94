"""Finds the letters that are asked for, once each, wherever they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappush, heappushpop
from typing import NamedTuple

from schemas.codec import Codec
from streams.core.quality import Refusal
from streams.dead_letters.letter import Letter, Place, Wanted
from streams.dead_letters.read import Report, letters_in_topic
from streams.settings import Settings


class Newest:
    """Keeps the letters that arrived last, each once, and forgets the others."""

    def __init__(self, most: int, light: Callable[[Letter], Letter] = Letter.without_value) -> None:
        self._most = most
        self._light = light  # what is kept of a letter
        self._heap: list[tuple[tuple[int, Place], Letter]] = []
        self._places: set[Place] = set()
        self.beyond = False  # there were more

    def add(self, letter: Letter) -> None:
        """One letter more."""
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

    def letters(self) -> list[Letter]:
        """What was kept, newest last."""
        return [letter for _, letter in sorted(self._heap, key=lambda item: item[0])]


class Group(NamedTuple):
    """Letters of one reason and stage: how many, the first and the last arrival (ms UTC)."""

    reason: str
    stage: str
    letters: int
    first: int
    last: int


class Summary:
    """Counts letters by reason and stage, each letter once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], set[int]] = {}
        self._groups: dict[tuple[str, str], Group] = {}

    def add(self, letter: Letter) -> None:
        """One letter more."""
        seen = self._seen.setdefault(letter.place[:2], set())
        if letter.place.offset in seen:
            return
        seen.add(letter.place.offset)
        key, at = (letter.reason, letter.stage), letter.arrived
        _, _, count, first, last = self._groups.get(key, Group(*key, 0, at, at))
        self._groups[key] = Group(*key, count + 1, min(first, at), max(last, at))

    def groups(self) -> list[Group]:
        """The groups, the largest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.letters, group[:2]))


async def go_through(
    settings: Settings,
    codec: Codec,
    stored: Iterable[Letter],
    wanted: Wanted,
    take: Callable[[Letter], object],
    report: Report,
) -> None:
    """Give every letter that is wanted to ``take``: those of the topic, then ``stored`` ones.

    A letter may come twice. Raises LookupError where the topic does not exist.
    """
    async for letter in letters_in_topic(settings, codec, report):
        if wanted.matches(letter):
            take(letter)
    for letter in stored:
        if wanted.matches(letter):
            take(letter)


class Judged:
    """The letters with what they would meet now, without their values, each once."""

    def __init__(self, refuses: Callable[[Letter], Refusal | None]) -> None:
        self._refuses = refuses
        self._found: dict[Place, tuple[Letter, Refusal | None]] = {}

    def add(self, letter: Letter) -> None:
        """One letter more, with its value; the topic's goes before the sinks'."""
        if letter.place not in self._found:
            # What is in ClickHouse alone is not read a second time: it keeps its value.
            light = letter if letter.kept_at is None else letter.without_value()
            self._found[letter.place] = (light, self._refuses(letter))

    def letters(self) -> list[tuple[Letter, Refusal | None]]:
        """Every letter and its verdict."""
        return list(self._found.values())
