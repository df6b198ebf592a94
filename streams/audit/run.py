"""One audit of a deployment: what is read, in which order, and what is compared.

The order makes it hold on a deployment that runs: the committed offsets first, then the state,
which reaches at least as far; then what was found, which reaches at least as far as the state.
What comes to the topics afterwards is looked at last and may be in ClickHouse already, or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

from aiokafka import ConsumerRecord, TopicPartition
from clickhouse_connect.driver.client import Client

from schemas.codec import Codec
from streams.app import policy_of
from streams.audit.changelog import SavedLedgers
from streams.audit.check import Check
from streams.audit.evidence import EvidenceCheck, Sample
from streams.audit.ledger import check_ledger
from streams.audit.partition_log import PartitionLog
from streams.audit.results import Published
from streams.audit.stored import compare_readings, stored_results
from streams.audit.taking import Taking
from streams.core.log import RawRecord
from streams.core.partitioning import Share
from streams.core.registry_history import RegistryHistory
from streams.registry.avro import enterprise_from_record
from streams.registry_follower import RegistryFollower
from streams.replay.client import consumer_of
from streams.replay.logs import FETCH_MS, ends_of, partitions_of, read_log
from streams.replay.run import outputs
from streams.saved_state import changelog_topic
from streams.settings import Settings

SINKS_S = 30.0
"""So long the sinks worker may stand still before the audit goes on without ClickHouse."""
POLL_S = 0.2

Ends = dict[TopicPartition, int]


async def audit(
    settings: Settings, codec: Codec, client: Client, sample: int | None
) -> list[Check]:
    """Every check; ``sample`` is the number of violations whose evidence is computed again.

    None is all of them. Raises LookupError for a topic that does not exist, and the errors of
    Kafka, ClickHouse and the schema registry.
    """
    committed = await _committed(settings)
    ledgers = await _ledgers(settings)
    ends = await ends_of(settings, *outputs(settings))
    published = Published(settings.topic_readings)
    taking = Taking(settings, codec, published)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            taking.take(record)
    checks, logs, judged = await _readings(settings, codec, published, ledgers, committed, sample)
    behind = await _wait_for_sinks(settings, {**ends, **judged})
    if behind:
        why = f"the sinks worker has {behind} messages to take and stands still"
        return [*checks, Check("results", "ClickHouse", "not compared", [why])]
    topic = settings.topic_readings
    readings = await asyncio.to_thread(compare_readings, client, topic, logs)
    stored = await asyncio.to_thread(stored_results, client, topic)
    async for record in _after(settings, ends):
        taking.take(record, late=True)
    return [*checks, readings, *published.compare(stored), *taking.checks()]


async def _committed(settings: Settings) -> Ends:
    async with consumer_of(settings, settings.group_streams) as group:
        partitions = await partitions_of(group, settings.topic_readings)
        return {tp: await group.committed(tp) or 0 for tp in partitions}


async def _ledgers(settings: Settings) -> SavedLedgers:
    ledgers = SavedLedgers()
    ends = await ends_of(settings, changelog_topic(settings.app_id))
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            ledgers.take(record.partition, record.offset, record.key, record.value, record.headers)
    return ledgers


async def _readings(
    settings: Settings,
    codec: Codec,
    published: Published,
    ledgers: SavedLedgers,
    committed: Ends,
    sample: int | None,
) -> tuple[list[Check], dict[int, PartitionLog], Ends]:
    """The checks of ledger and evidence, the logs gone through, and how far each was judged."""
    topic = settings.topic_readings
    history = await _registry(settings, codec)
    ends = await ends_of(settings, topic)
    saved = {tp: ledgers.of(tp.partition) for tp in ends}
    judged = {tp: min(saved[tp].next_offset, end) for tp, end in ends.items()}
    async with consumer_of(settings) as consumer:
        kept = await consumer.beginning_offsets(list(ends))
        reach = {tp.partition: (kept[tp], judged[tp]) for tp in ends}
        chosen = Sample(published.standing(), topic, reach, sample)
        checked = {tp.partition: EvidenceCheck(tp.partition, chosen.claims) for tp in ends}
        logs = {
            number: PartitionLog(
                codec.decode_reading,
                history,
                policy_of(settings),
                Share(number, settings.partitions),
                published.buried.get(number, {}),
                evidence,
            )
            for number, evidence in checked.items()
        }
        async for record in read_log(consumer, judged):
            logs[record.partition].take(
                RawRecord(record.offset, record.timestamp, record.key, record.value, ())
            )
    checks = [
        check_ledger(
            tp.partition,
            saved[tp],
            logs[tp.partition],
            published.buried.get(tp.partition, {}),
            committed[tp],
            kept[tp],
            end,
        )
        for tp, end in sorted(ends.items())
    ]
    wrong = [sentence for evidence in checked.values() for sentence in evidence.differences()]
    return [*checks, chosen.check(wrong)], logs, judged


async def _registry(settings: Settings, codec: Codec) -> RegistryHistory:
    history = RegistryHistory()
    follower = RegistryFollower(settings, codec, history, enterprise_from_record)
    try:
        await follower.start()
        await follower.catch_up()
    finally:
        await follower.stop()
    return history


async def _wait_for_sinks(settings: Settings, ends: Mapping[TopicPartition, int]) -> int:
    """How many messages the sinks group has not taken, once it has all or stands still."""
    last, since = -1, time.monotonic()
    async with consumer_of(settings, settings.group_sinks) as group:
        while True:
            behind = 0
            for partition, end in ends.items():
                if end > 0:
                    behind += max(0, end - (await group.committed(partition) or 0))
            if not behind:
                return 0
            if behind != last:
                last, since = behind, time.monotonic()
            elif time.monotonic() - since > SINKS_S:
                return behind
            await asyncio.sleep(POLL_S)


async def _after(
    settings: Settings, before: Ends
) -> AsyncIterator[ConsumerRecord[bytes | None, bytes | None]]:
    """What has come to the partitions since they ended at ``before``."""
    ends = await ends_of(settings, *outputs(settings))
    left = {tp for tp, end in ends.items() if end > before.get(tp, 0)}
    if not left:
        return
    async with consumer_of(settings) as consumer:
        consumer.assign(left)
        for tp in left:
            consumer.seek(tp, before.get(tp, 0))
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
                if await consumer.position(partition) >= ends[partition]:
                    left.discard(partition)
