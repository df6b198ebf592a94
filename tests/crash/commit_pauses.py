"""For how long a partition commits nothing while records wait in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka.errors import KafkaError

from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.settings import Settings

_LOOK_S = 0.1


class CommitPauses:
    """Looks at committed offsets again and again, and remembers the longest pauses."""

    def __init__(self) -> None:
        self.longest: dict[int, float] = {}
        """By partition, seconds."""
        self._waiting: dict[
            int, tuple[int, float]
        ] = {}  # committed, and since when it stands there

    def look(self, at: float, committed: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Take note of offsets by partition, seen at a time in seconds."""
        for partition, end in ends.items():
            offset = committed.get(partition, 0)
            before, since = self._waiting.get(partition, (offset, at))
            self.longest[partition] = max(self.longest.get(partition, 0.0), at - since)
            if offset >= end:
                self._waiting.pop(partition, None)
            else:
                self._waiting[partition] = offset, since if offset == before else at

    async def watch(self, settings: Settings) -> None:
        """Look at the streams workers' group until cancelled; a broker may be away meanwhile."""
        clock = asyncio.get_running_loop().time
        while True:
            try:
                async with consumer_of(settings, settings.group_streams) as consumer:
                    while True:
                        ends = await ends_of(settings, settings.topic_readings)
                        at = {tp.partition: await consumer.committed(tp) or 0 for tp in ends}
                        numbers = {tp.partition: end for tp, end in ends.items()}
                        self.look(clock(), at, numbers)
                        await asyncio.sleep(_LOOK_S)
            except (KafkaError, OSError):
                await asyncio.sleep(_LOOK_S)
