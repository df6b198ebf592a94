"""Checks a log as a whole: each tile by its entries, each checkpoint by the tree.

It needs nothing but the log's files, and believes none of them but the keys that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.core.evidence.append import LogEdge, append
from streams.core.evidence.checkpoint import Checkpoint, FormError, parse_checkpoint
from streams.core.evidence.leaf import read_entry
from streams.core.evidence.merkle import range_hash
from streams.core.evidence.note import PublicKey, open_note
from streams.core.evidence.tiles import WIDTH, TileReader
from streams.counted import counted
from streams.sealing.log_files import CHECKPOINT, CHECKPOINTS, RULES, STAMP, LogFiles
from streams.sealing.stamps import StampError, stamped_at
from streams.signing.ed25519 import verify

Progress = Callable[[int, int], None]
"""Told how many leaves of how many were read."""

_BATCH: Final = 64 * WIDTH
_NAMED: Final = 10  # differences of a part that are named


@dataclass
class LogCheck:
    """A part of a log: what was seen, and what differs, a sentence each."""

    part: str
    seen: str = ""
    differences: list[str] = field(default_factory=list)
    more: int = 0
    """Differences that are not named."""

    @property
    def holds(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def add(self, difference: str) -> None:
        """Name a difference, or count it."""
        if len(self.differences) < _NAMED:
            self.differences.append(difference)
        else:
            self.more += 1


def check_log(
    files: LogFiles, keys: Sequence[PublicKey], progress: Progress = lambda *_: None
) -> list[LogCheck]:
    """Check everything that a log has published; raises LogError where it has no checkpoint."""
    signed = LogCheck("checkpoint")
    newest = _opened(files, CHECKPOINT, keys, signed)
    if newest is None:
        return [signed]
    signed.seen = f"{counted(newest.size, 'leaf', 'leaves')}, root {newest.root.hex()}"
    leaves = LogCheck("leaves")
    packed = _check_leaves(files, newest, leaves, progress)
    tree = TileReader(files.read, newest.size)
    if leaves.holds and range_hash(tree, 0, newest.size) != newest.root:
        signed.add(f"{CHECKPOINT}: the tree of its {newest.size} leaves has another root")
    return [signed, leaves, *_check_days(files, keys, newest, tree), _check_rules(files, packed)]


def _opened(
    files: LogFiles, path: str, keys: Sequence[PublicKey], check: LogCheck
) -> Checkpoint | None:
    """Return a checkpoint that is signed by one of the keys; None, and a difference, for none."""
    try:
        return parse_checkpoint(open_note(files.read(path).decode(), keys, verify)[0])
    except FileNotFoundError:
        check.add(f"{path} is missing")
    except (FormError, UnicodeDecodeError) as error:
        check.add(f"{path}: {error}")
    return None


def _check_leaves(
    files: LogFiles, newest: Checkpoint, check: LogCheck, progress: Progress
) -> dict[str, bytes]:
    """Derive every tile from the entries; return the digests of rule sets by version."""
    edge, entries = LogEdge(), _entries(files, newest.size, check)
    packed: dict[str, bytes] = {}
    keys: list[NDArray[np.uint64]] = []  # eight bytes of each leaf's hash tell it from others
    while batch := list(islice(entries, _BATCH)):
        growth = append(edge, batch)
        for tile, content in growth.files:
            partial = tile.number * WIDTH + tile.width < newest.size >> 8 * max(tile.level, 0)
            if tile.width < WIDTH and partial:
                continue  # of the batch, not of the log
            try:
                if files.read_tile(tile) != content:
                    check.add(f"{tile.path} is not what the entries give")
            except FileNotFoundError:
                check.add(f"{tile.path} is missing")
            except ValueError as error:
                check.add(f"{tile.path}: {error}")
        packed.update(_rule_sets(batch, edge.size, check))
        keys.append(np.frombuffer(b"".join(each[:8] for each in growth.hashes), dtype=np.uint64))
        edge = growth.edge
        progress(edge.size, newest.size)
    check.seen = f"{counted(edge.size, 'entry', 'entries')} and the tiles"
    repeated = edge.size - (len(np.unique(np.concatenate(keys))) if keys else 0)
    if repeated:
        check.add(f"there more than once: {counted(repeated, 'entry', 'entries')}")
    if edge.size != newest.size:
        check.add(f"the log has {edge.size} of {newest.size} leaves")
    elif edge.root != newest.root:
        check.add(f"the entries have root {edge.root.hex()}, not that of the checkpoint")
    return packed


def _rule_sets(batch: list[bytes], begin: int, check: LogCheck) -> dict[str, bytes]:
    """Return digests of the rule sets among entries by version; name what is no leaf."""
    packed = {}
    for at, entry in enumerate(batch, begin):
        try:
            leaf = read_entry(entry)
        except ValueError as error:
            check.add(f"entry {at} is {error}")
            continue
        if leaf.kind == "rules":
            packed[leaf.id] = leaf.digest
    return packed


def _entries(files: LogFiles, size: int, check: LogCheck) -> Iterator[bytes]:
    try:
        yield from files.entries(size)
    except (FileNotFoundError, ValueError) as error:
        check.add(str(error))


def _check_days(
    files: LogFiles, keys: Sequence[PublicKey], newest: Checkpoint, tree: TileReader
) -> list[LogCheck]:
    """Check that each day's checkpoint is the beginning of the next one's tree, and its stamp."""
    days, stamps = LogCheck("days"), LogCheck("stamps")
    before = 0
    stamped = 0
    for day in files.days():
        path = f"{CHECKPOINTS}/{day}"
        found = _opened(files, path, keys, days)
        if found is None:
            continue
        if found.origin != newest.origin:
            days.add(f"{path} is of the log {found.origin}, not of {newest.origin}")
        elif found.size < before:
            days.add(f"{path}: {found.size} leaves, and {before} the day before")
        elif found.size > newest.size:
            days.add(f"{path}: {found.size} leaves, and {newest.size} in the newest checkpoint")
        elif (why := other_root(tree, found)) is not None:
            days.add(f"{path}: {why}")
        before = max(before, found.size)
        try:
            stamped_at(files.read(f"{path}{STAMP}"), found.text.encode())
            stamped += 1
        except FileNotFoundError:
            continue
        except StampError as error:
            stamps.add(f"{path}{STAMP}: {error}")
    days.seen = f"{counted(len(files.days()), 'checkpoint')}, each the beginning of the next"
    stamps.seen = f"{stamped} of {len(files.days())} days stamped"
    return [days, stamps]


def other_root(tree: TileReader, checkpoint: Checkpoint) -> str | None:
    """Say why a tree does not begin with that of a checkpoint; None: it does."""
    try:
        root = range_hash(tree, 0, checkpoint.size)
    except (OSError, ValueError) as error:
        return f"its tree cannot be read: {error}"
    if root == checkpoint.root:
        return None
    return (
        f"its {checkpoint.size} leaves had root {checkpoint.root.hex()}, the log has "
        f"{root.hex()}: it was changed after that day"
    )


def _check_rules(files: LogFiles, packed: dict[str, bytes]) -> LogCheck:
    """Check that the rule sets beside the log are those of its leaves."""
    check = LogCheck("rules", f"{len(packed)} rule sets")
    for version, digest in sorted(packed.items()):
        names = [f"{RULES}/{version}", f"{RULES}/{version}-{digest.hex()[:12]}"]
        contents = []
        for name in names:
            try:
                contents.append(files.read(name))
            except FileNotFoundError:
                continue
        if not contents:
            check.add(f"{names[0]} is missing")
        elif all(sha256(content).digest() != digest for content in contents):
            check.add(f"{names[0]} is not the file whose hash is in the log")
    return check
