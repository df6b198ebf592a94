"""Audit a deployment: what is read, in which order, and what is compared.

The order makes the audit valid on a running deployment: first the committed offsets; then the
state, which is at least as far; then the findings, which are at least as far as the state. What
reaches the topics later is read last, and may be in ClickHouse already or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from emissions.audit.changelog_ledgers import ChangelogLedgers
from emissions.audit.check import AuditCheck
from emissions.audit.clickhouse_rows import compare_messages, compare_readings, stored_results
from emissions.audit.evidence_check import EvidenceCheck, ViolationSample
from emissions.audit.later_records import records_after
from emissions.audit.ledger_check import check_ledger
from emissions.audit.log_check import LogAudit
from emissions.audit.output_reader import OutputReader
from emissions.audit.partition_log import PartitionLog
from emissions.audit.published_results import PublishedResults
from emissions.audit.root_check import RootCheck, RootSample
from emissions.registry_history import read_registry_history
from schemas.codec import Codec
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.counted import counted
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of, partitions_of, read_log
from streams.kafka.topics import changelog_topic, output_topics
from streams.settings import Settings

SINKS_S = 30.0
"""Seconds without progress of the sinks before the audit skips ClickHouse."""
POLL_S = 0.2

Ends = dict[TopicPartition, int]


async def audit(
    settings: Settings, codec: Codec, client: Client, sample: int | None
) -> list[AuditCheck]:
    """Run every check; ``sample`` is the number of violations whose evidence is recomputed.

    None means all. Raises LookupError for a missing topic, and the errors of Kafka, ClickHouse and
    the schema registry.
    """
    committed = await _committed(settings)
    ledgers = await _ledgers(settings)
    ends = await ends_of(settings, *output_topics(settings))
    published = PublishedResults(settings.topic_readings)
    taking = OutputReader(settings, codec, published)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            taking.take(record)
    checks, logs, judged = await _readings(settings, codec, published, ledgers, committed, sample)
    log = LogAudit.open(settings, codec)
    checks += await log.topics()
    upto = {**ends, **judged}
    upto |= {tp: max(offset, upto.get(tp, 0)) for tp, offset in log.compared.items()}
    behind = await _wait_for_sinks(settings, upto)
    if behind:
        why = f"the sinks worker is {counted(behind, 'message')} behind and makes no progress"
        return [*checks, AuditCheck("results", "ClickHouse", "not compared", [why])]
    topic = settings.topic_readings
    readings = await asyncio.to_thread(compare_readings, client, topic, logs)
    messages = await asyncio.to_thread(compare_messages, client, topic, logs)
    stored = await asyncio.to_thread(stored_results, client, topic)
    checks += await log.stored(client)
    async for record in records_after(settings, output_topics(settings), ends):
        taking.take(record, late=True)
    return [*checks, readings, messages, *published.compare(stored), *taking.checks()]


async def _committed(settings: Settings) -> Ends:
    async with consumer_of(settings, settings.group_streams) as group:
        partitions = await partitions_of(group, settings.topic_readings)
        return {tp: await group.committed(tp) or 0 for tp in partitions}


async def _ledgers(settings: Settings) -> ChangelogLedgers:
    ledgers = ChangelogLedgers()
    ends = await ends_of(settings, changelog_topic(settings.app_id))
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            ledgers.take(record.partition, record.offset, record.key, record.value, record.headers)
    return ledgers


async def _readings(
    settings: Settings,
    codec: Codec,
    published: PublishedResults,
    ledgers: ChangelogLedgers,
    committed: Ends,
    sample: int | None,
) -> tuple[list[AuditCheck], dict[int, PartitionLog], Ends]:
    """Return the checks of ledgers and evidence, the logs, and how far each was judged."""
    topic = settings.topic_readings
    history = await read_registry_history(settings, codec)
    ends = await ends_of(settings, topic)
    saved = {tp: ledgers.of(tp.partition) for tp in ends}
    judged = {tp: min(saved[tp].next_offset, end) for tp, end in ends.items()}
    async with consumer_of(settings) as consumer:
        kept = await consumer.beginning_offsets(list(ends))
        reach = {tp.partition: (kept[tp], judged[tp]) for tp in ends}
        chosen = ViolationSample(published.standing(), topic, reach, sample, settings.policy.grace)
        rooted = RootSample(published.roots.values(), topic, reach)
        checked = {tp.partition: EvidenceCheck(tp.partition, chosen.claims) for tp in ends}
        logs = {
            number: PartitionLog(
                codec.decode_reading,
                history,
                settings.policy,
                Share(number, settings.partitions),
                published.buried.get(number, {}),
                evidence,
                RootCheck(number, rooted.claims, settings.policy.day_grace),
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
    unlike = [sentence for log in logs.values() for sentence in log.wrong_roots()]
    return [*checks, chosen.check(wrong), rooted.check(unlike)], logs, judged


async def _wait_for_sinks(settings: Settings, ends: Mapping[TopicPartition, int]) -> int:
    """Return the lag of the sinks group once it is 0 or no longer shrinks."""
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
