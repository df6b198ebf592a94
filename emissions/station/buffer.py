"""The buffer of a station: what it has measured and the broker has not confirmed, on disk.

An SQLite file with full synchronisation, so that each step is on disk before the next begins: a
reading before it is signed, a head with the place in the chain before its messages are sent, and
messages until they are confirmed. Killed anywhere, the station goes on with the same chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams.core.chain.head import (
    CHAIN_HEADER,
    NOTHING_BEFORE,
    READINGS_A_HEAD,
    SIGNATURE_HEADER,
    key_id_of,
)
from streams.core.chain.writer import ChainEnd, Headers, sign_messages
from streams.errors import OperatorError
from streams.signing.ed25519 import SigningKey

HOUR_MS: Final = 3_600_000
FILE: Final = "station.sqlite"

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS message (
  seq INTEGER PRIMARY KEY, source_id TEXT NOT NULL, taken_at INTEGER NOT NULL,
  value BLOB NOT NULL, chain BLOB, sig BLOB);
CREATE INDEX IF NOT EXISTS unsigned_message ON message (source_id, seq) WHERE chain IS NULL;
CREATE INDEX IF NOT EXISTS signed_message ON message (seq) WHERE chain IS NOT NULL;
CREATE TABLE IF NOT EXISTS chain (
  source_id TEXT PRIMARY KEY, began INTEGER NOT NULL, number INTEGER NOT NULL,
  head BLOB NOT NULL, anchored INTEGER NOT NULL);
"""


class BufferUnusableError(OperatorError):
    """The buffer cannot be used; one sentence."""


class BufferFullError(Exception):
    """The buffer's share of the disk, or the disk itself, is full: nothing was taken."""


class Message(NamedTuple):
    """A signed message that waits to be sent or confirmed."""

    seq: int
    source_id: str
    value: bytes
    headers: Headers


class Buffer:
    """Keeps the messages of a station, and where the chain of each source is."""

    def __init__(self, directory: Path, *, most_bytes: int) -> None:
        """Open or make the buffer; raises BufferUnusableError, also while another one uses it."""
        self._most = most_bytes
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(directory / FILE, timeout=0, isolation_level=None)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute("BEGIN EXCLUSIVE")  # two processes would fork the chain
            for statement in _TABLES.split(";"):
                self._base.execute(statement)
            self._base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error)
            why = "another process uses it" if busy else str(error)
            raise BufferUnusableError(f"the buffer {directory}: {why}") from None
        except (sqlite3.DatabaseError, OSError) as error:
            raise BufferUnusableError(f"the buffer {directory}: {error}") from None

    def close(self) -> None:
        """Let the file go; everything is in it."""
        self._base.close()

    def _in_one(self, work: Callable[[], None]) -> None:
        """Do something wholly or not at all, and on disk when it returns."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            work()
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    @property
    def used_bytes(self) -> int:
        """How much of its share is used."""
        ((pages,),) = self._base.execute("PRAGMA page_count")
        ((free,),) = self._base.execute("PRAGMA freelist_count")
        ((size,),) = self._base.execute("PRAGMA page_size")
        return int((pages - free) * size)

    @property
    def is_full(self) -> bool:
        """Whether its share is used up."""
        return self.used_bytes >= self._most

    def take(self, messages: Iterable[tuple[str, bytes]], now: int) -> None:
        """Take messages, each with its source, at ``now`` (ms UTC); raises BufferFullError."""
        if self.is_full:
            raise BufferFullError
        try:
            self._in_one(
                lambda: self._insert([(name, now, value) for name, value in messages]),
            )
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise BufferFullError from None
            raise

    def _insert(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        self._base.executemany(
            "INSERT INTO message (source_id, taken_at, value) VALUES (?, ?, ?)", rows
        )

    def begin_anew(self, now: int) -> None:
        """Begin a new chain for every source at ``now`` (ms UTC), for what is not confirmed too.

        After the buffer was set back, as from a copy: the old chain may have gone on since.
        """

        def begin() -> None:
            self._base.execute("UPDATE message SET chain = NULL, sig = NULL")
            self._base.execute(
                "UPDATE chain SET began = max(?, began + 1), number = 0, head = ?",
                (now, NOTHING_BEFORE),
            )

        self._in_one(begin)

    def sign(self, key: SigningKey, now: int, *, before: int) -> int:
        """Sign a head of each source that has a hundred messages, or one taken before ``before``.

        Times are ms UTC. Returns how many messages were signed. A head is an anchor if none of the
        source was one for an hour.
        """
        due = self._base.execute(
            "SELECT source_id FROM message WHERE chain IS NULL GROUP BY source_id "
            "HAVING count(*) >= ? OR min(taken_at) < ?",
            (READINGS_A_HEAD, before),
        ).fetchall()
        signed = 0
        for (source_id,) in due:
            signed += self._sign_head(source_id, key, now)
        return signed

    def _sign_head(self, source_id: str, key: SigningKey, now: int) -> int:
        rows = self._base.execute(
            "SELECT seq, value FROM message WHERE chain IS NULL AND source_id = ? "
            "ORDER BY seq LIMIT ?",
            (source_id, READINGS_A_HEAD),
        ).fetchall()
        known = self._base.execute(
            "SELECT began, number, head, anchored FROM chain WHERE source_id = ?", (source_id,)
        ).fetchone()
        end, anchored = ChainEnd(now), now
        if known is not None:
            end, anchored = ChainEnd(*known[:3]), known[3]
        anchor = end.number == 0 or not anchored <= now < anchored + HOUR_MS
        after, headers = sign_messages(
            end,
            source_id,
            key_id_of(key.public),
            [value for _, value in rows],
            key,
            anchor=anchor,
        )

        def store() -> None:
            self._base.executemany(
                "UPDATE message SET chain = ?, sig = ? WHERE seq = ?",
                [
                    (dict(each)[CHAIN_HEADER], dict(each).get(SIGNATURE_HEADER), seq)
                    for each, (seq, _) in zip(headers, rows, strict=True)
                ],
            )
            self._base.execute(
                "INSERT OR REPLACE INTO chain VALUES (?, ?, ?, ?, ?)",
                (source_id, *after, now if anchor else anchored),
            )

        self._in_one(store)
        return len(rows)

    def signed(self, most: int) -> list[Message]:
        """Return the first messages that are signed, in their order."""
        rows = self._base.execute(
            "SELECT seq, source_id, value, chain, sig FROM message WHERE chain IS NOT NULL "
            "ORDER BY seq LIMIT ?",
            (most,),
        )
        return [
            Message(
                seq,
                source_id,
                value,
                ((CHAIN_HEADER, chain), *(((SIGNATURE_HEADER, sig),) if sig else ())),
            )
            for seq, source_id, value, chain, sig in rows
        ]

    def confirm(self, messages: Iterable[Message]) -> None:
        """Forget messages that the broker has confirmed."""
        seqs = [(each.seq,) for each in messages]

        def forget() -> None:
            self._base.executemany("DELETE FROM message WHERE seq = ?", seqs)

        self._in_one(forget)

    def waiting(self) -> int:
        """Count the messages that are not confirmed."""
        ((count,),) = self._base.execute("SELECT count(*) FROM message")
        return int(count)

    def oldest_unsigned(self) -> int | None:
        """Return when the oldest message that is not signed was taken (ms UTC)."""
        ((at,),) = self._base.execute("SELECT min(taken_at) FROM message WHERE chain IS NULL")
        return None if at is None else int(at)
