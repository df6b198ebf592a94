"""Which letters were sent again already, told by the topics themselves.

A message that is sent again carries its letter's place as a header. So a run that was killed, or
done twice, is known by what it left in the topic, and by nothing that could be lost beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import UnsupportedVersionError
from aiokafka.partitioner import DefaultPartitioner

from streams.dead_letters.letter import REPLAY_OF, Letter, Place, content_of
from streams.dead_letters.read import Report
from streams.replay.client import consumer_of
from streams.replay.logs import FETCH_MS, partitions_of
from streams.settings import Settings
from streams.transport.ends import true_ends

_SLACK_MS: Final = 3600 * 1000
"""So much the clocks of broker, worker and producers may differ, generously."""


class Targets:
    """The partition that each letter goes to when it is sent again."""

    def __init__(self, partitions: dict[str, list[int]]) -> None:
        self._partitions = partitions
        self._partitioner = DefaultPartitioner()

    def of(self, letter: Letter) -> TopicPartition | None:
        """That of its key, as every producer must have it; without a key the original one.

        None where the topic does not exist.
        """
        topic, original, _ = letter.place
        numbers = self._partitions.get(topic)
        if not numbers:
            return None
        if letter.key is None:
            return TopicPartition(topic, original if original in numbers else numbers[0])
        return TopicPartition(topic, self._partitioner(letter.key, numbers, numbers))


async def targets(settings: Settings, letters: Iterable[Letter]) -> Targets:
    """Looks the topics of the letters up. Raises Kafka's errors."""
    async with consumer_of(settings) as consumer:
        found: dict[str, list[int]] = {}
        topics = {letter.place.topic for letter in letters} & await consumer.topics()
        for topic, number in await partitions_of(consumer, *sorted(topics)):
            found.setdefault(topic, []).append(number)
    return Targets(found)


async def sent_again(
    settings: Settings, letters: Iterable[Letter], to: Targets, report: Report
) -> Counter[Place]:
    """How often each letter was sent again, where it was.

    Reads each partition from the first place where a replay can be: behind the original, or
    where that was in another partition, from the time of the oldest such letter. Raises Kafka's
    errors.
    """
    known = {str(letter.place): letter for letter in letters if to.of(letter) is not None}
    counts: Counter[Place] = Counter()
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
    """The letter that a message says it is; "" if none. The last header is the nearest one."""
    for name, value in reversed(record.headers):
        if name == REPLAY_OF and value is not None:
            return str(value.decode(errors="replace"))
    return ""


def _same(record: ConsumerRecord[bytes | None, bytes | None], letter: Letter) -> bool:
    """A header is only believed together with the message of its letter."""
    return content_of(record.key, record.value) == letter.content


async def _starts(
    asker: AIOKafkaConsumer, letters: Iterable[Letter], to: Targets
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
            # Where the broker knows no such message, there may be one since: look at all.
            first = begin[target] if at is None else max(at.offset, begin[target])
            starts[target] = min(first, starts.get(target, first))
    return starts
