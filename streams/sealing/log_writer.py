"""Writes a transparency log: entries, tiles, and how far the topics are sealed.

The order in which an append becomes durable, each step on disk before the next begins:

1. bundles of entries and tiles (new files; what a checkpoint promised is never written again),
2. the state: size and root of the log, and the offsets up to which the topics are in it,
3. the index of leaves, and the removal of tiles that a full one replaced.

Checkpoints are signed afterwards, and of a state that is on disk only. So a process that is killed
anywhere goes on with the same log: what it wrote beyond the state is removed, and what it had read
is read again. A leaf that the log has is not added again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from streams.core.evidence.append import LogEdge, append, edge_of
from streams.core.evidence.merkle import Hash, leaf_hashes, range_hash
from streams.core.evidence.tiles import ENTRIES, HEIGHT, WIDTH, TileReader
from streams.kafka.partitions import PartitionId
from streams.sealing.durable import make_directory, replace_file, write_files
from streams.sealing.leaf_places import open_index
from streams.sealing.log_files import CHECKPOINT, CHECKPOINTS, STATE, LogError, LogFiles

STATE_FILE: Final = "sealed.json"
LOCK_FILE: Final = "lock"

Offsets = Mapping[PartitionId, int]
"""The next offset of each partition that is not in the log yet."""


class SealedState(msgspec.Struct, frozen=True):
    """What the writer remembers: the log's size and root (hex), and offsets by topic."""

    size: int = 0
    root: str = LogEdge().root.hex()
    offsets: dict[str, dict[str, int]] = {}

    def of_partitions(self) -> dict[PartitionId, int]:
        """Return the offsets by topic and partition."""
        return {
            (topic, int(partition)): offset
            for topic, partitions in self.offsets.items()
            for partition, offset in partitions.items()
        }


class LogWriter:
    """The one writer of a log's directory; raises LogError where another one has it.

    It refuses a directory whose tiles, state and checkpoint do not belong together: whoever brought
    back an older copy of it would sign a second tree of one size.
    """

    def __init__(self, directory: Path) -> None:
        self.files = LogFiles(directory)
        self._failed: LogError | None = None
        make_directory(directory / STATE)
        self._lock = _locked(directory / STATE / LOCK_FILE)
        try:
            state = self._open_state()
            self._edge = self._open_edge(state)
            self.offsets: dict[PartitionId, int] = state.of_partitions()
            self._check_checkpoint()
            self._remove_unpromised()
            self._index = open_index(self.files, lambda: self.size, writable=True)
            _close_to_others(directory / "tile" / "entries")
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._edge.size

    @property
    def root(self) -> Hash:
        """Root of the tree."""
        return self._edge.root

    def close(self) -> None:
        """Leave the directory to another writer."""
        os.close(self._lock)

    def append(self, entries: Sequence[bytes], offsets: Offsets) -> int:
        """Add the entries that the log does not have; return how many they were.

        ``offsets`` is how far the topics are in the log with them. Raises LogError where the disk
        does not take it: then only another writer knows what is there.
        """
        if self._failed is not None:
            raise self._failed
        new = dict(zip(leaf_hashes(entries), entries, strict=True))
        hashes = list(new)
        known = self._index.find(hashes) if hashes else {}
        if known:
            hashes = [each for number, each in enumerate(hashes) if number not in known]
            entries = [new[each] for each in hashes]
        elif len(hashes) < len(entries):
            entries = list(new.values())
        grown = append(self._edge, entries, hashes)
        upto = {**self.offsets, **offsets}
        before = self._edge
        try:
            if grown.files:
                write_files(
                    self.files.directory, [(tile.path, content) for tile, content in grown.files]
                )
            self._write_state(grown.edge, upto)
            self._edge, self.offsets = grown.edge, upto
            if hashes:
                self._index.add(b"".join(hashes))
                self._remove_replaced(before)
        except OSError as error:
            self._failed = LogError(f"{self.files.directory} cannot be written: {error}")
            raise self._failed from error
        return len(hashes)

    def root_at(self, size: int) -> Hash:
        """Compute the root of the log as it was with its first ``size`` leaves."""
        return range_hash(TileReader(self.files.read, self.size), 0, size)

    def _write_state(self, edge: LogEdge, offsets: Offsets) -> None:
        by_topic: dict[str, dict[str, int]] = {}
        for (topic, partition), offset in sorted(offsets.items()):
            by_topic.setdefault(topic, {})[str(partition)] = offset
        state = SealedState(edge.size, edge.root.hex(), by_topic)
        replace_file(self._state_path, msgspec.json.format(msgspec.json.encode(state)) + b"\n")

    @property
    def _state_path(self) -> Path:
        return self.files.directory / STATE / STATE_FILE

    def _open_state(self) -> SealedState:
        state = read_state(self.files.directory)
        if state is not None:
            return state
        published = self.files.checkpoint()
        if published is None:
            if days := self.files.days():
                where = self.files.directory
                raise LogError(
                    f"{where / CHECKPOINT} is missing, and a log was published: copy "
                    f"{CHECKPOINTS}/{days[-1]} there"
                )
            return SealedState()  # nothing was promised
        # The state was lost: the log goes on from its checkpoint, and reads all topics again.
        checkpoint, _ = published
        return SealedState(checkpoint.size, checkpoint.root.hex())

    def _open_edge(self, state: SealedState) -> LogEdge:
        where = self.files.directory
        try:
            edge = edge_of(state.size, self.files.read_tile)
        except FileNotFoundError as error:
            raise LogError(
                f"{where}: the log has {state.size} leaves, and a tile is missing: {error.filename}"
            ) from None
        except ValueError as error:
            raise LogError(f"{where}: {error}") from None
        if edge.root.hex() != state.root:
            raise LogError(
                f"{where}: the tiles are not those of the state: of {state.size} leaves "
                f"they have root {edge.root.hex()}, the state has {state.root}"
            )
        return edge

    def _check_checkpoint(self) -> None:
        published = self.files.checkpoint()
        if published is None:
            return
        signed = published[0]
        where = self.files.directory / CHECKPOINT
        if signed.size > self.size:
            raise LogError(
                f"{where} has {signed.size} leaves and the state {self.size}: the directory is "
                "partly an older copy; bring back the newer tiles and state, or remove the state"
            )
        if self.root_at(signed.size) != signed.root:
            raise LogError(
                f"{where} is of another log: {signed.size} leaves have another root here"
            )

    def _remove_unpromised(self) -> None:
        """Remove tiles beyond the state, left by a process that was killed, and replaced ones."""
        full = {level: self.size >> HEIGHT * max(level, 0) for level in range(ENTRIES, 9)}
        for path, tile in list(self.files.tiles()):
            count = full.get(tile.level, 0)
            beyond = tile.number * WIDTH + tile.width > count
            if beyond or (tile.width < WIDTH and (tile.number + 1) * WIDTH <= count):
                path.unlink()

    def _remove_replaced(self, before: LogEdge) -> None:
        """Remove the tiles of an edge in whose place there is a full one now."""
        for tile in before.files():
            count = self.size >> HEIGHT * max(tile.level, 0)
            if (tile.number + 1) * WIDTH <= count:
                partial = self.files.directory / f"{tile._replace(width=WIDTH).path}.p"
                shutil.rmtree(partial, ignore_errors=True)


def read_state(directory: Path) -> SealedState | None:
    """Read what the writer of a log remembers; None: nothing yet. Raises LogError."""
    path = directory / STATE / STATE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=SealedState)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise LogError(f"{path} is no state of a log: {error}") from None


def _close_to_others(entries: Path) -> None:
    """Let owner and group alone read the entries: their ids lead to enterprises.

    A directory of another owner stays as that owner has it.
    """
    make_directory(entries)
    with suppress(PermissionError):
        entries.chmod(entries.stat().st_mode & 0o770)


def _locked(path: Path) -> int:
    """Lock a file for this process; raises LogError where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise LogError(f"{path.parent.parent}: another process writes this log") from None
    return descriptor
