"""Which partition of the new topic a message goes to, so that it is judged as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.reading import Reading, Rejected, Tick
from streams.core.records.partitioning import partition_of


class Placement(NamedTuple):
    """Numbers of partitions of the topic that is copied and of the new one (``after``).

    ``before`` is that of the old topic, and any that it had earlier: what was put into it then is
    where it belongs too.
    """

    before: tuple[int, ...]
    after: int

    def of(
        self, partition: int, key: bytes | None, message: Reading | Tick | Rejected
    ) -> Sequence[int]:
        """Return the partitions that a message of ``partition`` is copied to.

        A reading in the partition of its source goes to that of its source. One in another
        partition (WRONG_PARTITION, specification 2) goes to another one again, and is refused
        again. A tick is in every partition: that of the first is copied to all, the others to
        none. What cannot be decoded goes where its key belongs.
        """
        if isinstance(message, Tick):
            return range(self.after) if partition == 0 else ()
        if isinstance(message, Reading):
            home = partition_of(message.source_id, self.after)
            if any(partition_of(message.source_id, many) == partition for many in self.before):
                return (home,)
            return ((home + 1) % self.after,)
        return (partition % self.after if key is None else partition_of(key, self.after),)
