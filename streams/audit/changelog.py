"""The saved ledger of every partition, from the changelog of the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.core.log import Ledger
from streams.saved_state import SavedState, mark_key


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
        if key in (mark_key(partition), _ledger_key(partition)):
            saved = self._saved.setdefault(partition, SavedState(partition))
            saved.take(offset, key, value, headers)

    def of(self, partition: int) -> Ledger:
        """The ledger as a worker would recover it; the empty one where nothing was judged."""
        saved = self._saved.get(partition)
        found = saved and saved.items.get(_ledger_key(partition).decode())
        return msgspec.msgpack.decode(found, type=Ledger) if found else Ledger()


def _ledger_key(partition: int) -> bytes:
    return b"%d/ledger" % partition
