"""Measures the transparency log: leaves appended in a second, and the time of a proof.

``python -m tests.bench.sealing --leaves 10000000``: appends leaves in batches as the seal worker
does in a backlog (entries, tiles, state and index on the disk after each), signs a checkpoint, and
proves leaves anywhere, each by a prover of its own that finds the leaf by its hash. The entries are
made before the clock starts; they are as long as those of violations.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from streams.core.evidence.append import LogEdge, append
from streams.core.evidence.checkpoint import Checkpoint
from streams.core.evidence.leaf import Leaf
from streams.core.evidence.merkle import Hash, leaf_hash, verify_inclusion
from streams.core.evidence.tiles import ENTRIES
from streams.sealing.durable import write_files
from streams.sealing.leaf_index import LeafIndex
from streams.sealing.leaf_places import places_of
from streams.sealing.log_files import STATE, LogFiles
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.proof import LogProver
from streams.sealing.publish import publish
from streams.signing.ed25519 import key_of

BATCH = 1 << 16
PROOFS = 200


class Measured(NamedTuple):
    """Leaves, seconds of the appends (by the clock, and of the processor), and of each proof."""

    leaves: int
    append_s: list[float]
    cpu_s: float
    proof_s: list[float]
    open_s: float


def entry(number: int) -> bytes:
    """The entry of a leaf of some violation."""
    digest = sha256(b"%d" % number).digest()
    name = f"{digest.hex()[:8]}-6c1a-5d43-9a51-{number:012}"
    return Leaf("violation", name, 1, digest).entry()


def measure(directory: Path, leaves: int, proofs: int = PROOFS) -> Measured:
    """Append leaves to a new log, and prove some of them."""
    writer = LogWriter(directory)
    append_s, cpu_s = [], 0.0
    for begin in range(0, leaves, BATCH):
        entries = [entry(number) for number in range(begin, min(begin + BATCH, leaves))]
        started, cpu = time.perf_counter(), time.process_time()
        writer.append(entries, {("topic", 0): begin + len(entries)})
        append_s.append(time.perf_counter() - started)
        cpu_s += time.process_time() - cpu
    signer = NoteSigner.of("bench.example/log", key_of(bytes(32)))
    checkpoint = Checkpoint(signer.public.name, writer.size, writer.root)
    publish(writer.files, checkpoint, signer, datetime.now(UTC))
    writer.close()
    started = time.perf_counter()
    LogWriter(directory).close()
    open_s = time.perf_counter() - started
    chosen = random.Random(1)
    proof_s = [prove(directory, entry(chosen.randrange(leaves))) for _ in range(proofs)]
    return Measured(leaves, append_s, cpu_s, proof_s, open_s)


def prove(directory: Path, wanted: bytes) -> float:
    """Prove an entry from nothing but the directory; seconds of the processor."""
    return prove_hash(directory, leaf_hash(wanted))


def prove_hash(directory: Path, wanted: Hash) -> float:
    """Prove a leaf by its hash from nothing but the directory; seconds of the processor."""
    started = time.process_time()
    files = LogFiles(directory)
    prover = LogProver(files)
    size, root = prover.checkpoint.size, prover.checkpoint.root
    place = places_of(files, size, [wanted])[0]
    proof = prover.prove(place)
    passed = time.process_time() - started
    assert verify_inclusion(wanted, place, size, proof.hashes, root)
    return passed


def measure_proofs(directory: Path, leaves: int, proofs: int = PROOFS) -> list[float]:
    """Prove leaves of a log that has hashes, tiles and an index, and no entries; seconds each."""
    chance = random.Random(1)
    index = LeafIndex(directory / STATE / "index", 0, lambda *_: b"")
    edge, wanted = LogEdge(), []
    for begin in range(0, leaves, BATCH):
        count = min(BATCH, leaves - begin)
        content = chance.randbytes(32 * count)
        hashes = [content[at : at + 32] for at in range(0, len(content), 32)]
        growth = append(edge, [b""] * count, hashes)
        tiles = [(tile.path, data) for tile, data in growth.files if tile.level != ENTRIES]
        write_files(directory, tiles)
        index.add(content)
        edge = growth.edge
        wanted += chance.sample(hashes, 2)
    signer = NoteSigner.of("bench.example/log", key_of(bytes(32)))
    checkpoint = Checkpoint(signer.public.name, edge.size, edge.root)
    publish(LogFiles(directory), checkpoint, signer, datetime.now(UTC))
    return [prove_hash(directory, each) for each in chance.choices(wanted, k=proofs)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--proofs-only", action="store_true", help="of leaves without entries")
    parser.add_argument("--directory", type=Path, help="on which disk; default: the temporary one")
    given = parser.parse_args()
    if given.proofs_only:
        with tempfile.TemporaryDirectory(dir=given.directory) as where:
            _print_proofs(given.leaves, measure_proofs(Path(where), given.leaves))
        return
    with tempfile.TemporaryDirectory(dir=given.directory) as where:
        found = measure(Path(where) / "log", given.leaves)
    best = BATCH / min(found.append_s)
    print(f"{found.leaves} leaves: {found.leaves / sum(found.append_s):,.0f} leaves/s")
    print(f"  of the processor: {found.leaves / found.cpu_s:,.0f} leaves/s")
    print(f"  best batch of {BATCH}: {best:,.0f} leaves/s")
    print(f"  opened by another writer in {found.open_s:.2f} s")
    _print_proofs(found.leaves, found.proof_s)


def _print_proofs(leaves: int, proof_s: list[float]) -> None:
    middle, worst = (each * 1000 for each in (statistics.median(proof_s), max(proof_s)))
    print(f"  a proof among {leaves}: median {middle:.1f} ms of processor time, worst {worst:.1f}")


if __name__ == "__main__":
    main()
