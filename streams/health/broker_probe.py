"""Asks the broker, with clients of its own, where partitions end and who owns them.

Faust's consumer cannot be asked: it learns ends only while it fetches.
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

from streams.health.open_transactions import OpenTransactions
from streams.health.replicas import partitions_of, replica_problem
from streams.health.report import ExternalChecks
from streams.kafka.client import admin_client, client_options
from streams.kafka.partitions import PartitionId
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer, fetched_end
from streams.kafka.retry import retry_on_node_loss
from streams.settings import Settings

TIMEOUT_S: Final = 5.0
"""Timeout of each question."""


class DependencyCheck(Protocol):
    """Check a part that the worker needs; connect when first called."""

    async def __call__(self) -> str | None:
        """Return None when it answers, else the sentence that says why not."""

    async def close(self) -> None:
        """Disconnect."""


_FETCH_MS: Final = 100
_STABLE: Final = "Stable"  # state of a group whose members have their assignment

NOT_ASKED: Final = ExternalChecks("the broker has not been asked yet", {}, {})


class BrokerProbe:
    """Ask about the topics of one group; connect when first asked, again after a failure."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Collection[str],
        dependencies: Mapping[str, DependencyCheck],
        written: Mapping[str, int],
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = sorted(topics)
        self._written = written
        self._dependencies = dependencies
        self._transactions = OpenTransactions()
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def ask(
        self, positions: Mapping[PartitionId, int | None], doubtful: set[PartitionId]
    ) -> ExternalChecks:
        """Check everything outside the worker; never raise.

        ``positions``: of the worker's partitions. For ``doubtful`` ones, check whether there is a
        record at all between the position and the end: transaction markers and compacted offsets
        are none.
        """
        asking = [self._answer(check) for check in self._dependencies.values()]
        dependencies = dict(zip(self._dependencies, await asyncio.gather(*asking), strict=True))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                described = await retry_on_node_loss((await self._started_admin()).describe_topics)
                ends = await self._ends(partitions_of(described, self._topics))
                ends |= await self._fetched_ends(positions, ends)
            dependencies["replicas"] = replica_problem(described, self._topics, self._written)
            for place in doubtful & ends.keys():
                ends[place] = await self._readable_range(place, positions.get(place), *ends[place])
        except (KafkaError, OSError, TimeoutError) as error:
            await self._disconnect()
            what = str(error) or type(error).__name__
            sentence = f"broker {self._settings.broker} does not answer: {what}"
            return ExternalChecks(sentence, {}, dependencies)
        unowned = 0
        if not positions:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                unowned = await self._unowned(ends)
        return ExternalChecks(
            None, ends, dependencies, unowned, self._transactions.blocked(positions)
        )

    async def close(self) -> None:
        """Disconnect from everything, without waiting for what does not answer."""
        await self._disconnect()
        for check in self._dependencies.values():
            await check.close()

    async def _disconnect(self) -> None:
        for client in (self._consumer, self._admin):
            if client is not None:
                with contextlib.suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(_stop(client), TIMEOUT_S)
        self._consumer = self._admin = None

    async def _answer(self, check: DependencyCheck) -> str | None:
        try:
            return await asyncio.wait_for(check(), TIMEOUT_S)
        except TimeoutError:
            return f"no answer within {TIMEOUT_S:g} s"

    async def _ends(self, places: Collection[PartitionId]) -> dict[PartitionId, tuple[int, int]]:
        """Return begin and end offsets of partitions as ListOffsets tells them."""
        if not places:
            return {}
        consumer = await self._started_consumer()
        parts = [TopicPartition(*place) for place in places]
        begins = await consumer.beginning_offsets(parts)
        ends = await consumer.end_offsets(parts)
        return {(tp.topic, tp.partition): (begins[tp], ends[tp]) for tp in parts}

    async def _fetched_ends(
        self,
        positions: Mapping[PartitionId, int | None],
        ends: Mapping[PartitionId, tuple[int, int]],
    ) -> dict[PartitionId, tuple[int, int]]:
        """Return begin and end offsets of the partitions that seem to have no lag.

        A broker may tell the end too low by a part of the last record batch (`streams.kafka.ends`);
        the end that comes with a fetch is right, and there is nothing to fetch.
        """
        done = {
            TopicPartition(*place): at or 0
            for place, at in positions.items()
            if place in ends and (at or 0) >= ends[place][1]
        }
        self._transactions.retain({(tp.topic, tp.partition) for tp in done})
        if not done:
            return {}
        consumer = await self._started_consumer()
        consumer.assign(list(done))
        try:
            for tp, at in done.items():
                consumer.seek(tp, at)
            while any(fetched_end(consumer, tp) is None for tp in done):
                await consumer.getmany(*done, timeout_ms=_FETCH_MS)
            for tp in done:
                place = (tp.topic, tp.partition)
                self._transactions.observe(place, fetched_end(consumer, tp), consumer.highwater(tp))
            return {
                (tp.topic, tp.partition): (
                    ends[tp.topic, tp.partition][0],
                    max(ends[tp.topic, tp.partition][1], fetched_end(consumer, tp) or 0),
                )
                for tp in done
            }
        finally:
            consumer.unsubscribe()

    async def _readable_range(
        self, place: PartitionId, position: int | None, begin: int, end: int
    ) -> tuple[int, int]:
        """Return begin and end offsets, as far as there are records from the position on."""
        consumer, tp = await self._started_consumer(), TopicPartition(*place)
        consumer.assign([tp])
        try:
            consumer.seek(tp, max(position or 0, begin))
            async with asyncio.timeout(TIMEOUT_S):
                while await consumer.position(tp) < end:
                    if await consumer.getmany(tp, timeout_ms=_FETCH_MS):
                        return begin, max(end, fetched_end(consumer, tp) or 0)
            return end, end
        finally:
            consumer.unsubscribe()

    async def _unowned(self, ends: Mapping[PartitionId, tuple[int, int]]) -> int:
        """Count partitions with lag that no group member owns; 0 when the broker does not tell."""
        async with asyncio.timeout(TIMEOUT_S):
            owned = await self._owned()
            if owned is None:
                return 0
            admin = await self._started_admin()
            # By partition: some brokers break the connection when none is named.
            places = [TopicPartition(*place) for place in ends]
            offsets = await retry_on_node_loss(
                lambda: admin.list_consumer_group_offsets(self._group, partitions=places)
            )
        done = {(tp.topic, tp.partition): found.offset for tp, found in offsets.items()}
        return sum(
            place not in owned and end > max(begin, done.get(place, 0))
            for place, (begin, end) in ends.items()
        )

    async def _owned(self) -> set[PartitionId] | None:
        """Return the partitions that members of the group own; None when that is unknown."""
        owned: set[PartitionId] = set()
        admin = await self._started_admin()
        for answer in await retry_on_node_loss(
            lambda: admin.describe_consumer_groups([self._group])
        ):
            for code, _, state, _, _, members, *_ in answer.groups:
                if code:
                    return None
                for member in members:
                    if state == _STABLE and not member[4]:
                        return None  # the embedded broker tells members without their assignment
                    owned |= _assignment(member[4])
        return owned

    async def _started_admin(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            self._admin = admin_client(self._settings)
            await self._admin.start()
        return self._admin

    async def _started_consumer(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = committed_consumer(
                **client_options(self._settings),
                group_id=None,
                enable_auto_commit=False,
                fetch_max_wait_ms=_FETCH_MS,
                request_timeout_ms=int(TIMEOUT_S * 1000),
            )
            self._consumer = consumer
            await consumer.start()
        return self._consumer


def _assignment(encoded: bytes) -> set[PartitionId]:
    if not encoded:
        return set()
    decoded = ConsumerProtocolMemberAssignment.decode(encoded)
    return {(topic, number) for topic, numbers in decoded.assignment for number in numbers}


async def _stop(client: Any) -> None:
    await (client.close() if isinstance(client, AIOKafkaAdminClient) else stop_consumer(client))
