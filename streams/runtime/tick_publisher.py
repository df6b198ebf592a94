"""Publishes ticks: the owner of partition 0 of the readings writes time into the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from schemas.codec import Codec
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import ConfirmedProducer, PartitionRecord

log = structlog.get_logger(__name__)

RECORD: Final = "StreamTick"
_CHECK_S: Final = 0.2  # delay until a new leader notices that it is one


class TickPublisher:
    """Publish a tick to every partition of the readings topic each ``period_s`` seconds.

    Ticks come at whole multiples of the period on the clock: windows and their grace end at such
    moments, and then close at once.

    ``is_leader`` tells whether this worker publishes now: exactly one owns partition 0. Two
    leaders for a moment do no harm, an additional tick changes nothing.
    """

    def __init__(
        self,
        producer: ConfirmedProducer,
        codec: Codec,
        *,
        topic: str,
        partitions: int,
        period_s: float,
        is_leader: Callable[[], bool],
    ) -> None:
        self._producer = producer
        self._codec = codec
        self._topic = topic
        self._partitions = partitions
        self._period_s = period_s
        self._is_leader = is_leader

    async def run(self) -> None:
        """Publish ticks until cancelled; return at once when the period is 0.

        A new leader publishes at once: the last one may have missed its moment.
        """
        if not self._period_s:
            return
        led = False
        next_at = self._next_moment()
        while True:
            await asyncio.sleep(max(0.0, min(next_at - time.time(), _CHECK_S)))
            leads, due = self._is_leader(), time.time() >= next_at
            if due:
                next_at = self._next_moment()
            if leads and (due or not led):
                await self.publish()
            led = leads

    def _next_moment(self) -> float:
        now = time.time()
        return now + self._period_s - now % self._period_s

    async def publish(self) -> None:
        """Publish one tick to every partition; give up when the lead is lost."""
        value = self._codec.encode(RECORD, {"sent_at": time.time_ns() // 1_000_000})
        tick = [PartitionRecord(None, value)]

        def lost() -> bool:
            return not self._is_leader()

        try:
            # Concurrently: a partition whose broker is unreachable must not delay the others.
            await asyncio.gather(
                *(
                    self._producer.produce_to(self._topic, partition, tick, revoked=lost)
                    for partition in range(self._partitions)
                )
            )
        except PartitionRevoked:
            log.info("tick_leadership_lost")
