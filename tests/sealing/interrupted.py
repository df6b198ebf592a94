"""A disk that loses its power at its n-th operation, and with it what it was not told to keep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from streams.sealing import durable


class PowerLossError(BaseException):
    """Nothing catches it: what comes after it does not happen."""


class Disk:
    """Counts the operations of `streams.sealing.durable`, and fails amid one of them.

    A write that fails has written the half. With the power goes what no ``fsync`` confirmed: the
    content of files, and in directories new names and renamings.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.operations = 0
        self.fails_at: int | None = None
        self._contents: set[Path] = set()
        self._names: dict[Path, bytes | None] = {}  # with what stood there before
        self._write, self._sync, self._replace = durable._write, durable._sync, os.replace
        patch.setattr(durable, "_write", self.write)
        patch.setattr(durable, "_sync", self.sync)
        patch.setattr(durable, "sync_file_system", lambda _: False)
        patch.setattr(os, "replace", self.replace)

    def write(self, path: Path, content: bytes, made: Any) -> None:
        """Write a file, or the half of it."""
        fails = self._passed()
        if not path.exists():
            self._names.setdefault(path, None)
        self._contents.add(path)
        self._write(path, content[: len(content) // 2] if fails else content, made)
        if fails:
            self._lose()

    def sync(self, path: Path) -> None:
        """Keep a file or a directory, or fail before it."""
        if self._passed():
            self._lose()
        self._contents.discard(path)
        for name in [name for name in self._names if name.parent == path]:
            del self._names[name]

    def replace(self, old: Path, new: Path) -> None:
        """Rename a file, or fail before it."""
        if self._passed():
            self._lose()
        before = new.read_bytes() if new.exists() else None
        self._replace(old, new)
        self._names.setdefault(new, before)
        self._names.pop(old, None)

    def _passed(self) -> bool:
        self.operations += 1
        return self.fails_at is not None and self.operations >= self.fails_at

    def _lose(self) -> None:
        """Lose what was not confirmed, and everything after it."""
        for path in self._contents:
            if path.exists():
                path.write_bytes(b"")
        for path, before in self._names.items():
            path.unlink(missing_ok=True)
            if before is not None:
                path.write_bytes(before)
        self._contents.clear()
        self._names.clear()
        raise PowerLossError
