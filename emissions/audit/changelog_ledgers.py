"""Read the saved ledger of every partition from the changelog of the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.changelog.replica import ChangelogReplica, ledger_key, marker_key
from streams.core.engine.outcome import Ledger


class ChangelogLedgers:
    """Replay the records of the changelog in order, as a recovering worker does."""

    def __init__(self) -> None:
        self._saved: dict[int, ChangelogReplica] = {}

    def take(
        self,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        """Apply one record of a changelog partition; only ledgers and markers are kept."""
        if key in (marker_key(partition), _ledger_key(partition), ledger_key(partition)):
            saved = self._saved.setdefault(partition, ChangelogReplica(partition))
            saved.apply(offset, key, value, headers)

    def of(self, partition: int) -> Ledger:
        """Return the ledger of the last batch, an empty one if nothing was judged.

        It may be ahead of the checkpoint from which a worker recovers.
        """
        saved = self._saved.get(partition)
        if saved is None:
            return Ledger()
        written = (saved.items.get(_ledger_key(partition).decode()), saved.ledger)
        found = [msgspec.msgpack.decode(each, type=Ledger) for each in written if each]
        return max(found, key=lambda ledger: ledger.next_offset, default=Ledger())


def _ledger_key(partition: int) -> bytes:
    return b"%d/ledger" % partition
