"""Logs of a few days for tests, written as the worker writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from streams.core.evidence.checkpoint import Checkpoint
from streams.core.evidence.leaf import Leaf
from streams.core.evidence.note import WITNESS_KEY
from streams.sealing.log_files import LogFiles
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from streams.sealing.rules import keep_rules
from streams.signing.ed25519 import key_of

ORIGIN = "example.kz/log"
SIGNER = NoteSigner.of(ORIGIN, key_of(bytes(32)))
WITNESS = NoteSigner.of("court.example.kz", key_of(b"\x02" * 32), WITNESS_KEY)
RULES = b"--- # rules\n"


def at(day: int, hour: int = 12) -> datetime:
    """Noon of a day of March."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def leaf(number: int) -> Leaf:
    """The leaf of a number: each three are revisions of one violation."""
    return Leaf.of("violation", f"id-{number // 3}", number % 3 + 1, b"%d" % number)


def write_log(directory: Path, days: Sequence[int]) -> LogFiles:
    """Write a log to which each day adds so many leaves; the first one is that of the rules."""
    writer = LogWriter(directory)
    keep_rules(writer.files, "kz-1", RULES)
    writer.append([Leaf.of("rules", "kz-1", 1, RULES).entry()], {})
    for day, count in enumerate(days, 1):
        begin = writer.size - 1
        writer.append([leaf(number).entry() for number in range(begin, begin + count)], {})
        publish(writer.files, Checkpoint(ORIGIN, writer.size, writer.root), SIGNER, at(day))
    writer.close()
    return writer.files
