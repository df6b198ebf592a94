"""One round from the empty topics to what it left, and what of that must not be."""

from __future__ import annotations

import asyncio
import os
import shutil
import traceback
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from emissions.audit.run import audit
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.kafka.topics import output_topics
from streams.settings import Settings
from tests.crash.environment import Environment
from tests.crash.load import Load, make_load
from tests.crash.outcome import Outcome, check_load, collect, differences, export
from tests.crash.plan import Plan
from tests.crash.publish import Publisher
from tests.crash.results import Difference, Results
from tests.crash.round_context import RoundContext, Timeline
from tests.crash.trace import VARIABLE
from tests.crash.workers import Kind, Workers

PUBLISH_S: Final = 300.0
STRIKE_S: Final = 300.0
DRAIN_S: Final = 300.0
STOP_S: Final = 120.0
TROUBLES: Final = 8  # workers that ended by themselves before a round is given up


class RoundError(Exception):
    """The round could not be brought to its end; the text is a sentence."""


class Rounds:
    """Runs rounds on one stand; the undisturbed run of a load is made when it is first needed."""

    def __init__(
        self,
        environment: Environment,
        directory: Path,
        results: Results,
        *,
        sources: int = 12,
        minutes: int = 240,
        again_h: int | None = None,
        keep_all: bool = False,
    ) -> None:
        self._environment = environment
        self._directory = directory
        self.results = results
        self._load: dict[str, Any] = {"sources": sources, "minutes": minutes, "again_h": again_h}
        self._keep_all = keep_all
        self._expected: dict[tuple[int, int], tuple[Load, Outcome]] = {}

    @property
    def kafka(self) -> bool:
        """Whether there is a node of Apache Kafka to kill."""
        return self._environment.kafka is not None

    async def run(self, plan: Plan) -> Difference | None:
        """One round. What it finds is also in the results; what it did is kept if it differs."""
        directory = self._directory / f"seed-{plan.seed}-round-{plan.number}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "plan.txt").write_text("\n".join(plan.describe()) + "\n")
        load, expected = await self._undisturbed(plan)
        results = self.results
        level = "DEBUG" if os.environ.get(VARIABLE) else "INFO"
        settings = self._environment.settings(
            partitions=plan.partitions, log_level=level, **plan.settings
        )
        found: list[str] = []
        await self._environment.prepare(settings)
        try:
            found += await self._disturbed(plan, load, settings, expected, directory)
        except Exception as error:
            (directory / "failure.txt").write_text(traceback.format_exc())
            found.append(f"the round could not be brought to its end: {error!r}")
        finally:
            await self._environment.clear(settings)
        results.rounds += 1
        results.messages += load.messages
        results.readings += sum(bool(r.key) for log in load.logs for r in log)
        if not found and not self._keep_all:
            shutil.rmtree(directory)
        if not found:
            return None
        expected.write(directory / "expected")
        (directory / "differences.txt").write_text("\n".join(found) + "\n", encoding="utf-8")
        difference = Difference(plan.seed, plan.number, found, str(directory))
        results.differences.append(difference)
        return difference

    async def _undisturbed(self, plan: Plan) -> tuple[Load, Outcome]:
        """The load of a plan and what it leads to when nothing is disturbed.

        Raises RoundError when that is not what the judging code alone finds.
        """
        known = self._expected.get((plan.seed, plan.load))
        if known is not None:
            return known
        load = make_load(f"{plan.seed} {plan.load}", partitions=plan.partitions, **self._load)
        settings = self._environment.settings(
            partitions=plan.partitions, session_timeout_s=3.0, heartbeat_s=1.0
        )
        directory = self._directory / f"seed-{plan.seed}-load-{plan.load}"
        directory.mkdir(parents=True, exist_ok=True)
        calm = replace(plan, faults=(), wait=False, replay=False, flow_s=0.0)
        await self._environment.prepare(settings)
        try:
            wrong = await self.worked(calm, load, settings, directory)
            found = await collect(settings, directory / "export")
            wrong += await audited(settings)
        finally:
            await self._environment.clear(settings)
        alone = Outcome(exports=export(settings, load.found_by_core(), directory / "core"))
        wrong += differences(alone, found, exports_only=True)
        wrong += found.contradictions
        if wrong:
            found.write(directory / "undisturbed")
            first = "; ".join(each[:200] for each in wrong[:5])
            raise RoundError(f"even undisturbed ({directory}): {first}")
        shutil.rmtree(directory)
        self._expected[plan.seed, plan.load] = load, found
        return load, found

    async def _disturbed(
        self, plan: Plan, load: Load, settings: Settings, expected: Outcome, directory: Path
    ) -> list[str]:
        wrong = await self.worked(plan, load, settings, directory)
        if wrong and "did not" in wrong[-1]:
            return wrong
        wrong += await self._held(expected, load, settings, directory / "found")
        if plan.replay and not wrong:
            self.results.other["replay from offset 0"] += 1
            names = {
                "group_streams": f"{settings.group_streams}-again",
                "group_sinks": f"{settings.group_sinks}-again",
            }
            again = replace(settings, **names)  # type: ignore[arg-type]
            await self._environment.prepare(again)
            try:
                calm = replace(plan, faults=(), replay=False)
                wrong += await self.worked(calm, None, again, directory)
                wrong += await self._held(expected, load, again, directory / "again")
            finally:
                await self._environment.clear(again)
        return wrong

    async def _held(
        self, expected: Outcome, load: Load, settings: Settings, directory: Path
    ) -> list[str]:
        """Hold what is there against the undisturbed run, and have it audited."""
        wrong = await check_load(settings, load)
        found = await collect(settings, directory / "export")
        wrong += differences(expected, found)
        wrong += await audited(settings)
        if wrong:
            found.write(directory)
        return wrong

    async def worked(
        self, plan: Plan, load: Load | None, settings: Settings, directory: Path
    ) -> list[str]:
        """Have workers take the load, disturbed as planned, until all is drained and they ended.

        Without a load, what is in the topics already.
        """
        seed = f"{plan.seed} {plan.number}"
        timeline = Timeline()
        workers = Workers(settings, directory, seed, self.results, timeline.note)
        context = RoundContext(settings, self._environment, workers, self.results, timeline)
        kinds: tuple[Kind, ...] = ("streams", "sinks")
        for kind in kinds:
            workers.place(kind)
        for fault in plan.faults:
            fault.prepare(context)
        for kind in kinds:
            context.first(kind).start()
        keeping = asyncio.create_task(workers.keep())
        strikes = [asyncio.create_task(fault.strike(context)) for fault in plan.faults]
        try:
            if load is not None:
                if plan.wait:
                    await asyncio.gather(*(context.at_work(context.first(kind)) for kind in kinds))
                    timeline.note("the workers are at work")
                publisher = Publisher(settings, idempotent=self._environment.kafka is not None)
                publishing = publisher.publish(load, context.progress, plan.flow_s)
                await _within(PUBLISH_S, publishing, "the load did not get published")
            context.progress.to(1.0)
            timeline.note("everything is published")
            await _within(STRIKE_S, asyncio.gather(*strikes), "the faults did not end")
            timeline.note("the faults are over")
            await drained(settings, workers, timeline)
        except RoundError as error:
            return [*workers.troubles, str(error)]
        finally:
            for strike in strikes:
                strike.cancel()
            await asyncio.gather(*strikes, return_exceptions=True)
            keeping.cancel()
            workers.end()
            with (directory / "timeline.txt").open("a") as file:
                file.write("\n".join([*timeline.lines, ""]))
            await self._environment.restore()
        return workers.troubles


async def drained(
    settings: Settings, workers: Workers, timeline: Timeline, within_s: float = DRAIN_S
) -> None:
    """Wait until streams have judged all, send them away; then the same for the sinks.

    Raises RoundError where either takes longer than ``within_s``.
    """
    readings = await ends_of(settings, settings.topic_readings)
    if not any(readings.values()):
        raise RoundError("the readings did not get into their topic")
    group = settings.group_streams
    await _committed(
        settings, group, readings, workers, "the streams workers did not drain", within_s
    )
    timeline.note("the readings are judged")
    await _within(STOP_S, workers.dismiss("streams"), "a streams worker did not stop")
    found = await ends_of(settings, *output_topics(settings), settings.topic_registry)
    group = settings.group_sinks
    ends = readings | found
    await _committed(settings, group, ends, workers, "the sinks workers did not drain", within_s)
    timeline.note("the results are stored")
    await _within(STOP_S, workers.dismiss("sinks"), "a sinks worker did not stop")


async def _committed(
    settings: Settings,
    group: str,
    ends: dict[TopicPartition, int],
    workers: Workers,
    what: str,
    within_s: float,
) -> None:
    wanted = {partition: end for partition, end in ends.items() if end > 0}
    at: dict[TopicPartition, int] = {}

    async def all_of(consumer: AIOKafkaConsumer) -> bool:
        for partition in wanted:
            at[partition] = await consumer.committed(partition) or 0
        return at == wanted

    async def reached() -> None:
        while True:
            try:
                async with consumer_of(settings, group) as consumer:
                    while not await all_of(consumer):
                        if len(workers.troubles) > TROUBLES:
                            raise RoundError(f"{what}: the workers end again and again")
                        await asyncio.sleep(0.1)
                    return
            except (KafkaError, OSError):
                await asyncio.sleep(0.5)

    try:
        await asyncio.wait_for(reached(), within_s)
    except TimeoutError:
        behind = [
            f"{tp.topic}[{tp.partition}] at {at.get(tp, 'an unknown offset')} of {end}"
            for tp, end in sorted(wanted.items())
            if at.get(tp) != end
        ]
        raise RoundError(f"{what}: {', '.join(behind)}") from None


async def _within(seconds: float, work: Awaitable[object], what: str) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise RoundError(f"{what} within {seconds:.0f} s") from None
    except (KafkaError, OSError) as error:
        raise RoundError(f"{what}: it did not work: {error!r}") from error


async def audited(settings: Settings) -> list[str]:
    """The differences that an audit finds."""
    with client(settings) as connected:
        checks = await audit(settings, Codec(FileIds()), connected, None)
    return [
        f"audit, {check.part}, {check.place}: {sentence}"
        for check in checks
        for sentence in check.differences
    ]
