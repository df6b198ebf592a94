"""The saved ledger of every partition, from the changelog of the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streams.checkpoint import NEXT_OFFSET, mark_key
from streams.core.log import Ledger


class SavedLedgers:
    """Takes the records of the changelog in their order; complete checkpoints alone count.

    The same reading of the log as the recovery of ``streams.state_table``: a record counts once
    a mark reaches as far as its checkpoint, and not at all at or below an earlier mark.
    """

    def __init__(self) -> None:
        self._reached: dict[int, int] = {}
        self._pending: dict[int, tuple[int, bytes]] = {}
        self._saved: dict[int, bytes] = {}

    def take(
        self,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        """One record of a partition of the changelog."""
        marks = dict(headers).get(NEXT_OFFSET)
        if marks is None:
            return
        reaches = int(marks)
        if reaches <= self._reached.get(partition, -1):
            return
        if key == mark_key(partition):
            self._reached[partition] = reaches
            upto, ledger = self._pending.get(partition, (reaches + 1, b""))
            if upto <= reaches:
                self._saved[partition] = ledger
                del self._pending[partition]
        elif key == b"%d/ledger" % partition and value is not None:
            self._pending[partition] = (reaches, value)

    def of(self, partition: int) -> Ledger:
        """The ledger as a worker would recover it; the empty one where nothing was judged."""
        saved = self._saved.get(partition)
        return Ledger() if saved is None else msgspec.msgpack.decode(saved, type=Ledger)
