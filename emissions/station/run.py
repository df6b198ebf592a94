"""Runs a station: takes readings into the buffer, signs heads, sends, and waits for the broker."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from emissions.station.buffer import Buffer, BufferFullError
from schemas.codec import Codec
from schemas.reading import Reading
from streams.kafka.client import client_options
from streams.kafka.producer import ConfirmedProducer, Output
from streams.settings import Settings
from streams.signing.ed25519 import SigningKey

_AT_ONCE: Final = 500
"""Messages that are sent before the broker must confirm; and readings that are taken at once."""

MOST_BYTES: Final = 400_000
"""A longer message would not pass the topic, and all that follow it would wait."""

_ENCODED: Final = "EmissionReading"


class Sent(NamedTuple):
    """What a run did: readings taken and messages confirmed."""

    taken: int
    confirmed: int


class StationRun:
    """Carries readings to the topic, signed; ``say`` tells a person what is the matter."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        buffer: Buffer,
        key: SigningKey,
        *,
        head_s: float,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._buffer = buffer
        self._key = key
        self._head_ms = int(head_s * 1000)
        self._say = say
        self._queue: asyncio.Queue[Reading | None] = asyncio.Queue(_AT_ONCE)
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False
        self._failure: BaseException | None = None
        self._taken = self._confirmed = 0

    async def run(self, readings: Iterator[Reading]) -> Sent:
        """Take all readings and send them; returns once the broker has confirmed everything.

        Raises what ``readings`` raises, after what came before it was sent.
        """
        loop = asyncio.get_running_loop()
        # A daemon: it may wait for a line for ever, and must not hold up the end.
        threading.Thread(target=self._read, args=(readings, loop), daemon=True).start()
        producer = ConfirmedProducer(client_options(self._settings))
        taking = asyncio.create_task(self._take())
        sending = asyncio.create_task(self._send(producer))
        try:
            await asyncio.gather(taking, sending)
        finally:
            taking.cancel()
            sending.cancel()
            await producer.stop()
        if self._failure is not None:
            raise self._failure
        return Sent(self._taken, self._confirmed)

    def _read(self, readings: Iterator[Reading], loop: asyncio.AbstractEventLoop) -> None:
        """Hand readings over, one after the other: in a thread, as reading may block."""
        try:
            for reading in readings:
                asyncio.run_coroutine_threadsafe(self._queue.put(reading), loop).result()
        except BaseException as error:
            self._failure = error
        asyncio.run_coroutine_threadsafe(self._queue.put(None), loop).result()

    async def _take(self) -> None:
        """Put readings on disk."""
        while not self._ended:
            read = [await self._queue.get()]
            while len(read) < _AT_ONCE and not self._queue.empty():
                read.append(self._queue.get_nowait())
            values = [
                (each.source_id, self._codec.encode(_ENCODED, msgspec.structs.asdict(each)))
                for each in read
                if each is not None
            ]
            if any(len(value) > MOST_BYTES for _, value in values):
                self._say(f"a reading of more than {MOST_BYTES:,} bytes is left out")
                values = [each for each in values if len(each[1]) <= MOST_BYTES]
            while values:
                try:
                    self._buffer.take(values, _now())
                except BufferFullError:
                    self._room.clear()
                    self._say(
                        "the buffer is full: no more readings are taken until the broker has "
                        f"confirmed some of {self._buffer.waiting():,}; see --buffer-mb"
                    )
                    await self._room.wait()
                else:
                    break
            self._taken += len(values)
            self._ended = read[-1] is None
            self._changed.set()

    async def _send(self, producer: ConfirmedProducer) -> None:
        """Sign what is due, send what is signed, forget what is confirmed."""
        topic = self._settings.topic_readings
        while True:
            self._changed.clear()
            ended = self._ended
            while messages := self._buffer.signed(_AT_ONCE):
                await producer.produce(
                    [
                        Output(topic, each.source_id.encode(), each.value, each.headers)
                        for each in messages
                    ],
                    revoked=_never,
                )
                self._buffer.confirm(messages)
                self._confirmed += len(messages)
                self._room.set()
            now = _now()
            before = now + 1 if ended or self._buffer.is_full else now - self._head_ms
            if self._buffer.sign(self._key, now, before=before):
                continue
            if ended:
                return
            await self._until_due(now)

    async def _until_due(self, now: int) -> None:
        """Wait for readings, or until those that wait are to be signed."""
        oldest = self._buffer.oldest_unsigned()
        wait_s = None if oldest is None else max(0.0, (oldest + self._head_ms - now) / 1000)
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return


def _never() -> bool:
    return False


def _now() -> int:
    return time.time_ns() // 1_000_000
