"""Wait until a consumer group has committed everything that was published."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from emissions.replay.errors import StalledError

POLL_S = 0.1
STALL_S = 180.0

Ends = Mapping[TopicPartition, int]


async def wait_until_committed(
    group: AIOKafkaConsumer,
    name: str,
    ends: Ends,
    check: Callable[[], None],
    progress: Callable[[int, int], None],
) -> None:
    """Wait until the group has committed the end of every partition.

    ``group`` is a consumer with the group's id that never joins it. ``check`` raises if a process
    of the run has ended. Raises StalledError after three minutes without progress.
    """
    wanted = {partition: end for partition, end in ends.items() if end > 0}
    total = sum(wanted.values())
    last, since = -1, time.monotonic()
    while True:
        check()
        committed = [await group.committed(partition) or 0 for partition in wanted]
        done = sum(min(at, end) for at, end in zip(committed, wanted.values(), strict=True))
        progress(done, total)
        if done == total:
            return
        if done != last:
            last, since = done, time.monotonic()
        elif time.monotonic() - since > STALL_S:
            raise StalledError(
                f"the {name} worker made no progress for {STALL_S:.0f} s "
                f"({done} of {total} messages committed)"
            )
        await asyncio.sleep(POLL_S)
