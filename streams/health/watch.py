"""Asks the broker, with clients of its own, where partitions end and who has them.

Faust's consumer cannot be asked: its idea of the end stands still with its fetching.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from streams.health.movement import Place
from streams.health.open_transactions import OpenTransactions
from streams.health.replicas import lacking, places_of
from streams.health.report import Outside
from streams.kafka import client_options, insisting
from streams.settings import Settings
from streams.transport.reader import fetched_end, reader
from streams.transport.stop import stop_consumer

ASK_S: Final = 5.0
"""A question that is not answered within this is not answered."""


class Question(Protocol):
    """Asks a part that the worker needs; connects when first asked."""

    async def __call__(self) -> str | None:
        """None when it answers, else the sentence that says why not."""

    async def close(self) -> None:
        """Disconnect."""


_FETCH_MS: Final = 100
_STABLE: Final = "Stable"  # the state of a group whose members have what they were assigned

NOBODY: Final = Outside("the broker has not been asked yet", {}, {})


class Watch:
    """Asks about the topics of one group; connects when first asked, and anew after a failure."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Collection[str],
        questions: Mapping[str, Question],
        written: Mapping[str, int],
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = sorted(topics)
        self._written = written
        self._questions = questions
        self._open = OpenTransactions()
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def ask(self, positions: Mapping[Place, int | None], doubtful: set[Place]) -> Outside:
        """Everything outside the worker; never raises.

        ``positions`` of the worker's partitions; of the ``doubtful`` ones it is looked whether
        there is a record at all between the position and the end: markers of transactions and
        what compaction removed are none.
        """
        asking = [self._answer(question) for question in self._questions.values()]
        answers = dict(zip(self._questions, await asyncio.gather(*asking), strict=True))
        try:
            async with asyncio.timeout(ASK_S):
                described = await insisting((await self._asking()).describe_topics)
                ends = await self._ends(places_of(described, self._topics))
                ends |= await self._true(positions, ends)
            answers["replicas"] = lacking(described, self._topics, self._written)
            for place in doubtful & ends.keys():
                ends[place] = await self._closer(place, positions.get(place), *ends[place])
        except (KafkaError, OSError, TimeoutError) as error:
            await self._disconnect()
            what = str(error) or type(error).__name__
            sentence = f"broker {self._settings.broker} does not answer: {what}"
            return Outside(sentence, {}, answers)
        unowned = 0
        if not positions:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                unowned = await self._unowned(ends)
        return Outside(None, ends, answers, unowned, self._open.told(positions))

    async def close(self) -> None:
        """Disconnect from everything, without waiting for what is away."""
        await self._disconnect()
        for question in self._questions.values():
            await question.close()

    async def _disconnect(self) -> None:
        for client in (self._consumer, self._admin):
            if client is not None:
                with contextlib.suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(_stop(client), ASK_S)
        self._consumer = self._admin = None

    async def _answer(self, question: Question) -> str | None:
        try:
            return await asyncio.wait_for(question(), ASK_S)
        except TimeoutError:
            return f"no answer within {ASK_S:g} s"

    async def _ends(self, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
        """Begin and end of partitions, as a question for offsets answers it."""
        if not places:
            return {}
        consumer = await self._reading()
        parts = [TopicPartition(*place) for place in places]
        begins = await consumer.beginning_offsets(parts)
        ends = await consumer.end_offsets(parts)
        return {(tp.topic, tp.partition): (begins[tp], ends[tp]) for tp in parts}

    async def _true(
        self, positions: Mapping[Place, int | None], ends: Mapping[Place, tuple[int, int]]
    ) -> dict[Place, tuple[int, int]]:
        """Begin and end of the partitions that have nothing left, as it seems.

        A broker may tell the end too low by a part of the last record batch (`transport.ends`);
        the mark that comes with a fetch is right, and there is nothing to fetch.
        """
        done = {
            TopicPartition(*place): at or 0
            for place, at in positions.items()
            if place in ends and (at or 0) >= ends[place][1]
        }
        self._open.keep({(tp.topic, tp.partition) for tp in done})
        if not done:
            return {}
        consumer = await self._reading()
        consumer.assign(list(done))
        try:
            for tp, at in done.items():
                consumer.seek(tp, at)
            while any(fetched_end(consumer, tp) is None for tp in done):
                await consumer.getmany(*done, timeout_ms=_FETCH_MS)
            for tp in done:
                place = (tp.topic, tp.partition)
                self._open.see(place, fetched_end(consumer, tp), consumer.highwater(tp))
            return {
                (tp.topic, tp.partition): (
                    ends[tp.topic, tp.partition][0],
                    max(ends[tp.topic, tp.partition][1], fetched_end(consumer, tp) or 0),
                )
                for tp in done
            }
        finally:
            consumer.unsubscribe()

    async def _closer(
        self, place: Place, position: int | None, begin: int, end: int
    ) -> tuple[int, int]:
        """Begin and end of what the partition really holds from the position on."""
        consumer, tp = await self._reading(), TopicPartition(*place)
        consumer.assign([tp])
        try:
            consumer.seek(tp, max(position or 0, begin))
            async with asyncio.timeout(ASK_S):
                while await consumer.position(tp) < end:
                    if await consumer.getmany(tp, timeout_ms=_FETCH_MS):
                        return begin, max(end, fetched_end(consumer, tp) or 0)
            return end, end
        finally:
            consumer.unsubscribe()

    async def _unowned(self, ends: Mapping[Place, tuple[int, int]]) -> int:
        """Partitions with lag that no member of the group has; 0 when the broker does not tell."""
        async with asyncio.timeout(ASK_S):
            owned = await self._owned()
            if owned is None:
                return 0
            admin = await self._asking()
            # By partition: some brokers break the connection when none is named.
            places = [TopicPartition(*place) for place in ends]
            offsets = await insisting(
                lambda: admin.list_consumer_group_offsets(self._group, partitions=places)
            )
        done = {(tp.topic, tp.partition): found.offset for tp, found in offsets.items()}
        return sum(
            place not in owned and end > max(begin, done.get(place, 0))
            for place, (begin, end) in ends.items()
        )

    async def _owned(self) -> set[Place] | None:
        """The partitions that members of the group have; None when that cannot be told."""
        owned: set[Place] = set()
        admin = await self._asking()
        for answer in await insisting(lambda: admin.describe_consumer_groups([self._group])):
            for code, _, state, _, _, members, *_ in answer.groups:
                if code:
                    return None
                for member in members:
                    if state == _STABLE and not member[4]:
                        return None  # the embedded broker tells members without what they have
                    owned |= _assignment(member[4])
        return owned

    async def _asking(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**client_options(self._settings))
            await self._admin.start()
        return self._admin

    async def _reading(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = reader(
                **client_options(self._settings),
                group_id=None,
                enable_auto_commit=False,
                fetch_max_wait_ms=_FETCH_MS,
                request_timeout_ms=int(ASK_S * 1000),
            )
            self._consumer = consumer
            await consumer.start()
        return self._consumer


def _assignment(encoded: bytes) -> set[Place]:
    if not encoded:
        return set()
    decoded = ConsumerProtocolMemberAssignment.decode(encoded)
    return {(topic, number) for topic, numbers in decoded.assignment for number in numbers}


async def _stop(client: Any) -> None:
    await (client.close() if isinstance(client, AIOKafkaAdminClient) else stop_consumer(client))
