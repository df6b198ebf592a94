"""Compare the ledger of a partition with its log and its dead letters (specification 10)."""

from __future__ import annotations

from collections.abc import Mapping

from emissions.audit.check import AuditCheck, offsets_text
from emissions.audit.partition_log import (
    DEAD,
    DUPLICATE,
    EMPTY,
    TICK,
    USED,
    DeadLetterDigest,
    PartitionLog,
)
from streams.core.engine.outcome import Ledger
from streams.counted import counted


def check_ledger(
    partition: int,
    ledger: Ledger,
    log: PartitionLog,
    buried: Mapping[int, DeadLetterDigest],
    committed: int,
    begin: int,
    end: int,
) -> AuditCheck:
    """Check that every message below the ledger's offset ended in exactly one place.

    ``log`` holds the messages below it, ``buried`` the dead letters by offset, ``committed`` is the
    offset of the streams group, ``begin`` and ``end`` are the topic's. Offsets without a message
    are transaction markers or were rolled back. Messages that the topic no longer keeps are only
    counted: one per offset, except for offsets that the ledger skipped.
    """
    upto = ledger.next_offset
    accounted = ledger.used + ledger.duplicates + ledger.dead_letters + ledger.ticks
    forgotten = min(begin, upto, end)
    without = min(upto, end) - forgotten - log.count()
    passed_before = min(forgotten, max(0, ledger.skipped - without))
    messages = forgotten - passed_before + log.count()
    wrong = []
    if committed > upto:
        wrong.append(
            f"offsets {upto}-{committed - 1} are committed, but the ledger ends before them"
        )
    if end < upto:
        wrong.append(f"the ledger reaches offset {upto}, but the topic ends at {end}")
    if messages != accounted:
        wrong.append(f"{counted(messages, 'message')}, but the ledger accounts for {accounted}")
    wrong += _dead_letters(ledger, log, buried, forgotten)
    if not forgotten:
        pairs = (
            ("used", ledger.used, log.count(USED, EMPTY)),
            ("duplicates", ledger.duplicates, log.count(DUPLICATE)),
            ("dead letters", ledger.dead_letters, log.count(DEAD)),
            ("ticks", ledger.ticks, log.count(TICK)),
        )
        wrong += [
            f"{name}: {said} in the ledger, {found} in the log"
            for name, said, found in pairs
            if said != found
        ]
    seen = (
        f"{counted(messages, 'message')} = {ledger.used} used + {ledger.duplicates} duplicates + "
        f"{ledger.dead_letters} dead-lettered + {ledger.ticks} ticks"
    )
    if without:
        seen += (
            f"; {counted(without, 'offset')} without message (transaction markers, aborted records)"
        )
    if forgotten:
        seen += f"; the first {forgotten} were deleted by retention"
    if end > upto:
        seen += f"; {end - upto} not judged yet"
    return AuditCheck("ledger", f"partition {partition}", seen, wrong)


def _dead_letters(
    ledger: Ledger, log: PartitionLog, buried: Mapping[int, DeadLetterDigest], forgotten: int
) -> list[str]:
    found = {offset for offset in buried if offset < ledger.next_offset}
    expected = set(log.of_fate(DEAD))
    wrong = []
    if len(found) != ledger.dead_letters and not forgotten:
        wrong.append(
            f"{ledger.dead_letters} dead-lettered, but {len(found)} in the dead-letter topic"
        )
    if missing := expected - found:
        wrong.append(f"missing dead letters for offsets {offsets_text(missing)}")
    if unexpected := {offset for offset in found - expected if offset >= forgotten}:
        wrong.append(f"dead letters for usable messages at offsets {offsets_text(unexpected)}")
    if log.unlike:
        wrong.append(
            f"dead letters with other bytes than the messages at offsets {offsets_text(log.unlike)}"
        )
    return wrong
