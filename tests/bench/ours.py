"""One run of the deployed streams workers over a load that lies on its topic.

Measured from the first fetch of readings to the commit of the last one, as everybody is: what is
fetched and not committed yet costs before it counts, so a window that began at a commit would
flatter the worker, the more the larger its batches are. Imports and the registry lie before it.
What is committed is judged, and its results and state are confirmed by the broker.

The steady state is what lies between the commits of the first and of the last quarter of the
readings: sources are known then, and as much is under way at its end as at its beginning.
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
from emissions.replay.usage import Usage, usage_of
from streams.kafka.client import client_options
from streams.kafka.clients import consumer_of
from streams.kafka.topics import changelog_topic, create_topics
from streams.settings import Settings
from tests.bench.figures import Run
from tests.bench.timed_worker import TimedStreams
from tests.bench.topic import Filled, own_names
from tests.support.broker import unique

NAME = "emission-streams"
_LOOK_S = 0.05
_PATIENCE_S = 300.0


class Moment(NamedTuple):
    """What was seen at one look."""

    at: float
    committed: int
    """Offsets over all partitions."""
    cpu_s: float


class Window(NamedTuple):
    """What was committed within a time, and what it took."""

    readings: int
    wall_s: float
    cpu_s: float


class WorkerError(RuntimeError):
    """A worker ended or stood still; the text says which and what it said last."""


async def run_ours(
    filled: Filled,
    directory: Path,
    *,
    workers: int = 1,
    name: str = NAME,
    steady: bool = False,
) -> tuple[Run, Settings]:
    """Judge the whole load with workers and topics of its own; the settings name the results.

    With ``steady`` the figures are those of the steady state, so that taking up the sources is left
    out; otherwise they stand beside. Raises `WorkerError`.
    """
    settings = own_names(filled.settings, unique("bench.ours"))
    await create_topics(settings, "replay")
    crew = [
        TimedStreams(settings, directory / f"{settings.group_streams}-{number}.log")
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
    fetched = [worker.first_fetch() for worker in crew]
    whole = _whole(moments[-1], [first for first in fetched if first is not None])
    calm = _steady(moments)
    measured = calm if steady else whole
    run = Run(
        name=name,
        readings=measured.readings,
        wall_s=measured.wall_s,
        cpu_s=measured.cpu_s,
        peak_rss=max(usage.peak_bytes for usage in usages),
        whole_s=moments[-1].at - began,
        more={
            "whole_cpu_s": sum(usage.cpu_s for usage in usages),
            "peak_rss_each": [usage.peak_bytes for usage in usages],
            "steady_readings": calm.readings,
            "steady_wall_s": calm.wall_s,
            "steady_cpu_s": calm.cpu_s,
        },
    )
    return run, settings


def _whole(last: Moment, fetched: Sequence[tuple[float, float]]) -> Window:
    """From the first fetch of any worker to the last commit."""
    if not fetched:
        raise WorkerError("no worker told when it fetched its first readings")
    return Window(
        last.committed,
        last.at - min(at for at, _ in fetched),
        last.cpu_s - sum(cpu_s for _, cpu_s in fetched),
    )


def _steady(moments: Sequence[Moment]) -> Window:
    """Between the commits of the first and the last quarter; of all where there are too few."""
    total = moments[-1].committed
    first = next(moment for moment in moments if 4 * moment.committed >= total)
    last = next(moment for moment in moments if 4 * moment.committed >= 3 * total)
    if first is last:
        first, last = moments[0], moments[-1]
    return Window(last.committed - first.committed, last.at - first.at, last.cpu_s - first.cpu_s)


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
                settings.topic_findings,
                settings.topic_notice_verdicts,
                settings.topic_cases,
                settings.topic_roots,
                settings.topic_dead_letters,
                changelog_topic(settings.app_id),
            ]
        )
    finally:
        await admin.close()


async def _watch(
    group: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], crew: Sequence[TimedStreams]
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
        moments.append(Moment(now, committed, cpu_s))
        if committed == sum(ends.values()):
            return moments
        if now - moved > _PATIENCE_S:
            raise WorkerError(f"the worker took nothing for {_PATIENCE_S:.0f} s: {committed}")
        await asyncio.sleep(_LOOK_S)


def _usage(worker: TimedStreams) -> Usage:
    return usage_of("worker", worker.pid) or Usage("worker", 0.0, 0)


def _said(worker: TimedStreams) -> str:
    return last_line(worker.log.read_bytes())
