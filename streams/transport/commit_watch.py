"""Tells a client whose commits hang from a broker that is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.transport.reader import reader
from streams.transport.stop import stop_consumer

HANG_S: Final = 60.0
ANSWER_S: Final = 5.0  # so long the broker has to answer a new client
_LOOKS: Final = 4  # at the broker, in that time


class ConsumerHangsError(Exception):
    """The client to the broker does its work only in part; the worker must begin anew."""


class CommitWatch:
    """Looks at commits that fail in a row, whether or not records come meanwhile.

    ``answers`` asks the group's coordinator for the offset of a partition, with a new client.
    While it gives no answer the broker is away, which is waited for. Once it has answered each
    time for ``hang_s`` seconds, and no commit went through, only a new client mends that.
    """

    def __init__(
        self, answers: Callable[[TP], Awaitable[bool]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hang_s = HANG_S
        self._answers = answers
        self._clock = clock
        self._since: float | None = None  # the first of the commits that failed in a row
        self._looked = 0.0

    def over(self) -> None:
        """A commit went through, or another generation of the group begins."""
        self._since = None

    async def hangs(self, tp: TP) -> ConsumerHangsError | None:
        """A commit that ``tp`` was part of failed; returns why that will not end, else None."""
        now = self._clock()
        if self._since is None:
            self._since = self._looked = now
            return None
        if now - self._looked < self.hang_s / _LOOKS:
            return None
        since, self._looked = self._since, now
        if not await self._answers(tp):
            self._since = None
            return None
        if self._since != since or now - since < self.hang_s:
            return None
        return ConsumerHangsError(
            f"no commit went through for {self.hang_s:g} s although the broker answers"
        )


async def coordinator_answers(group: str, tp: TP, **options: Any) -> bool:
    """Whether a client of its own learns from the broker which offset a group committed.

    ``options`` are those of an ``AIOKafkaConsumer``: ``bootstrap_servers`` and how to
    authenticate.
    """
    consumer = reader(**options, group_id=group, enable_auto_commit=False)
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
