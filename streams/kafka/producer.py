"""Produces records and waits until the broker has confirmed each of them."""

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

from streams.errors import OperatorError
from streams.kafka.client import confirmed_by_all
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.retry import Backoff

log = structlog.get_logger(__name__)

OUTPUT_BATCH_BYTES: Final = 900_000
"""Record batches stay below the broker's default ``message.max.bytes``."""

NO_IDEMPOTENCE = (IncompatibleBrokerVersion, UnknownError, UnsupportedVersionError)
"""Errors that mean the broker has no idempotent producers (the embedded one: UnknownError)."""

_CHECK_S: Final = 1.0  # interval at which an unconfirmed batch is checked for revocation
_CONNECT_S: Final = 20.0
_STOP_S: Final = 5.0
_CACHED_KEYS: Final = 200_000  # of a topic

_partitioner = DefaultPartitioner()


class Output(msgspec.Struct, frozen=True, gc=False):
    """A record for a topic; its partition follows from the key (murmur2)."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class PartitionRecord(msgspec.Struct, frozen=True, gc=False):
    """A record for a given partition; a value None deletes the key."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class RecordTooLargeError(OperatorError):
    """The topic takes no record of this size; the text is a sentence."""


class ConfirmedProducer:
    """Produce records in whole record batches and wait for their confirmations.

    ``acks=all``; idempotent where the broker supports it, so that a batch that the client itself
    retries is there once. A batch that fails all the same is sent again, without end, with
    back-off, and records of one partition keep their order: at least once.

    An idempotent producer cannot go on after a failure (its sequence numbers are used up), nor
    take back what it was given: a new one replaces it. Batches that others gave it, and it had not
    delivered when it ended, are produced again.
    """

    def __init__(self, options: Mapping[str, Any], *, log_interval_s: float = 30.0) -> None:
        self._options = dict(options)
        self._say_s = log_interval_s
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._ended: WeakSet[AIOKafkaProducer] = WeakSet()  # these confirm nothing any more
        self._partitions: dict[str, _PartitionCache] = {}
        self.idempotent = True  # until the broker turns out not to support it

    async def start(self) -> None:
        """Connect; raise ``KafkaError`` when the broker is unreachable."""
        await self._connected()

    async def stop(self) -> None:
        """Disconnect; drop what is not confirmed."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._end(producer)
        await asyncio.gather(*self._ending)

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """Produce records, each to the partition of its key.

        Raises `PartitionRevoked` and `RecordTooLargeError`.
        """
        groups: dict[str, defaultdict[int, list[Output]]] = {}
        topic: str | None = None
        for output in outputs:
            if output.topic != topic:  # mostly those of one topic follow each other
                topic = output.topic
                partitions = await self._partitions_of(topic, revoked)
                group = groups.setdefault(topic, defaultdict(list))
            group[partitions[output.key]].append(output)
        await _all(
            self.produce_to(topic, partition, records, revoked=revoked)
            for topic, group in groups.items()
            for partition, records in group.items()
        )

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | PartitionRecord],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        """Produce records to one partition, in their order.

        Returns the offset of the first if the others follow it without a gap, else None. Raises
        `PartitionRevoked` and `RecordTooLargeError`.
        """
        backoff = Backoff("produce", f"producing to {topic} fails", self._say_s)
        done, first, unbroken = 0, None, True
        most = len(records)  # of one batch
        while done < len(records):
            if revoked():
                raise PartitionRevoked
            try:
                producer = await self._connected()
                batch = producer.create_batch()
                upto = _fill(batch, records, done, done + most)
                sent = await self._send(producer, batch, topic, partition, revoked, backoff)
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                most = (upto - done) // 2  # the topic's limit is below our batches
                if not most:
                    size = len(records[done].key or b"") + len(records[done].value or b"")
                    raise RecordTooLargeError(
                        f"topic {topic} refuses a record of {size} bytes: raise its "
                        "max.message.bytes (emissions doctor says to what) and start again; "
                        "nothing of its batch was acknowledged"
                    ) from error
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
            else:
                first = sent.offset if done == 0 else first
                unbroken = unbroken and first is not None and sent.offset == first + done
                done = upto
        backoff.recovered()
        return first if unbroken else None

    async def _send(
        self,
        producer: AIOKafkaProducer,
        batch: Any,
        topic: str,
        partition: int,
        revoked: Callable[[], bool],
        backoff: Backoff,
    ) -> RecordMetadata:
        try:
            sent = await producer.send_batch(batch, topic, partition=partition)
            while not (await asyncio.wait({sent}, timeout=_CHECK_S))[0]:
                if revoked():
                    raise PartitionRevoked
                if producer in self._ended:
                    raise KafkaError("the producer ended before it was confirmed")
                backoff.report("not confirmed yet")
            return sent.result()
        except BaseException:
            if self.idempotent and self._producer is producer:
                self._producer = None
                ending = asyncio.create_task(self._end(producer))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
            raise

    async def _end(self, producer: AIOKafkaProducer) -> None:
        """Stop a producer within a bounded time: an unreachable broker would make it wait."""
        try:
            await asyncio.wait_for(producer.stop(), _STOP_S)
        except TimeoutError:
            with contextlib.suppress(Exception):  # else it would send what is produced again
                if producer._sender is not None and producer._sender.sender_task is not None:
                    producer._sender.sender_task.cancel()
                await producer.client.close()
        except Exception as error:
            log.debug("producer_close_failed", error=str(error))
        self._ended.add(producer)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                try:
                    self._producer = await self._connect()
                except NO_IDEMPOTENCE:
                    self.idempotent = False
                    log.info("idempotence_unsupported")
                    self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer:
        producer = confirmed_by_all(
            self._options,
            enable_idempotence=self.idempotent,
            linger_ms=0,
            max_batch_size=OUTPUT_BATCH_BYTES,
            max_request_size=8 * OUTPUT_BATCH_BYTES,
            # Without idempotence requests are short: the retries are ours, and they check for
            # revocation. With it, a failure costs the producer.
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

    async def _partitions_of(self, topic: str, revoked: Callable[[], bool]) -> _PartitionCache:
        cached = self._partitions.get(topic)
        if cached is not None:
            return cached
        backoff = Backoff("find_partitions", f"topic {topic} cannot be looked up", self._say_s)
        while True:
            if revoked():
                raise PartitionRevoked
            try:
                producer = await self._connected()
                partitions = await producer.partitions_for(topic)
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
            else:
                self._partitions[topic] = cached = _PartitionCache(partitions)
                return cached


class _PartitionCache(dict[bytes, int]):
    """Map a key to its partition of a topic, by murmur2."""

    def __init__(self, partitions: Iterable[int]) -> None:
        super().__init__()
        self._partitions = sorted(partitions)

    def __missing__(self, key: bytes) -> int:
        if len(self) >= _CACHED_KEYS:  # ids of violations are always new
            self.clear()
        found: int = _partitioner(key, self._partitions, self._partitions)
        self[key] = found
        return found


def _fill(batch: Any, records: Sequence[Output | PartitionRecord], start: int, end: int) -> int:
    """Append records to the batch until it is full; return the index after the last of them.

    Equals ``batch.append`` for each record (held by a test), without its Python calls, which take
    twice as long as the writing.
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
    """Run coroutines together; on the first failure cancel the others before it is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
