"""Reads a range of the readings topic again: what was evaluated after the last checkpoint."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.errors import OperatorError
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.kafka.retry import Backoff

_FETCH_BYTES: Final = 4 * 1024 * 1024
_FETCH_MS: Final = 100


class LostReadingsError(OperatorError):
    """Readings that must be read again are not retained any more; the text is a sentence.

    ``start`` is the first offset that is missing, ``begin`` the first one that there is.
    """

    def __init__(self, sentence: str, start: int, begin: int) -> None:
        super().__init__(sentence)
        self.start = start
        self.begin = begin


class ReadingsReader:
    """Read ranges of the readings topic with a consumer of its own, outside the group."""

    def __init__(
        self,
        options: Mapping[str, Any],
        topic: str,
        *,
        max_records: int = 10_000,
        log_interval_s: float = 30.0,
    ) -> None:
        self._options = {
            **options,
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": _FETCH_MS,
            "max_partition_fetch_bytes": _FETCH_BYTES,
            "max_poll_records": max_records,
        }
        self._topic = topic
        self._log_interval_s = log_interval_s
        self.records_read: dict[int, int] = {}
        """Records read so far, by partition."""

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[ConsumerRecord[bytes | None, bytes | None]]]:
        """Yield the records with offsets from ``start`` to before ``end``, as they are fetched.

        Waits while the broker is unreachable. Raises `PartitionRevoked`, and `LostReadingsError`
        where the topic begins after ``start``.
        """
        backoff = Backoff(
            "replay_readings",
            f"readings of {self._topic} cannot be read again",
            self._log_interval_s,
        )
        at, place = start, TopicPartition(self._topic, partition)
        while at < end:
            consumer = committed_consumer(**self._options)
            try:
                await consumer.start()
                consumer.assign([place])
                begin = (await consumer.beginning_offsets([place]))[place]
                if begin > at:
                    raise LostReadingsError(self._lost(partition, at, begin), at, begin)
                consumer.seek(place, at)
                while at < end:
                    if revoked():
                        raise PartitionRevoked
                    fetched = await consumer.getmany(place, timeout_ms=_FETCH_MS)
                    records = [each for each in fetched.get(place, ()) if each.offset < end]
                    if records:
                        read = self.records_read.get(partition, 0)
                        self.records_read[partition] = read + len(records)
                        yield records
                    at = max(at, await consumer.position(place))
                backoff.recovered()
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
            finally:
                await stop_consumer(consumer)

    def _lost(self, partition: int, start: int, begin: int) -> str:
        return (
            f"{self._topic}[{partition}] begins at offset {begin}, and the state has to be brought "
            f"up from {start}: readings were removed before they were part of it; judge what "
            "there is from its beginning under a new EMISSIONS_GROUP_STREAMS (results are written "
            "over themselves, nothing is doubled), and keep readings longer (retention.ms)"
        )
