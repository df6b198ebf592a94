"""One run of the deployed streams workers over a load that lies on its topic.

Measured from the first commit of offsets that is seen to the last: both come as late after the
work they stand for, and the start of the process, its imports and the registry lie before the
first. What is committed is judged, and its results and state are confirmed by the broker.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.child import last_line
from streams.kafka import client_options
from streams.replay.client import consumer_of
from streams.replay.usage import Usage, usage_of
from streams.saved_state import changelog_topic
from streams.settings import Settings
from streams.topics import create_topics
from tests.bench.figures import Run
from tests.bench.topic import Filled, own_names
from tests.support.broker import unique
from tests.support.streams_process import StreamsProcess

NAME = "emission-streams"
_LOOK_S = 0.05
_PATIENCE_S = 300.0


class Moment(NamedTuple):
    """What was seen at one look."""

    at: float
    committed: int
    """Offsets over all partitions."""
    begun: int
    """Partitions of which something is committed."""
    cpu_s: float


class WorkerError(RuntimeError):
    """A worker ended or stood still; the text says which and what it said last."""


async def run_ours(
    filled: Filled,
    directory: Path,
    *,
    workers: int = 1,
    name: str = NAME,
    all_begun: bool = False,
) -> tuple[Run, Settings]:
    """Judge the whole load with workers and topics of its own; the settings name the results.

    With ``all_begun`` it counts from the first commit of the last partition, so that taking up the
    sources is left out. Raises `WorkerError`.
    """
    settings = own_names(filled.settings, unique("bench.ours"))
    await create_topics(settings, "replay")
    crew = [
        StreamsProcess(settings, directory / f"{settings.group_streams}-{number}.log")
        for number in range(workers)
    ]
    parts = [TopicPartition(settings.topic_readings, p) for p in range(settings.partitions)]
    async with consumer_of(settings, settings.group_streams) as group:
        group.assign(parts)
        await group.committed(parts[0])  # the first answer may take long
        began = time.perf_counter()
        try:
            for worker in crew:
                worker.start()
            moments = await _watch(group, dict(zip(parts, filled.ends, strict=True)), crew)
            usages = [_usage(worker) for worker in crew]
        finally:
            for worker in crew:
                worker.end(signal.SIGKILL)  # everything is committed, nothing is left to do
    needed = settings.partitions if all_begun else 1
    first, last = next(moment for moment in moments if moment.begun >= needed), moments[-1]
    if 2 * first.committed > last.committed:  # so little that the first commits took most of it
        first = moments[0]
    run = Run(
        name=name,
        readings=last.committed - first.committed,
        wall_s=last.at - first.at,
        cpu_s=last.cpu_s - first.cpu_s,
        peak_rss=max(usage.peak_bytes for usage in usages),
        whole_s=last.at - began,
        more={
            "whole_cpu_s": sum(usage.cpu_s for usage in usages),
            "peak_rss_each": [usage.peak_bytes for usage in usages],
        },
    )
    return run, settings


async def forget(settings: Settings) -> None:
    """Delete the topics that a run made: its results and its state."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.delete_topics(
            [
                settings.topic_means,
                settings.topic_gaps,
                settings.topic_violations,
                settings.topic_cases,
                settings.topic_dead_letters,
                changelog_topic(settings.app_id),
            ]
        )
    finally:
        await admin.close()


async def _watch(
    group: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], crew: Sequence[StreamsProcess]
) -> list[Moment]:
    """Look again and again until everything is committed."""
    moments: list[Moment] = []
    moved = time.perf_counter()
    while True:
        for worker in crew:
            if worker.exit_code is not None:
                raise WorkerError(f"the worker ended with {worker.exit_code}: {_said(worker)}")
        offsets = [await group.committed(part) or 0 for part in ends]
        committed, now = sum(offsets), time.perf_counter()
        cpu_s = sum(_usage(worker).cpu_s for worker in crew)
        if not moments or committed != moments[-1].committed:
            moved = now
        moments.append(Moment(now, committed, sum(map(bool, offsets)), cpu_s))
        if committed == sum(ends.values()):
            return moments
        if now - moved > _PATIENCE_S:
            raise WorkerError(f"the worker took nothing for {_PATIENCE_S:.0f} s: {committed}")
        await asyncio.sleep(_LOOK_S)


def _usage(worker: StreamsProcess) -> Usage:
    return usage_of("worker", worker.pid) or Usage("worker", 0.0, 0)


def _said(worker: StreamsProcess) -> str:
    return last_line(worker.log.read_bytes())
