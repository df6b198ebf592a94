"""A log that dies at any operation of its disk: one tree of each size, nothing lost, nothing twice.

Two partitions are read in turns that change with every start, so that what follows a death is not
what was being written when it came. What was signed before must be the beginning of what stands.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.checkpoint import Checkpoint, parse_checkpoint
from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.evidence.note import open_note
from streams.sealing.log_check import check_log
from streams.sealing.log_files import LogFiles
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from streams.signing.ed25519 import verify
from tests.sealing.interrupted import Disk, PowerLossError
from tests.sealing.logs import ORIGIN, SIGNER, at, leaf
from tests.support.generated import examples

RECORDS = 500
"""Records of each of the two partitions."""
PARTS = {("topic", 0): 0, ("topic", 1): RECORDS}


class Consumer:
    """Seals two partitions, a batch of each in turn, and publishes after each append."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self.directory = directory
        self.disk = disk
        self.signed: dict[int, bytes] = {}

    def run(self, shares: tuple[int, int], fails_after: int | None) -> bool:
        """Seal until everything is or the disk dies; whether everything is."""
        self.disk.fails_at = None if fails_after is None else self.disk.operations + fails_after
        writer = None
        try:
            writer = LogWriter(self.directory)
            self._publish(writer)
            for offsets, entries in self._batches(writer, shares):
                writer.append(entries, offsets)
                self._publish(writer)
        except PowerLossError:
            return False
        finally:
            if writer is not None:
                writer.close()
            self.disk.fails_at = None
            self._note_signed()
        return True

    def _publish(self, writer: LogWriter) -> None:
        if writer.size:
            publish(writer.files, Checkpoint(ORIGIN, writer.size, writer.root), SIGNER, at(1))

    def _batches(
        self, writer: LogWriter, shares: tuple[int, int]
    ) -> Iterator[tuple[dict[tuple[str, int], int], list[bytes]]]:
        while any(writer.offsets.get(part, 0) < RECORDS for part in PARTS):
            offsets, entries = {}, []
            for (part, first), share in zip(PARTS.items(), shares, strict=True):
                begin = writer.offsets.get(part, 0)
                offsets[part] = min(begin + share, RECORDS)
                again = max(0, begin - 2)  # at least once: some are read twice
                entries += [leaf(first + n).entry() for n in range(again, offsets[part])]
            yield offsets, entries

    def _note_signed(self) -> None:
        """Remember each tree that a checkpoint on the disk signs; one of a size has one root."""
        files = LogFiles(self.directory)
        paths = [f"checkpoints/{day}" for day in files.days()]
        paths += ["checkpoint"] if (self.directory / "checkpoint").exists() else []
        for path in paths:
            text, _ = open_note(files.read(path).decode(), [SIGNER.public], verify)
            signed = parse_checkpoint(text)
            assert self.signed.setdefault(signed.size, signed.root) == signed.root

    def check(self) -> None:
        """Everything is in the log once, and every tree that was signed is its beginning."""
        files = LogFiles(self.directory)
        entries = list(files.entries(2 * RECORDS))
        assert sorted(entries) == sorted(leaf(number).entry() for number in range(2 * RECORDS))
        hashes = [leaf_hash(entry) for entry in entries]
        for size, root in self.signed.items():
            assert root_of(hashes[:size]) == root
        assert max(self.signed) == 2 * RECORDS
        assert all(part.holds for part in check_log(files, [SIGNER.public]))


def lives(directory: Path, disk: Disk, deaths: list[tuple[tuple[int, int], int]]) -> None:
    """Start the consumer again and again, and let it end its work at last."""
    consumer = Consumer(directory, disk)
    for shares, fails_after in deaths:
        consumer.run(shares, fails_after)
    assert consumer.run((170, 230), None)
    consumer.check()


SHARES = st.tuples(st.integers(0, 300), st.integers(1, 300))


@given(st.lists(st.tuples(SHARES, st.integers(1, 90)), min_size=1, max_size=6))
@examples(30)
def test_any_deaths(deaths: list[tuple[tuple[int, int], int]]) -> None:
    with tempfile.TemporaryDirectory() as where, pytest.MonkeyPatch.context() as patch:
        lives(Path(where) / "log", Disk(patch), deaths)


@pytest.mark.parametrize(
    "begin", [5, *(pytest.param(begin, marks=pytest.mark.long) for begin in range(1, 5))]
)
def test_each_operation_once(begin: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    whole = Consumer(tmp_path / "whole", disk)
    assert whole.run((300, 260), None)
    for fails_after in range(begin, disk.operations + 1, 5):
        deaths = [((300, 260), fails_after), ((40, 290), fails_after)]
        lives(tmp_path / str(fails_after), disk, deaths)
