"""The processes that detect, and how far they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.embedded.child import last_line
from streams.kafka.clients import consumer_of
from streams.settings import Settings
from tests.bench.ours import WorkerError
from tests.support.streams_process import SinksProcess, StreamsProcess

_LOOK_S: Final = 0.2
_PATIENCE_S: Final = 600.0


class Crew:
    """A streams worker and a sinks worker, with whatever settings they are given."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self.streams = StreamsProcess(settings, directory / "streams.log")
        self.sinks = SinksProcess(settings, directory / "sinks.log")
        self._stack = AsyncExitStack()
        self._groups: dict[str, AIOKafkaConsumer] = {}

    async def __aenter__(self) -> Self:
        for group in (self._settings.group_streams, self._settings.group_sinks):
            self._groups[group] = await self._stack.enter_async_context(
                consumer_of(self._settings, group)
            )
        self._stack.enter_context(self.streams)
        self._stack.enter_context(self.sinks)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def check(self) -> None:
        """Raises `WorkerError` where one has ended."""
        for worker in (self.streams, self.sinks):
            if worker.exit_code is not None:
                said = last_line(worker.log.read_bytes())
                raise WorkerError(f"a worker ended with {worker.exit_code}: {said}")

    async def drained(self, reached: Mapping[int, int]) -> None:
        """Wait until all is judged and stored up to these offsets of the readings' partitions.

        Raises `WorkerError`.
        """
        settings = self._settings
        readings = {TopicPartition(settings.topic_readings, p): o for p, o in reached.items()}
        await self._committed(settings.group_streams, readings)
        results = [
            TopicPartition(topic, partition)
            for topic in (
                settings.topic_means,
                settings.topic_gaps,
                settings.topic_violations,
                settings.topic_findings,
                settings.topic_notice_verdicts,
                settings.topic_cases,
                settings.topic_roots,
                settings.topic_dead_letters,
            )
            for partition in range(settings.partitions)
        ]
        ends = await self._groups[settings.group_sinks].end_offsets(results)
        await self._committed(settings.group_sinks, readings | ends)

    async def _committed(self, group: str, wanted: Mapping[TopicPartition, int]) -> None:
        consumer = self._groups[group]
        consumer.assign(list(wanted))
        deadline = time.monotonic() + _PATIENCE_S
        for part, offset in wanted.items():
            while (await consumer.committed(part) or 0) < offset:
                self.check()
                if time.monotonic() > deadline:
                    raise WorkerError(
                        f"{group} did not come to offset {offset:,} of {part.topic}"
                        f"[{part.partition}] within {_PATIENCE_S:.0f} s"
                    )
                await asyncio.sleep(_LOOK_S)
