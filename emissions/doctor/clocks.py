"""Check this machine's clock against that of the brokers, by a record that arrives meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

from emissions.doctor.check import ANSWER_S, PartCheck, PartState
from emissions.wording import duration_words
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.settings import Settings

PART: Final = "clocks"
OFF_S: Final = 2.0
"""A difference above this is reported: clocks that NTP steers differ by milliseconds."""

WRONG_S: Final = 60.0
"""A difference above this is a fault: it moves arrivals, and with them terms of the law."""

WATCH_S: Final = 3.0
"""Seconds to wait for a record that the broker stamps."""

_FETCH_MS: Final = 200
_APPENDED: Final = 1
"""Type of a timestamp that the broker made (LogAppendTime)."""

_REMEDY: Final = "synchronise the clocks with NTP (chronyc tracking on each machine)"


class ClockReading(NamedTuple):
    """What another clock said, and between which moments of this machine's; ms since 1970."""

    said_ms: int
    after_ms: int
    before_ms: int

    @property
    def ahead_s(self) -> float:
        """Seconds by which the other clock is ahead at least; negative: behind; 0: neither."""
        if self.said_ms > self.before_ms:
            return (self.said_ms - self.before_ms) / 1000
        return min(0, self.said_ms - self.after_ms) / 1000


def now_ms() -> int:
    """Return this machine's clock, ms since 1970."""
    return time.time_ns() // 1_000_000


def judged(whose: str, ahead_s: float, against: str = "this machine's") -> PartCheck:
    """Judge by how many seconds a clock is ahead of (negative: behind) another."""
    off = abs(ahead_s)
    if off <= OFF_S:
        return PartCheck(PART, "ok", f"{whose} agrees with {against} within {OFF_S:g} s")
    state: PartState = "MISSING" if off > WRONG_S else "RISK"
    where = "ahead of" if ahead_s > 0 else "behind"
    return PartCheck(PART, state, f"{whose} is {duration_words(off)} {where} {against}", _REMEDY)


async def look_at_clocks(settings: Settings) -> list[PartCheck]:
    """Compare the brokers' clock by the next reading or tick. Never raises.

    Empty where nothing arrived meanwhile, which the ticks tell, and where senders make the stamps.
    """
    try:
        async with asyncio.timeout(ANSWER_S + WATCH_S):
            seen = await _next_stamp(settings)
    except (KafkaError, LookupError, OSError, TimeoutError):
        return []  # another check tells what is wrong with the topic
    return [] if seen is None else [judged("the brokers' clock", seen.ahead_s)]


async def _next_stamp(settings: Settings) -> ClockReading | None:
    async with consumer_of(settings) as consumer:
        after = now_ms()
        ends = await ends_of(settings, settings.topic_readings)
        consumer.assign(list(ends))
        for tp, end in ends.items():
            consumer.seek(tp, end)
        give_up = after + round(WATCH_S * 1000)
        while now_ms() < give_up:
            batches = await consumer.getmany(*ends, timeout_ms=_FETCH_MS)
            before = now_ms()
            for records in batches.values():
                if records[0].timestamp_type == _APPENDED:
                    return ClockReading(records[0].timestamp, after, before)
                return None
    return None
