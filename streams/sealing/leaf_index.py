"""Knows which leaves a log has: an index on disk by their hashes, made anew from the tiles.

A hash is spread evenly, so its first eight bytes find it: sorted arrays of them, each with the
places of the leaves, in files of the log's private state. An append adds one file; files of about
one length are merged, so that there are few and each leaf is moved seldom. What they find is
compared with the whole hash in the tile. The tiles are the truth: a file that is missing is made
from them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.core.evidence.merkle import Hash
from streams.core.evidence.tiles import HASH_BYTES
from streams.sealing.durable import make_directory, replace_file

Keys = NDArray[np.uint64]
ReadHashes = Callable[[int, int], bytes]
"""Returns the hashes of the leaves ``[begin, end)``, 32 bytes each, one after the other."""

_CHUNK: Final = 1 << 18  # leaves that are read from the tiles at once
_NAME = re.compile(r"(\d+)-(\d+)\.npy")


class _Run:
    """The leaves ``[begin, end)``: first eight bytes of their hashes, sorted, and their places."""

    def __init__(self, path: Path, begin: int, end: int) -> None:
        self.path, self.begin, self.end = path, begin, end
        table: Keys = np.load(path, mmap_mode="r")
        if table.shape != (2, end - begin) or table.dtype != np.uint64:
            raise ValueError(f"{path} is no index of {end - begin} leaves")
        self.keys, self.places = table

    def candidates(self, keys: Keys) -> Iterator[tuple[int, int]]:
        """Yield which of the keys, in ascending order, may be at which place."""
        at = np.searchsorted(self.keys, keys)
        inside = np.minimum(at, len(self.keys) - 1)
        for number in np.flatnonzero(self.keys[inside] == keys):
            place = int(at[number])
            while place < len(self.keys) and self.keys[place] == keys[number]:
                yield int(number), int(self.places[place])
                place += 1


class LeafIndex:
    """The index of a log of ``size`` leaves, whose hashes ``read`` returns.

    Only the log's writer brings it up to date; whoever else opens it (``writable`` False) looks
    through what is not in it yet.
    """

    def __init__(
        self, directory: Path, size: int, read: ReadHashes, *, writable: bool = True
    ) -> None:
        self._directory = directory
        self._read = read
        self._runs = list(_runs(directory, size))
        self._rest = (self.size, self.size)
        if not writable:
            self._rest = (self.size, size)
            return
        make_directory(directory)
        kept = {run.path for run in self._runs}
        for path in directory.iterdir():
            if path not in kept:
                path.unlink()
        for begin in range(self.size, size, _CHUNK):
            self.add(read(begin, min(begin + _CHUNK, size)))

    @property
    def size(self) -> int:
        """Number of leaves that it knows."""
        return self._runs[-1].end if self._runs else 0

    def find(self, hashes: Sequence[Hash]) -> dict[int, int]:
        """Return the places of those hashes that are leaves, by the number of the hash."""
        keys = _keys(b"".join(hashes))
        order = np.argsort(keys, kind="stable")  # so that a large run is read from end to end
        keys = keys[order]
        candidates = [
            (int(order[at]), place) for run in self._runs for at, place in run.candidates(keys)
        ]
        candidates.sort(key=lambda each: each[1])  # of one tile after the other
        found = {
            number: place
            for number, place in candidates
            if self._read(place, place + 1) == hashes[number]
        }
        begin, end = self._rest
        wanted = {each: number for number, each in enumerate(hashes)} if begin < end else {}
        for first in range(begin, end, _CHUNK):
            content = self._read(first, min(first + _CHUNK, end))
            for at in range(0, len(content), HASH_BYTES):
                number = wanted.get(content[at : at + HASH_BYTES])
                if number is not None:
                    found[number] = first + at // HASH_BYTES
        return found

    def add(self, hashes: bytes) -> None:
        """Add the next leaves by their hashes, 32 bytes each."""
        begin = self.size
        keys = _keys(hashes)
        places = np.arange(begin, begin + len(keys), dtype=np.uint64)
        merged: list[_Run] = []
        while self._runs and len(self._runs[-1].keys) <= len(keys):
            run = self._runs.pop()
            merged.append(run)
            begin = run.begin
            keys = np.concatenate((run.keys, keys))
            places = np.concatenate((run.places, places))
        order = np.argsort(keys, kind="stable")
        content = BytesIO()
        np.save(content, np.stack((keys[order], places[order])))
        end = begin + len(keys)
        path = self._directory / f"{begin}-{end}.npy"
        replace_file(path, content.getvalue())
        self._runs.append(_Run(path, begin, end))
        for run in merged:
            run.path.unlink(missing_ok=True)


def _runs(directory: Path, size: int) -> Iterator[_Run]:
    """Yield the files that together know the first leaves, one after the other."""
    there: dict[int, list[int]] = {}
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in filter(None, map(_NAME.fullmatch, names)):
        if int(name[1]) < int(name[2]) <= size:
            there.setdefault(int(name[1]), []).append(int(name[2]))
    begin = 0
    while begin in there:
        end = max(there[begin])  # the others were merged into it
        try:
            yield _Run(directory / f"{begin}-{end}.npy", begin, end)
        except (OSError, ValueError, EOFError):
            return  # what is not whole is made anew
        begin = end


def _keys(hashes: bytes) -> Keys:
    """Return the first eight bytes of each hash as a number."""
    words = np.frombuffer(hashes, dtype=">u8")
    return words[:: HASH_BYTES // 8].astype(np.uint64)
