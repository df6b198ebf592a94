"""Keeps what the other side did not take in a file, one JSON object a line, to be sent again.

A line is on the disk before the offset of its record may be committed. After a crash a line may
stand there twice: the id of the event tells. A file is one bridge's.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec

Stage = Literal["decode", "deliver", "answer"]


class FileInUseError(RuntimeError):
    """Another bridge writes to the file; the text is a sentence."""


class BridgeDeadLetter(msgspec.Struct, frozen=True):
    """A record that was not delivered, or whose answer was not taken; ``value`` is in base64.

    ``stage`` decode: the message is no case or violation; deliver: it was not accepted; answer: it
    was, and ``answer`` is what could not be taken. ``id`` is that of the event.
    """

    stage: Stage
    reason: str
    topic: str
    partition: int
    offset: int
    value: str
    tries: int = 0
    id: str | None = None
    answer: str | None = None

    @property
    def record(self) -> bytes:
        """The value of the record, as it is on its topic. Raises ValueError."""
        try:
            return base64.b64decode(self.value, validate=True)
        except binascii.Error as error:
            raise ValueError(f"value is not base64: {error}") from None


def as_text(value: bytes) -> str:
    """Return bytes as a letter holds them."""
    return base64.b64encode(value).decode()


class DeadLetterFile:
    """Appends dead letters to a file that is open, and locked, as long as the bridge runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise FileInUseError(
                f"another bridge writes its dead letters to {path}: give each one of its own"
            ) from None
        _cut_unfinished_line(self._file)

    def append(self, letter: BridgeDeadLetter) -> None:
        """Write a line and have it on the disk; raises OSError with the file's name."""
        try:
            self._file.write(msgspec.json.encode(letter) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            error.filename = error.filename or str(self.path)
            raise
        self.written += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_letters(path: Path) -> Iterator[BridgeDeadLetter]:
    """Yield the dead letters of a file. Raises ValueError with the line of one that is none.

    A last line without an end is passed over: a crash cut it short, and its record was not
    acknowledged.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                letter = msgspec.json.decode(line, type=BridgeDeadLetter)
                _ = letter.record
            except ValueError as error:  # msgspec's are, too
                raise ValueError(f"{path}, line {number} is no dead letter: {error}") from None
            yield letter


def _cut_unfinished_line(file: IO[bytes]) -> None:
    """Cut off what a crash left of a line: the next one must begin a line."""
    end = file.seek(0, os.SEEK_END)
    start = end
    while start > 0:
        size = min(start, 65536)
        file.seek(start - size)
        found = file.read(size).rfind(b"\n")
        if found >= 0:
            start += found + 1 - size
            break
        start -= size
    if start != end:
        file.truncate(start)
    file.seek(0, os.SEEK_END)
