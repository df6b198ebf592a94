"""Which dead letters were resent before, read from the topics themselves.

A resent message carries the coordinates of its dead letter in a header. So a run that was killed,
or repeated, is recognised by what it left in the topic; no separate record can be lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import UnsupportedVersionError
from aiokafka.partitioner import DefaultPartitioner

from emissions.dead_letters.dead_letter import (
    REPLAY_OF,
    DeadLetterRecord,
    RecordCoordinates,
    message_digest,
)
from emissions.progress import ReportProgress
from streams.kafka.clients import consumer_of
from streams.kafka.ends import true_ends
from streams.kafka.reader import FETCH_MS, partitions_of
from streams.settings import Settings

_SLACK_MS: Final = 3600 * 1000
"""Allowed difference between the clocks of broker, worker and producers."""


class ReplayTargets:
    """The partition that each dead letter is resent to."""

    def __init__(self, partitions: dict[str, list[int]]) -> None:
        self._partitions = partitions
        self._partitioner = DefaultPartitioner()

    def of(self, letter: DeadLetterRecord) -> TopicPartition | None:
        """Return the partition of the letter's key; without a key, the original partition.

        None where the topic does not exist.
        """
        topic, original, _ = letter.place
        numbers = self._partitions.get(topic)
        if not numbers:
            return None
        if letter.key is None:
            return TopicPartition(topic, original if original in numbers else numbers[0])
        return TopicPartition(topic, self._partitioner(letter.key, numbers, numbers))


async def find_targets(settings: Settings, letters: Iterable[DeadLetterRecord]) -> ReplayTargets:
    """Look up the topics of the dead letters; raise Kafka's errors."""
    async with consumer_of(settings) as consumer:
        found: dict[str, list[int]] = {}
        topics = {letter.place.topic for letter in letters} & await consumer.topics()
        for topic, number in await partitions_of(consumer, *sorted(topics)):
            found.setdefault(topic, []).append(number)
    return ReplayTargets(found)


async def count_replays(
    settings: Settings,
    letters: Iterable[DeadLetterRecord],
    to: ReplayTargets,
    report: ReportProgress,
) -> Counter[RecordCoordinates]:
    """Count how often each dead letter was resent.

    Reads each partition from the first offset where a replay can be: behind the original or, in
    another partition, from the time of the oldest such letter. Raises Kafka's errors.
    """
    known = {str(letter.place): letter for letter in letters if to.of(letter) is not None}
    counts: Counter[RecordCoordinates] = Counter()
    if not known:
        return counts
    async with consumer_of(settings) as asker:
        starts = await _starts(asker, known.values(), to)
        ends = await true_ends(asker, starts)
    left = {tp for tp, start in starts.items() if start < ends[tp]}
    total = sum(ends[tp] - starts[tp] for tp in left)
    done = 0
    async with consumer_of(settings) as consumer:
        consumer.assign(list(left))
        for tp in left:
            consumer.seek(tp, starts[tp])
        while left:
            for tp, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
                for record in records:
                    letter = known.get(_replay_of(record))
                    if letter is not None and _same(record, letter):
                        counts[letter.place] += 1
                done += len(records)
                if await consumer.position(tp) >= ends[tp]:
                    left.discard(tp)
            report("replays", min(done, total), total)
    return counts


def _replay_of(record: ConsumerRecord[bytes | None, bytes | None]) -> str:
    """Return the dead letter that a message descends from, or "". The last header is nearest."""
    for name, value in reversed(record.headers):
        if name == REPLAY_OF and value is not None:
            return str(value.decode(errors="replace"))
    return ""


def _same(record: ConsumerRecord[bytes | None, bytes | None], letter: DeadLetterRecord) -> bool:
    """Return whether key and value match too: the header alone is not trusted."""
    return message_digest(record.key, record.value) == letter.content


async def _starts(
    asker: AIOKafkaConsumer, letters: Iterable[DeadLetterRecord], to: ReplayTargets
) -> dict[TopicPartition, int]:
    behind: dict[TopicPartition, int] = {}
    since: dict[TopicPartition, int] = {}
    for letter in letters:
        target = to.of(letter)
        if target is None:
            continue
        if target == TopicPartition(letter.place.topic, letter.place.partition):
            first = letter.place.offset + 1
            behind[target] = min(first, behind.get(target, first))
        else:
            moment = min(letter.arrived, letter.kept_on or letter.arrived) - _SLACK_MS
            since[target] = max(0, min(moment, since.get(target, moment)))
    begin = await asker.beginning_offsets([*behind.keys(), *since.keys()])
    starts = {target: max(first, begin[target]) for target, first in behind.items()}
    if since:
        try:
            found = await asker.offsets_for_times(dict(since))
        except UnsupportedVersionError:
            found = {}
        for target in since:
            at = found.get(target)
            # Without such an offset a message may have come since: read all.
            first = begin[target] if at is None else max(at.offset, begin[target])
            starts[target] = min(first, starts.get(target, first))
    return starts
