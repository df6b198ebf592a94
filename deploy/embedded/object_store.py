"""Keep named objects in one SQLite file: what the embedded broker wants of an object store.

Each write is one transaction of a write-ahead log: a killed process loses no write that was
answered. After a loss of power the file is whole, and the last writes may lack.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final, NamedTuple

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS objects (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    written_us INTEGER NOT NULL,
    size INTEGER NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS listing ON objects (name, version, written_us, size);
"""
_AFTER_ALL: Final = "\U0010ffff"


class StoreError(Exception):
    """The file cannot be used; the message says why."""


class Listed(NamedTuple):
    """An object without its content; ``written_us`` is microseconds UTC, no two are equal."""

    name: str
    version: int
    written_us: int
    size: int


class ObjectStore:
    """Objects by name, each write under a new version; the file belongs to one process.

    Raises `StoreError` where the file cannot be opened or another process has it.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._base = sqlite3.connect(file, isolation_level=None, timeout=1.0)
            self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(_TABLES)
            found = self._base.execute("SELECT max(written_us) FROM objects").fetchone()
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            why = "another process has it open" if busy else str(error)
            raise StoreError(f"{file}: {why}") from None
        self._last_us: int = found[0] or 0

    def get(self, name: str) -> tuple[Listed, bytes] | None:
        """Return an object and its content, or None."""
        row = self._base.execute(
            "SELECT name, version, written_us, size, content FROM objects WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else (Listed(*row[:4]), row[4])

    def put(self, name: str, content: bytes, *, over: int | None, new: bool = False) -> int | None:
        """Write an object and return its version.

        Returns None, and writes nothing, where ``new`` is wanted and there is one of that name, or
        where it does not have the version ``over``.
        """
        if new or over is not None:
            row = self._base.execute(
                "SELECT version FROM objects WHERE name = ?", (name,)
            ).fetchone()
            if (new and row is not None) or (over is not None and (row is None or row[0] != over)):
                return None
        # The broker takes the object with the latest time for the end of a partition.
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        done = self._base.execute(
            "INSERT OR REPLACE INTO objects (name, written_us, size, content) VALUES (?, ?, ?, ?)",
            (name, self._last_us, len(content), content),
        )
        return done.lastrowid

    def delete(self, name: str) -> None:
        """Remove an object, if there is one."""
        self._base.execute("DELETE FROM objects WHERE name = ?", (name,))

    def list(self, prefix: str, after: str = "") -> list[Listed]:
        """Return the objects whose names begin with ``prefix`` and follow ``after``, in order."""
        rows = self._base.execute(
            "SELECT name, version, written_us, size FROM objects"
            " WHERE name >= ? AND name > ? AND name < ? ORDER BY name",
            (prefix, after, prefix + _AFTER_ALL),
        )
        return [Listed(*row) for row in rows]

    def close(self) -> None:
        """Write everything into the file itself and release it."""
        self._base.close()
