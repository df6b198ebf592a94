"""Tells a consumer whose commits hang from a broker that is unreachable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer

HANG_S: Final = 60.0
ANSWER_S: Final = 5.0  # timeout for the broker's answer to a new client
_PROBES: Final = 4  # of the broker, while commits fail


class ConsumerHangsError(Exception):
    """The consumer fetches but cannot commit; only a restart of the worker helps."""


class CommitWatch:
    """Watch commits that fail in a row, whether or not records are fetched meanwhile.

    ``answers`` asks the group coordinator for the offset of a partition, with a new client. While
    that fails too, the broker is unreachable and the worker waits. If it succeeds each time for
    ``hang_s`` seconds and still no commit does, the consumer hangs and must be replaced.
    """

    def __init__(
        self, answers: Callable[[TP], Awaitable[bool]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hang_s = HANG_S
        self._answers = answers
        self._clock = clock
        self._since: float | None = None  # the first of the commits that failed in a row
        self._probed_at = 0.0

    def reset(self) -> None:
        """Forget failures: a commit succeeded, or a new generation begins."""
        self._since = None

    async def check(self, tp: TP) -> ConsumerHangsError | None:
        """Record a failed commit that ``tp`` was part of; return an error once it hangs."""
        now = self._clock()
        if self._since is None:
            self._since = self._probed_at = now
            return None
        if now - self._probed_at < self.hang_s / _PROBES:
            return None
        since, self._probed_at = self._since, now
        if not await self._answers(tp):
            self._since = None
            return None
        if self._since != since or now - since < self.hang_s:
            return None
        return ConsumerHangsError(
            f"no commit went through for {self.hang_s:g} s although the broker answers"
        )


async def coordinator_answers(group: str, tp: TP, **options: Any) -> bool:
    """Ask the coordinator for a committed offset with a new client; return whether it answers.

    ``options`` are those of an ``AIOKafkaConsumer``: ``bootstrap_servers`` and how to
    authenticate.
    """
    consumer = committed_consumer(**options, group_id=group, enable_auto_commit=False)
    try:
        async with asyncio.timeout(ANSWER_S):
            await consumer.start()
            await consumer.committed(TopicPartition(tp.topic, tp.partition))
    except (KafkaError, OSError, TimeoutError):
        return False
    else:
        return True
    finally:
        await stop_consumer(consumer)
