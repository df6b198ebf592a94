"""The consumer's thread: commits, seeks and end offsets."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.kafka.ends import end_offsets
from streams.kafka.read_committed import COMMITTED
from streams.transport.commit_watch import coordinator_answers

log = structlog.get_logger(__name__)

_LOG_INTERVAL_S: Final = 30.0
FETCH_WAIT_MS: Final = 50
"""``fetch.max.wait.ms``: how long the broker delays the answer to a fetch that finds little.

aiokafka has one fetch in flight per broker. With Faust's 1.5 s a fetch of idle partitions would
delay all others of that broker for as long.
"""
FETCH_MIN_BYTES: Final = 16 * 1024
"""``fetch.min.bytes``: an answer with less waits for more. Stations send record by record; what
each brings by itself would cost a fetch and a batch of its own."""
IDLE_MS: Final = math.inf
"""``max.poll.interval.ms``: off. A consumer that does not fetch for so long leaves its group, and
nothing is fetched, on purpose, while all partitions have enough in flight (they wait for a person,
for ClickHouse, or for state). Stuck workers are detected by `streams.health` instead."""
COMMIT_S: Final = 10.0
"""Timeout of a commit: aiokafka itself retries without end."""


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Run the consumer in a thread; repeat failed commits instead of crashing."""

    _logged_at = -_LOG_INTERVAL_S

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust has no settings for them.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._fetch_min_bytes = FETCH_MIN_BYTES
        consumer._max_poll_interval_ms = IDLE_MS  # whatever Faust's setting says
        consumer._isolation_level = COMMITTED
        return consumer

    def close(self) -> None:
        """Do nothing; `on_thread_stop` closes the client in the loop that owns it.

        Faust calls this from the main thread when a rebalance ends while the application stops,
        and closes the client's connections there. A uvloop transport must only be touched by its
        own loop: the process crashed with SIGSEGV.
        """

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self.assignment()
        wanted = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in assigned
        }
        if not wanted:
            return False
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(wanted), COMMIT_S)
        except (KafkaError, TimeoutError) as error:
            # The partitions were revoked or the broker is unreachable: the next commit repeats it.
            if time.monotonic() - self._logged_at >= _LOG_INTERVAL_S:
                self._logged_at = time.monotonic()
                why = str(error) or f"no answer within {COMMIT_S:g} s"
                log.warning("commit_failed", error=why)
            return False
        return True

    async def seek_to_committed(self) -> dict[TP, int | None]:
        """Seek partitions to their committed offset, or to the beginning where there is none.

        aiokafka leaves the latter where they are: records that were fetched and dropped at a
        rebalance would never be read again.
        """
        found: dict[TP, int | None] = await self.call_thread(self._seek_to_committed)
        return found

    async def _seek_to_committed(self) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        committed: dict[TP, int | None] = await consumer.seek_to_committed()
        never = [tp for tp, offset in committed.items() if offset is None]
        if never:
            await consumer.seek_to_beginning(*never)
        return committed

    async def _highwaters(self, partitions: Iterable[TP]) -> dict[TP, int]:
        plain = [TopicPartition(tp.topic, tp.partition) for tp in partitions]
        ends = await end_offsets(plain, **self._client_options())
        return {TP(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def coordinator_answers(self, tp: TP) -> bool:
        """Return whether the coordinator tells a new client the group's offset."""
        return await coordinator_answers(self.app.conf.id, tp, **self._client_options())

    def _client_options(self) -> dict[str, Any]:
        transport, conf = self.transport, self.app.conf
        return {
            "bootstrap_servers": driver.server_list(transport.url, transport.default_port),
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        }
