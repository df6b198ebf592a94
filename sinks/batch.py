"""What is written in one go: messages of one partition, frozen once and never changed after.

Pure: time comes in as an argument, nothing is sent from here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


class Entry(NamedTuple):
    """A decoded message with all that the dead letters would need of it.

    ``record`` is what the table's builder takes; ``rows`` how many rows it will be.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    record: Any
    rows: int


class Packed(Sequence[Entry], ABC):
    """Entries that lie in columns: an `Entry` is made only of one that is asked for.

    A slice of them is packed, too.
    """

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows all of them will be."""

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Bytes of their messages."""

    @classmethod
    @abstractmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The entries of consecutive parts."""


class Portion(NamedTuple):
    """What one fetch brought: its offset range and the entries in it that lead to rows."""

    first: int
    last: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Batch:
    """Messages ``first``..``last`` of a partition; offsets without an entry lead to no row."""

    topic: str
    partition: int
    first: int
    last: int
    entries: Sequence[Entry]

    def token(self, table: str) -> str:
        """What a retry of the insert into a table repeats: the beginning of its token."""
        return f"{table}:{self.topic}:{self.partition}:{self.first}-{self.last}"

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches that cover the same offsets. Needs two entries or more."""
        middle = len(self.entries) // 2
        cut = self.entries[middle].offset
        return (
            Batch(self.topic, self.partition, self.first, cut - 1, self.entries[:middle]),
            Batch(self.topic, self.partition, cut, self.last, self.entries[middle:]),
        )


@dataclass(frozen=True)
class BatchLimits:
    """A batch is frozen at this many rows, messages, bytes of messages, or seconds of age.

    Fewer messages than the transport lets be under way, or a batch would wait for its age.
    """

    rows: int = 50_000
    messages: int = 10_000
    bytes: int = 16 << 20
    age_s: float = 2.0


class OpenBatch:
    """Portions of one partition until they are frozen; whole portions only.

    So a batch exceeds a limit by less than one portion, which the fetch bounds.
    """

    def __init__(self, topic: str, partition: int, limits: BatchLimits) -> None:
        self._topic = topic
        self._partition = partition
        self._limits = limits
        self._portions: list[Portion] = []
        self._rows = 0
        self._messages = 0
        self._bytes = 0
        self._since = 0.0

    def add(self, portion: Portion, now: float) -> None:
        """Append the next portion of the partition. Raises ValueError if offsets run backwards."""
        if self._portions and portion.first <= self._portions[-1].last:
            raise ValueError(f"offset {portion.first} follows {self._portions[-1].last}")
        if not self._portions:
            self._since = now
        self._portions.append(portion)
        self._messages += portion.last - portion.first + 1
        if isinstance(portion.entries, Packed):
            self._rows += portion.entries.rows
            self._bytes += portion.entries.bytes
            return
        for entry in portion.entries:
            self._rows += entry.rows
            self._bytes += len(entry.value or b"")

    @property
    def full(self) -> bool:
        """Whether a limit other than the age is reached: nothing more should be added."""
        limits = self._limits
        return (
            self._rows >= limits.rows
            or self._messages >= limits.messages
            or self._bytes >= limits.bytes
        )

    def due_in(self, now: float) -> float | None:
        """Seconds until it must be frozen, 0 if that is now, None while it is empty."""
        if not self._portions:
            return None
        if self.full:
            return 0.0
        return max(0.0, self._since + self._limits.age_s - now)

    def freeze(self) -> Batch:
        """The batch; this one begins anew. Raises ValueError while it is empty."""
        batch = frozen(self._topic, self._partition, self._portions)
        self._portions = []
        self._rows = self._messages = self._bytes = 0
        return batch


def frozen(topic: str, partition: int, portions: Sequence[Portion]) -> Batch:
    """One batch out of consecutive portions. Raises ValueError if there are none."""
    if not portions:
        raise ValueError("nothing to freeze")
    range_ = portions[0].first, portions[-1].last
    return Batch(topic, partition, *range_, _joined([portion.entries for portion in portions]))


def _joined(parts: Sequence[Sequence[Entry]]) -> Sequence[Entry]:
    packed = [part for part in parts if isinstance(part, Packed)]
    if len(packed) == len(parts):
        return type(packed[0]).joined(packed)
    return tuple(entry for part in parts for entry in part)
