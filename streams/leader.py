"""The worker that owns partition 0 of the readings writes time itself into the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from schemas.codec import Codec
from streams.outbox import Outbox, RawOutput, Revoked

log = structlog.get_logger(__name__)

RECORD: Final = "StreamTick"


class TickLeader:
    """Writes a tick into every partition of the readings topic each ``period_s`` seconds.

    The ticks come at whole multiples of the period on the clock: windows end, and their grace
    does, at such moments, and then close at once.

    ``leads`` says whether this worker is the one to do it at the moment: exactly one owns
    partition 0. Two leaders for a moment do no harm, a tick more changes nothing.
    """

    def __init__(
        self,
        outbox: Outbox,
        codec: Codec,
        *,
        topic: str,
        partitions: int,
        period_s: float,
        leads: Callable[[], bool],
    ) -> None:
        self._outbox = outbox
        self._codec = codec
        self._topic = topic
        self._partitions = partitions
        self._period_s = period_s
        self._leads = leads

    async def run(self) -> None:
        """Tick until cancelled; returns at once when the period is 0."""
        if not self._period_s:
            return
        while True:
            await asyncio.sleep(self._period_s - time.time() % self._period_s)
            if self._leads():
                await self.tick()

    async def tick(self) -> None:
        """One tick into every partition; given up when the lead is lost."""
        value = self._codec.encode(RECORD, {"sent_at": time.time_ns() // 1_000_000})
        tick = [RawOutput(None, value)]

        def lost() -> bool:
            return not self._leads()

        try:
            for partition in range(self._partitions):
                await self._outbox.produce_to(self._topic, partition, tick, revoked=lost)
        except Revoked:
            log.info("the lead went to another worker")
