"""What the harness judges is what the broker stores."""

from __future__ import annotations

from streams.kafka.clients import producer_of
from tests.fuzz.publish import BATCH_BYTES, Publisher
from tests.fuzz.traffic import ABSURD_ARRIVALS, BEGIN, Message
from tests.support.broker import TestBroker, unique
from tests.support.streams_process import own_settings


async def test_times_are_stored_as_they_are_wherever_they_stand_in_a_batch(
    any_broker: TestBroker,
) -> None:
    topic = unique("fuzz")
    await any_broker.create(topic, config={"message.timestamp.after.max.ms": str(2**63 - 1)})
    sent: list[tuple[int, bytes]] = []
    async with producer_of(own_settings(any_broker.address), BATCH_BYTES) as producer:
        publisher = Publisher(producer, topic, 1)
        for first in ABSURD_ARRIVALS:
            for time in (first, BEGIN, first, BEGIN + 1, *ABSURD_ARRIVALS):
                value = b"%d" % len(sent)
                await publisher.add(Message(0, time, b"k", value, (("h", b""),), "tick"))
                sent.append((time, value))
            await publisher.flush()
    stored = [(record.timestamp, record.value) for record in await any_broker.read(topic)]
    assert stored == sent
    assert publisher.ends == [len(sent)]
