"""The thread in which the consumer talks to the broker: its commits and its idea of the end."""

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

from streams.transport.commit_watch import coordinator_answers
from streams.transport.ends import end_offsets
from streams.transport.reader import COMMITTED

log = structlog.get_logger(__name__)

_SAY_S: Final = 30.0
FETCH_WAIT_MS: Final = 100
"""The broker answers a fetch that finds nothing after this long.

aiokafka has one fetch under way for each broker. Faust lets it wait 1.5 s: a fetch of partitions
that have nothing holds up all others of that broker for as long.
"""
IDLE_MS: Final = math.inf
"""A consumer leaves its group when nothing was fetched for so long, and joins no more until
somebody fetches. Nothing is, on purpose, while all of its partitions have enough in flight: they
wait for a person, for ClickHouse, or for the state. Whether a worker is stuck is told by its
health."""
COMMIT_S: Final = 10.0
"""A commit that takes longer is given up: aiokafka tries for ever."""


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that talks to the broker; a commit that fails is tried again, not a crash."""

    _said_at = -_SAY_S

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust has no settings for them.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._max_poll_interval_ms = IDLE_MS  # whatever Faust's setting says
        consumer._isolation_level = COMMITTED
        return consumer

    def close(self) -> None:
        """Leave the client to `on_thread_stop`, which closes it in the loop that owns it.

        Faust calls this from the main thread when a rebalance ends while the application stops,
        and closes the client's connections there. A uvloop transport may be touched by its own
        loop alone: the process ended with SIGSEGV.
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
            # A rebalance took the partitions, or the broker is away: the next commit repeats it.
            if time.monotonic() - self._said_at >= _SAY_S:
                self._said_at = time.monotonic()
                why = str(error) or f"no answer within {COMMIT_S:g} s"
                log.warning("offsets not committed, will try again", error=why)
            return False
        return True

    async def seek_to_committed(self) -> dict[TP, int | None]:
        """Seek partitions to the last committed offset; those that have none to their beginning.

        aiokafka leaves the latter where they are: what was fetched of them and given up at a
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
        """Whether a new client learns from the broker which offset the group committed."""
        return await coordinator_answers(self.app.conf.id, tp, **self._client_options())

    def _client_options(self) -> dict[str, Any]:
        transport, conf = self.transport, self.app.conf
        return {
            "bootstrap_servers": driver.server_list(transport.url, transport.default_port),
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        }
