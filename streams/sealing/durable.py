"""Writes files so that they outlive a crash of the machine, many of them by one call."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_MANY: Final = 16
"""From this many files on threads write them, and one ``syncfs`` takes an ``fsync`` for each."""

_WRITERS: Final = 4


def write_files(root: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write files by their paths below ``root``, and return when the disk has them.

    They may not be whole after a crash amid it: nothing may refer to them before it returns.
    """
    made: set[Path] = set()
    if len(files) < _MANY:
        for path, content in files:
            _write(root / path, content, made)
    else:
        with ThreadPoolExecutor(_WRITERS) as writers:
            writing = [
                writers.submit(_write, root / path, content, made) for path, content in files
            ]
        for each in writing:
            each.result()
    if len(files) < _MANY or not sync_file_system(root):
        for path, _ in files:
            _sync(root / path)
        for directory in {(root / path).parent for path, _ in files} | made:
            _sync(directory)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole: a reader finds the old one or the new one, after a crash too."""
    temporary = path.with_name(f".{path.name}.new")
    _write(temporary, content, set())
    _sync(temporary)
    os.replace(temporary, path)
    _sync(path.parent)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, durably."""
    made: set[Path] = set()
    _make(path, made)
    for directory in made:
        _sync(directory)


def sync_file_system(path: Path) -> bool:
    """Have the disk take everything of a file system; False where the system has no such call.

    Raises OSError where the disk does not take it.
    """
    call = _syncfs()
    if call is None:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if call(descriptor) == 0:
            return True
        code = ctypes.get_errno()
    finally:
        os.close(descriptor)
    if code == errno.ENOSYS:
        return False
    raise OSError(code, os.strerror(code), str(path))


def _syncfs() -> Callable[[int], int] | None:
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return found


def _write(path: Path, content: bytes, made: set[Path]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        descriptor = os.open(path, flags, 0o644)
    except FileNotFoundError:
        _make(path.parent, made)
        descriptor = os.open(path, flags, 0o644)
    try:
        done = os.write(descriptor, content)
        while done < len(content):
            done += os.write(descriptor, content[done:])
    finally:
        os.close(descriptor)


def _make(directory: Path, made: set[Path]) -> None:
    """Make a directory; add those that got an entry to ``made``."""
    lacking: list[Path] = []
    while not directory.is_dir():
        lacking.append(directory)
        directory = directory.parent
    for each in reversed(lacking):
        each.mkdir(exist_ok=True)
        made.add(each.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
