"""Send what a nation sends as time passes: each message when it arrives, from where it stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from emissions.simulation.nation import Nation
from emissions.simulation.stream import SimulatedRecord, records_from
from schemas.codec import Codec
from streams.core.time.interval import HOUR

STEP_MS: Final = 5_000
"""Messages of so long a time are sent together: each sending is a batch of every partition."""
AT_ONCE: Final = 2_000
"""So many messages are confirmed together while it catches up."""
CATCH_UP: Final = 71 * HOUR
"""What arrived before that is left out after a long stop: it would be too late by now."""


class Writer(Protocol):
    """Writes messages in order, each partition in batches."""

    async def write(
        self, key: bytes, timestamp: int, value: bytes, headers: list[tuple[str, bytes]] | None
    ) -> None:
        """Append a message."""

    async def flush(self) -> list[int]:
        """Send what is buffered and wait until it is confirmed."""


class Position:
    """How far the nation has sent, in a file: the arrival of the last message, ms UTC."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> int | None:
        """Return it, or None where nothing was sent. Raises ValueError with a sentence."""
        try:
            text = self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        if not text.isdigit():
            raise ValueError(f"{self._file} holds no position: remove it to begin anew")
        return int(text)

    def write(self, arrived_at: int) -> None:
        """Keep it; whole, or not at all."""
        beside = self._file.with_name(f"{self._file.name}.new")
        beside.write_text(f"{arrived_at}\n", encoding="ascii")
        beside.replace(self._file)


def begin_at(nation: Nation, position: int | None, now: int) -> int:
    """Return from which arrival on to send, ms UTC: at first from the start of the nation."""
    return max(nation.start - 1 if position is None else position, now - CATCH_UP)


async def send_live(
    nation: Nation,
    codec: Codec,
    writer: Writer,
    position: Position,
    *,
    report: Callable[[int], None] = lambda _: None,
    clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    sleep: Callable[[float], object] = asyncio.sleep,
) -> int:
    """Send the messages of a nation as time passes, until its last day is over; return how many.

    Each is stamped when it is sent. What arrived since the position, or since the start of the
    nation, is sent at once. A stop between sending and keeping the position sends some again: the
    same bytes, which count once. ``report`` receives the number sent after each step.
    """
    sent = open_ = last = 0

    async def confirm(until: int) -> None:
        nonlocal sent, open_
        await writer.flush()
        position.write(until)
        sent, open_ = sent + open_, 0
        report(sent)

    since = begin_at(nation, position.read(), clock())
    for until, batch in steps(records_from(nation, codec, since)):
        wait_s = (until - clock()) / 1000
        if wait_s > 0:
            waiting = sleep(wait_s)
            if asyncio.iscoroutine(waiting):
                await waiting
        for record in batch:
            await writer.write(record.key, clock(), record.value, list(record.headers))
        open_ += len(batch)
        if wait_s > 0 or open_ >= AT_ONCE:
            await confirm(batch[-1].arrived_at)
        last = batch[-1].arrived_at
    if open_:
        await confirm(last)
    return sent


def steps(records: Iterator[SimulatedRecord]) -> Iterator[tuple[int, list[SimulatedRecord]]]:
    """Group records in order of arrival by steps of time; yield the end of each (ms UTC)."""
    batch: list[SimulatedRecord] = []
    end = 0
    for record in records:
        if batch and record.arrived_at >= end:
            yield end, batch
            batch = []
        if not batch:
            end = record.arrived_at // STEP_MS * STEP_MS + STEP_MS
        batch.append(record)
    if batch:
        yield end, batch
