"""The ledger of a partition against its log and its dead letters (specification 10)."""

from __future__ import annotations

from collections.abc import Mapping

from streams.audit.check import Check, offsets_text
from streams.audit.partition_log import DEAD, DUPLICATE, EMPTY, TICK, USED, Buried, PartitionLog
from streams.core.log import Ledger


def check_ledger(
    partition: int,
    ledger: Ledger,
    log: PartitionLog,
    buried: Mapping[int, Buried],
    committed: int,
    begin: int,
    end: int,
) -> Check:
    """Whether every message below the ledger's offset ended in exactly one place.

    ``log`` holds the messages below it, ``buried`` the dead letters by offset, ``committed`` is
    the offset of the streams group, ``begin`` and ``end`` are the topic's. Offsets without a
    message are markers of transactions and what was rolled back. Of messages that the topic keeps
    no more only the number is known: an offset each, but for those that the ledger passed over.
    """
    upto = ledger.next_offset
    accounted = ledger.used + ledger.duplicates + ledger.dead_letters + ledger.ticks
    forgotten = min(begin, upto, end)
    without = min(upto, end) - forgotten - log.count()
    passed_before = min(forgotten, max(0, ledger.skipped - without))
    messages = forgotten - passed_before + log.count()
    wrong = []
    if committed > upto:
        wrong.append(f"offsets {upto}-{committed - 1} are committed, the ledger ends before them")
    if end < upto:
        wrong.append(f"the ledger reaches offset {upto}, the topic ends at {end}")
    if messages != accounted:
        wrong.append(f"{messages} messages, the ledger accounts for {accounted}")
    wrong += _dead_letters(ledger, log, buried, forgotten)
    if not forgotten:
        pairs = (
            ("used", ledger.used, log.count(USED, EMPTY)),
            ("duplicates", ledger.duplicates, log.count(DUPLICATE)),
            ("dead letters", ledger.dead_letters, log.count(DEAD)),
            ("ticks", ledger.ticks, log.count(TICK)),
        )
        wrong += [
            f"{name}: the ledger says {said}, the messages {found}"
            for name, said, found in pairs
            if said != found
        ]
    seen = (
        f"{messages} messages = {ledger.used} used + {ledger.duplicates} duplicates + "
        f"{ledger.dead_letters} dead-lettered + {ledger.ticks} ticks"
    )
    if without:
        seen += f"; {without} offsets hold none (markers of transactions, what was rolled back)"
    if forgotten:
        seen += f"; the first {forgotten} are kept no more"
    if end > upto:
        seen += f"; {end - upto} to take"
    return Check("ledger", f"partition {partition}", seen, wrong)


def _dead_letters(
    ledger: Ledger, log: PartitionLog, buried: Mapping[int, Buried], forgotten: int
) -> list[str]:
    found = {offset for offset in buried if offset < ledger.next_offset}
    expected = set(log.of_fate(DEAD))
    wrong = []
    if len(found) != ledger.dead_letters and not forgotten:
        wrong.append(f"{ledger.dead_letters} dead-lettered, {len(found)} are in the dead letters")
    if missing := expected - found:
        wrong.append(f"no dead letter for offsets {offsets_text(missing)}")
    if unexpected := {offset for offset in found - expected if offset >= forgotten}:
        wrong.append(f"dead letters for offsets {offsets_text(unexpected)}, which could be used")
    if log.unlike:
        wrong.append(f"dead letters of other bytes than offsets {offsets_text(log.unlike)}")
    return wrong
