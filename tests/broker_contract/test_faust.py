"""Behaviours of Faust itself that this project relies on, or is built around.

Each test names the way out that was taken. One that turns red after an upgrade means: look at
that way out again. It may have become superfluous, or no longer enough.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.streams import _CStreamIterator
from faust.types import TP, ConsumerMessage

from streams.transport.batch import PartitionBatch
from tests.broker_contract.plain import plain_app
from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running

pytestmark = pytest.mark.process


async def test_an_exception_in_an_agent_acknowledges_the_event_it_lost(
    any_broker: TestBroker,
) -> None:
    """Therefore no exception leaves an agent here, and streams are ``noack()``."""
    topic, group = unique("raises"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"one", b"two", b"three"])
    for expected in ([b"one", b"three"], [b"four"]):
        app, seen = plain_app(any_broker.address, group), list[bytes]()

        @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), name="work")  # type: ignore[untyped-decorator]
        async def work(stream: Any, seen: list[bytes] = seen) -> None:
            async for value in stream:
                if value == b"two":
                    raise ValueError(value)
                seen.append(value)

        async with running(app):
            await eventually(lambda s=seen, e=expected: s == e, f"{expected} are seen")
            await app.consumer.commit()
        if b"four" not in expected:
            assert await any_broker.committed(group, topic) == {0: 3}
            await any_broker.produce(topic, [b"four"])
        assert seen == expected  # "two" never comes again


async def test_an_exception_does_not_acknowledge_for_noack_streams(any_broker: TestBroker) -> None:
    topic, group = unique("raises"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"one", b"two", b"three"])
    app, seen = plain_app(any_broker.address, group), list[bytes]()

    @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), name="work")  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        async for event in stream.noack().events():
            seen.append(event.value)
            if event.value == b"two":
                raise ValueError(event.value)
            if event.value == b"one":
                event.ack()

    async with running(app):
        await eventually(lambda: b"two" in seen, "the event that fails")
        await eventually(lambda: b"three" in seen, "the agent is started again")
        await app.consumer.commit()
    assert await any_broker.committed(group, topic) == {0: 1}


async def test_fausts_bookkeeping_commits_past_what_is_in_flight(any_broker: TestBroker) -> None:
    """Therefore the transport has a ledger of its own; the next test is the same with it."""
    topic, group = unique("hole"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 8)
    app, events = plain_app(any_broker.address, group), list[Any]()

    @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), name="work")  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        async for event in stream.noack().events():
            events.append(event)

    async with running(app):
        await eventually(lambda: len(events) == 8, "all are in flight")

        async def after(*acknowledged: int) -> dict[int, int]:
            for offset in acknowledged:
                events[offset].ack()
            await app.consumer.commit()
            return await any_broker.committed(group, topic)

        # Nothing was committed before: any number of events is jumped over.
        assert await after(2) == {0: 3}  # 0 and 1 are in flight
        # Later it is one.
        assert await after(4) == {0: 5}  # 3 is in flight
        assert await after(7) == {0: 5}  # 5 and 6 are in flight: it waits for them


async def test_our_ledger_commits_only_what_is_acknowledged_without_a_hole(
    any_broker: TestBroker,
) -> None:
    topic, group = unique("no-hole"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 8)
    app, events = (
        batch_app(
            any_broker.address,
            group,
            topic + "-unused",
            Collector(),
            broker_max_poll_records=1,
            broker_commit_interval=3600.0,
        ),
        list[Any](),
    )
    await any_broker.create(topic + "-unused")

    @app.agent(app.topic(topic, value_type=None, value_serializer="raw"), name="keep")  # type: ignore[untyped-decorator]
    async def keep(stream: Any) -> None:
        async for event in stream.noack().events():
            events.append(event)

    async with running(app):
        await eventually(lambda: len(events) == 8, "all are in flight")
        committed: list[dict[int, int]] = []
        for offset in (2, 1, 0, 4, 3, 7):
            events[offset].ack()
            await app.consumer.commit()
            committed.append(await any_broker.committed(group, topic))
        for offset in (5, 6):
            events[offset].ack()
    assert committed == [{}, {}, {0: 3}, {0: 3}, {0: 5}, {0: 5}]


async def test_an_event_of_a_past_generation_is_neither_processed_nor_acknowledged(
    any_broker: TestBroker,
) -> None:
    topic, group = unique("generation"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"one"])
    app, seen = plain_app(any_broker.address, group), list[bytes]()

    @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), name="work")  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        async for value in stream:
            seen.append(value)

    async with running(app):
        await eventually(lambda: seen == [b"one"], "the first record")
        now = app.consumer_generation_id
        # As after a rebalance that the queue of the agent outlived.
        await app.topics.on_message(message(topic, 1, b"of the past", now - 1))
        await app.topics.on_message(message(topic, 2, b"of the present", now))
        await eventually(lambda: b"of the present" in seen, "the message of this generation")
        assert seen == [b"one", b"of the present"]
        assert app.consumer._acked_index[TP(topic, 0)] == {0, 2}


def message(topic: str, offset: int, value: bytes, generation: int) -> ConsumerMessage:
    return ConsumerMessage(
        topic, 0, offset, 0.0, 0, None, None, value, None, tp=TP(topic, 0), generation_id=generation
    )


def test_only_the_compiled_streams_are_used(tmp_path: Path) -> None:
    """Those in Python acknowledge the events of a past generation that they drop."""
    assert _CStreamIterator is not None
    code = (
        "import faust; from streams.transport import install\n"
        "try: install(faust.App('without'))\n"
        "except RuntimeError as refused: print(refused)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NO_CYTHON": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "faust-streaming must be installed with its compiled extensions\n"


async def test_fausts_codec_acknowledges_what_it_cannot_read(any_broker: TestBroker) -> None:
    """Therefore agents here get raw bytes and decode them themselves."""
    topic, group = unique("codec"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b'"one"', b"{no json", b'"three"'])
    app, seen = plain_app(any_broker.address, group), list[Any]()

    @app.agent(app.topic(topic, value_type=str, value_serializer="json"), name="work")  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        async for event in stream.noack().events():
            seen.append(event.value)

    async with running(app):
        await eventually(lambda: seen == ["one", "three"], "what can be read")
        await app.consumer.commit()
    # The agent acknowledged nothing: Faust did, for the one that nobody ever saw.
    assert await any_broker.committed(group, topic) == {0: 2}

    seen_raw = Collector()
    async with running(batch_app(any_broker.address, unique("group"), topic, seen_raw)):
        await eventually(lambda: len(seen_raw.records) == 3, "every byte of it")
    assert [record.value for record in seen_raw.records] == [b'"one"', b"{no json", b'"three"']


def table_app(broker: str, group: str, topic: str, found: dict[bytes, Any]) -> faust.App:
    """Keeps the last value of each key, deletes the key of an empty one; ``found``: the before."""

    async def nothing(batch: PartitionBatch) -> bool:
        raise AssertionError("the agent below reads the topic")

    app = batch_app(broker, group, topic + "-unused", nothing)
    table = app.Table("last", partitions=1, key_type=bytes, value_type=bytes)

    @app.agent(app.topic(topic, value_type=None, value_serializer="raw"), name="keep")  # type: ignore[untyped-decorator]
    async def keep(stream: Any) -> None:
        async for event in stream.noack().events():
            for record in event.value.records:
                found[record.key] = table.get(record.key)
                if record.value:
                    table[record.key] = record.value
                else:
                    table.pop(record.key, None)
            event.ack()

    return app


async def test_a_table_recovers_from_an_empty_and_from_a_cleaned_changelog(
    any_broker: TestBroker,
) -> None:
    topic, group = unique("recovers"), unique("group")
    changelog = f"{group}-last-changelog"
    await any_broker.create(topic, topic + "-unused")
    quick = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"}
    await any_broker.create(changelog, config={"cleanup.policy": "compact", **quick})
    before: dict[bytes, Any] = {}
    async with running(table_app(any_broker.address, group, topic, before)):
        # The changelog is empty: recovery must end all the same.
        for number in range(30):
            await any_broker.produce(topic, [b"%d" % number], key=b"kept")
        await any_broker.produce(topic, [b"x", b""], key=b"deleted")
        await eventually(lambda: before.get(b"deleted") == b"x", "all are in the table")
    assert before[b"kept"] == b"28"

    async def cleaned() -> bool:
        # Apache Kafka cleans what lies before the newest segment; a new one begins with a record.
        await any_broker.produce(changelog, [None], key=b"nobody")
        values = [r.value for r in await any_broker.read(changelog) if r.key != b"nobody"]
        assert b"29" in values
        return any_broker.kind == "tansu" or len(values) == 1

    await eventually(cleaned, "the changelog holds the last values only")
    after: dict[bytes, Any] = {}
    async with running(table_app(any_broker.address, group, topic, after)):
        await any_broker.produce(topic, [b"new"], key=b"deleted")
        await any_broker.produce(topic, [b"new"], key=b"kept")
        await eventually(lambda: len(after) == 2, "both are looked up")
    assert after == {b"deleted": None, b"kept": b"29"}
