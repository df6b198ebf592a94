"""The saved ledger of every partition, from the changelog of the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.core.log import Ledger
from streams.saved_state import SavedState, judged_key, mark_key


class SavedLedgers:
    """Takes the records of the changelog in their order, as a worker that recovers does."""

    def __init__(self) -> None:
        self._saved: dict[int, SavedState] = {}

    def take(
        self,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        """One record of a partition of the changelog; only ledgers and marks are kept."""
        if key in (mark_key(partition), _ledger_key(partition), judged_key(partition)):
            saved = self._saved.setdefault(partition, SavedState(partition))
            saved.take(offset, key, value, headers)

    def of(self, partition: int) -> Ledger:
        """The ledger of the last batch; the empty one where nothing was judged.

        It reaches farther than the checkpoint, which a worker recovers and goes on from.
        """
        saved = self._saved.get(partition)
        if saved is None:
            return Ledger()
        written = (saved.items.get(_ledger_key(partition).decode()), saved.judged)
        found = [msgspec.msgpack.decode(each, type=Ledger) for each in written if each]
        return max(found, key=lambda ledger: ledger.next_offset, default=Ledger())


def _ledger_key(partition: int) -> bytes:
    return b"%d/ledger" % partition
