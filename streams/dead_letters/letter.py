"""A dead letter as it was kept, and which of them are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from streams.replay.origin import Origin, origin_of

REPLAY_OF: Final = "dead-letter"
"""Header of a message that was sent again: the place of the letter, as `Place` writes it."""

_PLACE: Final = re.compile(r"(?:(?P<topic>[A-Za-z0-9._-]+)/)?(?P<partition>\d+)/(?P<offset>\d+)")
_MOST: Final = (1 << 63) - 1

Headers = tuple[tuple[str, bytes], ...]


class Place(NamedTuple):
    """Where the original of a letter was; the identity of the letter."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def place_of(text: str, topic: str) -> Place:
    """A place as it is written, ``topic/partition/offset``; ``topic`` where it names none.

    Raises ValueError with a sentence.
    """
    match = _PLACE.fullmatch(text)
    if match is None or max(int(match["partition"]), int(match["offset"])) > _MOST:
        raise ValueError(
            f"{text!r} is no place of a message: it is topic/partition/offset or partition/offset"
        )
    return Place(match["topic"] or topic, int(match["partition"]), int(match["offset"]))


def content_of(key: bytes | None, value: bytes | None) -> bytes:
    """Digest of a message's key and value; none is not an empty one."""
    digest = blake2b(digest_size=16)
    for part in (key, value):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was not used: why, where it was, and what it was."""

    place: Place
    arrived: int  # timestamp of the original, ms UTC
    reason: str
    stage: str
    detail: str
    source_id: str | None
    key: bytes | None
    value: bytes | None
    headers: Headers
    content: bytes
    kept_at: tuple[int, int] | None  # partition and offset in the dead letters; None: ClickHouse
    kept_on: int = 0  # timestamp of the letter itself, ms UTC
    measured_at: int | None = None  # start of the interval, where that was looked at, ms UTC

    @property
    def origins(self) -> tuple[str, ...]:
        """The letters that this one descends from by replays, the first of them first."""
        return tuple(
            value.decode(errors="replace") for name, value in self.headers if name == REPLAY_OF
        )

    @property
    def input(self) -> Origin:
        """The file and row that a replay read it from."""
        return origin_of(self.headers)

    @property
    def order(self) -> tuple[int, Place]:
        """Letters are listed, and sent again, in the order in which they arrived."""
        return (self.arrived, self.place)

    def without_value(self) -> Letter:
        """The letter without the bytes of the message, of which the digest stays."""
        return replace(self, value=None)


def letter_of(record: Mapping[str, Any], kept_at: tuple[int, int] | None, kept_on: int) -> Letter:
    """The letter of a ``DeadLetter`` record."""
    return Letter(
        place=Place(record["topic"], record["partition"], record["offset"]),
        arrived=record["timestamp"],
        reason=record["reason"],
        stage=record["stage"],
        detail=record["detail"],
        source_id=record["source_id"],
        key=record["key"],
        value=record["value"],
        headers=tuple((header["name"], header["value"]) for header in record["headers"]),
        content=content_of(record["key"], record["value"]),
        kept_at=kept_at,
        kept_on=kept_on,
    )


@dataclass(frozen=True)
class Wanted:
    """Which letters are asked for; what is None or empty does not narrow.

    ``since`` and ``until`` are arrivals in milliseconds UTC, half-open ``[since, until)``.
    """

    reasons: frozenset[str] = frozenset()
    source_id: str | None = None
    stage: str | None = None
    partition: int | None = None
    since: int | None = None
    until: int | None = None

    def matches(self, letter: Letter) -> bool:
        """Whether the letter is one of them."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.source_id in (None, letter.source_id)
            and self.stage in (None, letter.stage)
            and self.partition in (None, letter.place.partition)
            and (self.since is None or letter.arrived >= self.since)
            and (self.until is None or letter.arrived < self.until)
        )
