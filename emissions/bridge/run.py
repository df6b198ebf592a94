"""Runs the bridge: over the topics, or over a file of dead letters."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

from emissions.bridge.consumer import BridgeConsumer
from emissions.bridge.dead_letters import read_letters
from emissions.bridge.delivery import Counts, Deliverer, Outside
from emissions.bridge.event import Event
from emissions.bridge.outcome import NoReply, Reply
from emissions.bridge.parts import BridgePlan, Parts, record_at
from emissions.bridge.polling import AnswerPoller, CaseIndex
from streams.core.registry.measure import Measure
from streams.kafka.client import client_options
from streams.kafka.producer import ConfirmedProducer, Output
from streams.kafka.reader import ends_of
from streams.registry.measures import RECORD, measure_to_record


async def run_bridge(parts: Parts, plan: BridgePlan) -> Counts:
    """Deliver until cancelled, or to the end with ``once``; return what happened.

    Raises LookupError for a topic that does not exist, and KafkaError where the broker is away at
    the start.
    """
    async with _Delivering(parts, plan) as delivering:
        ends = await ends_of(parts.settings, *plan.records)
        bridge = BridgeConsumer(parts, plan, delivering.deliverer)
        async with AsyncExitStack() as opened:
            opened.push_async_callback(bridge.stop)
            if parts.devices is not None:
                await parts.devices.read()
                following = asyncio.create_task(parts.devices.follow())
                opened.push_async_callback(_ended, following)
            poller = None
            if plan.answers is not None:
                index = CaseIndex(parts.settings, parts.codec)
                publish = delivering.deliverer.publish
                poller = AnswerPoller(plan.answers, delivering.ask, index, publish)
            if plan.once or poller is None:
                await bridge.run(ends if plan.once else None)
                if poller is not None:
                    await poller.poll(parts.scene.country, _now())
            else:
                polling = asyncio.create_task(poller.run(parts.scene.country, _now, plan.every_s))
                opened.push_async_callback(_ended, polling)
                await bridge.run(None)
        return delivering.deliverer.counts


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def replay_letters(parts: Parts, plan: BridgePlan, file: Path) -> Counts:
    """Deliver the dead letters of a file in its order, each until its end; return what happened.

    Raises ValueError with the line of one that is no dead letter; nothing was sent then.
    """
    letters = list(read_letters(file))
    if parts.devices is not None:
        await parts.devices.read()
    async with _Delivering(parts, plan) as delivering:
        for letter in letters:
            record = record_at(
                parts, plan, letter.topic, letter.partition, letter.offset, letter.record
            )
            await delivering.deliverer.deliver(record)
        return delivering.deliverer.counts


class _Delivering:
    """Opens webhook and producer around a deliverer."""

    def __init__(self, parts: Parts, plan: BridgePlan) -> None:
        self._parts = parts
        self._requests = asyncio.Semaphore(plan.connections)
        self._producer: ConfirmedProducer | None = None
        outside = Outside(
            self._post,
            self._publish,
            parts.letters.append,
            asyncio.sleep,
            _now,
            random.random,
            parts.scene.country,
        )
        self.deliverer = Deliverer(outside, plan.patience)

    async def __aenter__(self) -> _Delivering:
        await self._parts.webhook.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._parts.webhook.__aexit__(None, None, None)
        if self._producer is not None:
            await self._producer.stop()

    async def ask(self, url: str) -> Reply | NoReply:
        """Ask an address for answers."""
        async with self._requests:
            return await self._parts.webhook.get(url, _now())

    async def _post(self, event: Event) -> Reply | NoReply:
        async with self._requests:
            return await self._parts.webhook.post(event, _now())

    async def _publish(self, measures: Iterable[Measure]) -> None:
        settings, codec = self._parts.settings, self._parts.codec
        if self._producer is None:
            self._producer = ConfirmedProducer(client_options(settings))
        outputs = [
            Output(
                settings.topic_measures,
                measure.id.encode(),
                codec.encode(RECORD, measure_to_record(measure)),
            )
            for measure in measures
        ]
        await self._producer.produce(outputs, revoked=lambda: False)


def _now() -> int:
    return time.time_ns() // 1_000_000
