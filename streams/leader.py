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
_LOOK_S: Final = 0.2  # so soon a new leader notices that it is one


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
        """Tick until cancelled; returns at once when the period is 0.

        Whoever takes the lead ticks at once: the last leader may have missed its moment.
        """
        if not self._period_s:
            return
        led = False
        next_at = self._next_moment()
        while True:
            await asyncio.sleep(max(0.0, min(next_at - time.time(), _LOOK_S)))
            leads, due = self._leads(), time.time() >= next_at
            if due:
                next_at = self._next_moment()
            if leads and (due or not led):
                await self.tick()
            led = leads

    def _next_moment(self) -> float:
        now = time.time()
        return now + self._period_s - now % self._period_s

    async def tick(self) -> None:
        """One tick into every partition; given up when the lead is lost."""
        value = self._codec.encode(RECORD, {"sent_at": time.time_ns() // 1_000_000})
        tick = [RawOutput(None, value)]

        def lost() -> bool:
            return not self._leads()

        try:
            # Side by side: a partition whose broker is away must not hold up the others' time.
            await asyncio.gather(
                *(
                    self._outbox.produce_to(self._topic, partition, tick, revoked=lost)
                    for partition in range(self._partitions)
                )
            )
        except Revoked:
            log.info("the lead went to another worker")
