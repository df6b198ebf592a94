"""Reads a stretch of the readings topic again: what was judged after the last checkpoint."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka import Patience
from streams.outbox import Revoked
from streams.transport.reader import reader
from streams.transport.stop import stop_consumer

_FETCH_BYTES: Final = 4 * 1024 * 1024
_FETCH_MS: Final = 100


class LostReadingsError(Exception):
    """Readings that have to be judged again are not kept any more; the text is a sentence."""


class ReadingsLog:
    """Reads from the topic with a client of its own, apart from the group."""

    def __init__(
        self, options: Mapping[str, Any], topic: str, *, most: int = 10_000, say_s: float = 30.0
    ) -> None:
        self._options = {
            **options,
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": _FETCH_MS,
            "max_partition_fetch_bytes": _FETCH_BYTES,
            "max_poll_records": most,
        }
        self._topic = topic
        self._say_s = say_s
        self.read: dict[int, int] = {}
        """How many records were read, by partition."""

    async def between(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[ConsumerRecord[bytes | None, bytes | None]]]:
        """The records with offsets from ``start`` to before ``end``, some at a time.

        Waits while the broker is away. Raises `Revoked`, and `LostReadingsError` where the topic
        begins after ``start``.
        """
        trouble = Patience(f"readings of {self._topic} cannot be read again", self._say_s)
        at, place = start, TopicPartition(self._topic, partition)
        while at < end:
            consumer = reader(**self._options)
            try:
                await consumer.start()
                consumer.assign([place])
                begin = (await consumer.beginning_offsets([place]))[place]
                if begin > at:
                    raise LostReadingsError(self._lost(partition, at, begin))
                consumer.seek(place, at)
                while at < end:
                    if revoked():
                        raise Revoked
                    fetched = await consumer.getmany(place, timeout_ms=_FETCH_MS)
                    records = [each for each in fetched.get(place, ()) if each.offset < end]
                    if records:
                        self.read[partition] = self.read.get(partition, 0) + len(records)
                        yield records
                    at = max(at, await consumer.position(place))
                trouble.over()
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            finally:
                await stop_consumer(consumer)

    def _lost(self, partition: int, start: int, begin: int) -> str:
        return (
            f"{self._topic}[{partition}] begins at offset {begin}, and the state has to be brought "
            f"up from {start}: readings were removed before they were part of it; judge what "
            "there is from its beginning under a new EMISSIONS_GROUP_STREAMS (results are written "
            "over themselves, nothing is doubled), and keep readings longer (retention.ms)"
        )
