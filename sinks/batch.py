"""Collect the messages of one partition into batches that are frozen once and then immutable.

Pure: the time is an argument, and nothing is sent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


class Entry(NamedTuple):
    """A decoded message, with what a dead letter of it would need.

    ``record`` is the input of the table's builder; ``rows`` the number of rows it becomes.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    record: Any
    rows: int


class ColumnEntries(Sequence[Entry], ABC):
    """Entries stored in columns: an `Entry` is created only when one is indexed.

    Slicing returns column entries again.
    """

    @property
    @abstractmethod
    def rows(self) -> int:
        """Number of rows that all entries become."""

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Size of their messages in bytes."""

    @classmethod
    @abstractmethod
    def concatenated(cls, parts: Sequence[Self]) -> Self:
        """Concatenate the entries of consecutive parts."""


class FetchedEntries(NamedTuple):
    """The offset range of one fetch, and the entries in it that become rows."""

    first: int
    last: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Batch:
    """The messages ``first``..``last`` of a partition; offsets without an entry become no row."""

    topic: str
    partition: int
    first: int
    last: int
    entries: Sequence[Entry]

    def token(self, table: str) -> str:
        """Return the stable prefix of the deduplication token that retries of an insert share."""
        return f"{table}:{self.topic}:{self.partition}:{self.first}-{self.last}"

    def split(self) -> tuple[Batch, Batch]:
        """Split into two batches that cover the same offsets; needs at least two entries."""
        middle = len(self.entries) // 2
        cut = self.entries[middle].offset
        return (
            Batch(self.topic, self.partition, self.first, cut - 1, self.entries[:middle]),
            Batch(self.topic, self.partition, cut, self.last, self.entries[middle:]),
        )


@dataclass(frozen=True)
class BatchLimits:
    """Limits at which a batch is frozen: rows, messages, bytes of messages, seconds of age.

    ``messages`` must be below the records in flight of the transport, or every batch would wait
    until its age is reached.
    """

    rows: int = 50_000
    messages: int = 10_000
    bytes: int = 16 << 20
    age_s: float = 2.0


class OpenBatch:
    """Collect the fetches of one partition until the batch is frozen.

    Fetches are kept whole, so a batch exceeds a limit by less than one fetch.
    """

    def __init__(self, topic: str, partition: int, limits: BatchLimits) -> None:
        self._topic = topic
        self._partition = partition
        self._limits = limits
        self._fetched: list[FetchedEntries] = []
        self._rows = 0
        self._messages = 0
        self._bytes = 0
        self._since = 0.0

    def add(self, fetched: FetchedEntries, now: float) -> None:
        """Append the next fetch of the partition. Raises ValueError if offsets run backwards."""
        if self._fetched and fetched.first <= self._fetched[-1].last:
            raise ValueError(f"offset {fetched.first} follows {self._fetched[-1].last}")
        if not self._fetched:
            self._since = now
        self._fetched.append(fetched)
        self._messages += fetched.last - fetched.first + 1
        if isinstance(fetched.entries, ColumnEntries):
            self._rows += fetched.entries.rows
            self._bytes += fetched.entries.bytes
            return
        for entry in fetched.entries:
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
        """Return the seconds until the batch is due (0: it is), or None while it is empty."""
        if not self._fetched:
            return None
        if self.full:
            return 0.0
        return max(0.0, self._since + self._limits.age_s - now)

    def freeze(self) -> Batch:
        """Return the batch and start an empty one. Raises ValueError while it is empty."""
        batch = batch_of(self._topic, self._partition, self._fetched)
        self._fetched = []
        self._rows = self._messages = self._bytes = 0
        return batch


def batch_of(topic: str, partition: int, fetches: Sequence[FetchedEntries]) -> Batch:
    """Build one batch from consecutive fetches. Raises ValueError if there are none."""
    if not fetches:
        raise ValueError("nothing to freeze")
    range_ = fetches[0].first, fetches[-1].last
    return Batch(topic, partition, *range_, _concatenated([fetched.entries for fetched in fetches]))


def _concatenated(parts: Sequence[Sequence[Entry]]) -> Sequence[Entry]:
    in_columns = [part for part in parts if isinstance(part, ColumnEntries)]
    if len(in_columns) == len(parts):
        return type(in_columns[0]).concatenated(in_columns)
    return tuple(entry for part in parts for entry in part)
