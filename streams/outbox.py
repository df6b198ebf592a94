"""Produces records and waits until the broker has confirmed each of them, whatever it takes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownError,
    UnsupportedVersionError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import RecordMetadata

from streams.kafka import Patience

log = structlog.get_logger(__name__)

OUTPUT_BATCH_BYTES: Final = 900_000
"""Record batches stay below the broker's default ``message.max.bytes``."""

_NO_IDEMPOTENCE = (IncompatibleBrokerVersion, UnknownError, UnsupportedVersionError)
"""How brokers answer that cannot give out a producer id; the embedded one knows no better word."""

_LOOK_S: Final = 1.0  # how often a record under way is asked after
_CONNECT_S: Final = 20.0
_STOP_S: Final = 5.0
_KNOWN_KEYS: Final = 200_000  # of a topic

_partitioner = DefaultPartitioner()


class Output(msgspec.Struct, frozen=True, gc=False):
    """A record to be produced; its partition follows from the key (murmur2)."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class RawOutput(msgspec.Struct, frozen=True, gc=False):
    """A record for a partition that is known; a value None deletes the key."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Revoked(Exception):  # noqa: N818 - an event, not a fault
    """The partition left while its batch was being written down; the rest is not ours to do."""


class TooLargeError(Exception):
    """The broker takes no record of this size in this topic; the text is a sentence."""


class Outbox:
    """Produces records in whole record batches and waits for the broker's confirmations.

    ``acks=all``; idempotent where the broker can do it, so that a batch that the client sends
    again by itself is there once. A batch that fails all the same is sent again, for ever, with
    back-off, and records of one partition keep their order: at-least-once.

    An idempotent producer cannot go on after a failure (its sequence numbers are used up), nor
    take back what it was given: a new one replaces it. What others gave it, and it had not
    delivered when it ended, is produced again.
    """

    def __init__(self, options: Mapping[str, Any], *, say_s: float = 30.0) -> None:
        self._options = dict(options)
        self._say_s = say_s
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._ended: WeakSet[AIOKafkaProducer] = WeakSet()  # they confirm nothing any more
        self._places: dict[str, _Places] = {}
        self.idempotent = True  # until a broker is met that cannot

    async def start(self) -> None:
        """Connect; raises ``KafkaError`` when the broker is away."""
        await self._connected()

    async def stop(self) -> None:
        """Disconnect; what was not confirmed is given up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._end(producer)
        await asyncio.gather(*self._ending)

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """Produce records, each to the partition of its key.

        Raises `Revoked` and `TooLargeError`.
        """
        groups: dict[str, defaultdict[int, list[Output]]] = {}
        topic: str | None = None
        for output in outputs:
            if output.topic != topic:  # those of a topic mostly follow one another
                topic = output.topic
                places = await self._places_of(topic, revoked)
                group = groups.setdefault(topic, defaultdict(list))
            group[places[output.key]].append(output)
        await _all(
            self.produce_to(topic, partition, records, revoked=revoked)
            for topic, group in groups.items()
            for partition, records in group.items()
        )

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | RawOutput],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        """Produce records to one partition, in their order.

        Returns the offset of the first if the others follow it without a gap, else None. Raises
        `Revoked` and `TooLargeError`.
        """
        trouble = Patience(f"producing to {topic} fails", self._say_s)
        done, first, unbroken = 0, None, True
        most = len(records)  # in a batch
        while done < len(records):
            if revoked():
                raise Revoked
            try:
                producer = await self._connected()
                batch = producer.create_batch()
                upto = _fill(batch, records, done, done + most)
                told = await self._send(producer, batch, topic, partition, revoked, trouble)
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                most = (upto - done) // 2  # a topic whose limit is below our batches
                if not most:
                    size = len(records[done].key or b"") + len(records[done].value or b"")
                    raise TooLargeError(
                        f"topic {topic} refuses a record of {size} bytes: raise its "
                        "max.message.bytes (emissions doctor says to what) and start again; "
                        "nothing of its batch was acknowledged"
                    ) from error
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            else:
                first = told.offset if done == 0 else first
                unbroken = unbroken and first is not None and told.offset == first + done
                done = upto
        trouble.over()
        return first if unbroken else None

    async def _send(
        self,
        producer: AIOKafkaProducer,
        batch: Any,
        topic: str,
        partition: int,
        revoked: Callable[[], bool],
        trouble: Patience,
    ) -> RecordMetadata:
        try:
            sent = await producer.send_batch(batch, topic, partition=partition)
            while not (await asyncio.wait({sent}, timeout=_LOOK_S))[0]:
                if revoked():
                    raise Revoked
                if producer in self._ended:
                    raise KafkaError("the producer ended before it was confirmed")
                trouble.say("not confirmed yet")
            return sent.result()
        except BaseException:
            if self.idempotent and self._producer is producer:
                self._producer = None
                ending = asyncio.create_task(self._end(producer))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
            raise

    async def _end(self, producer: AIOKafkaProducer) -> None:
        """Stop a producer within a bounded time: with the broker away it would wait for ever."""
        try:
            await asyncio.wait_for(producer.stop(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(Exception):  # it would go on sending what is produced again
                if producer._sender is not None and producer._sender.sender_task is not None:
                    producer._sender.sender_task.cancel()
                await producer.client.close()
        except Exception as error:
            log.debug("a producer ended with an error", error=str(error))
        self._ended.add(producer)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                try:
                    self._producer = await self._connect()
                except _NO_IDEMPOTENCE:
                    self.idempotent = False
                    log.info("the broker has no idempotent producer: acks=all without it")
                    self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=self.idempotent,
            linger_ms=0,
            max_batch_size=OUTPUT_BATCH_BYTES,
            max_request_size=8 * OUTPUT_BATCH_BYTES,
            # Without idempotence requests are short: the retrying is ours, and it looks whether
            # it is still wanted. With it, a failure costs the producer.
            request_timeout_ms=30_000 if self.idempotent else 10_000,
        )
        try:
            await asyncio.wait_for(producer.start(), _CONNECT_S)
        except TimeoutError:
            await self._end(producer)
            raise KafkaTimeoutError("the broker does not let a producer begin") from None
        except BaseException:
            await self._end(producer)
            raise
        return producer

    async def _places_of(self, topic: str, revoked: Callable[[], bool]) -> _Places:
        known = self._places.get(topic)
        if known is not None:
            return known
        trouble = Patience(f"topic {topic} cannot be looked up", self._say_s)
        while True:
            if revoked():
                raise Revoked
            try:
                producer = await self._connected()
                partitions = await producer.partitions_for(topic)
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            else:
                self._places[topic] = found = _Places(partitions)
                return found


class _Places(dict[bytes, int]):
    """``places[key]`` is the partition of a topic that a key belongs to, by murmur2."""

    def __init__(self, partitions: Iterable[int]) -> None:
        super().__init__()
        self._partitions = sorted(partitions)

    def __missing__(self, key: bytes) -> int:
        if len(self) >= _KNOWN_KEYS:  # ids of violations are new each time
            self.clear()
        found: int = _partitioner(key, self._partitions, self._partitions)
        self[key] = found
        return found


def _fill(batch: Any, records: Sequence[Output | RawOutput], start: int, end: int) -> int:
    """Put records into the batch until it is full; returns the index after the last of them.

    This is ``batch.append`` for each of them (a test holds it to that), but for its calls within
    Python, which take twice as long as the writing.
    """
    append, now = batch._builder.append, time.time_ns() // 1_000_000
    headers: Sequence[tuple[str, bytes]] = ()
    listed: list[tuple[str, bytes]] = []
    upto = min(end, len(records))
    for at in range(start, upto):
        record = records[at]
        if record.headers is not headers:  # the same for all records of a checkpoint
            headers, listed = record.headers, list(record.headers)
        if append(at - start, now, record.key, record.value, listed) is None:
            batch.close()
            upto = at
            break
    batch._relative_offset = upto - start
    return upto


async def _all(works: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Run together; on the first failure end the others before it is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
