"""A partition at its dead-letter limit is held, and a person lets it go; all else goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from deploy.embedded.child import stable_port
from emissions.doctor.holds import look_at_holds
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.holds.partition_holds import read_holds
from streams.kafka.topics import create_topics
from streams.registry.document import load_registry
from streams.settings import Settings
from tests.registry.example import EXAMPLE
from tests.support.broker import TestBroker, eventually
from tests.support.pages import Pages
from tests.support.streams_process import StreamsProcess, own_settings

CODEC = Codec(FileIds())


def message(source: str, number: int) -> bytes:
    """A reading of a minute an hour ago."""
    at = time.time_ns() // 60_000_000_000 * 60_000 - (60 - number % 60) * 60_000
    item = Reading(source, at, 60, "NORMAL", None, {"GAS": 1.0}, {})
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(item))


def names(partition: int, partitions: int, count: int) -> list[str]:
    """Sources of a partition that nobody has registered."""
    every = (f"nobody-{number}" for number in range(1000))
    return [name for name in every if partition_of(name, partitions) == partition][:count]


async def send(broker: TestBroker, settings: Settings, sources: Sequence[str], times: int) -> None:
    for number in range(times):
        for name in sources:
            await broker.produce(
                settings.topic_readings, [message(name, number)], key=name.encode()
            )


async def diverted(broker: TestBroker, settings: Settings) -> int:
    """How many messages have a letter; one may be written again, with the same place."""
    letters = await broker.read(settings.topic_dead_letters)
    told = [CODEC.decode(letter.value)[1] for letter in letters]
    return len({(fields["partition"], fields["offset"]) for fields in told})


async def until_diverted(broker: TestBroker, settings: Settings, count: int) -> None:
    async def as_many() -> bool:
        return await diverted(broker, settings) == count

    await eventually(as_many, f"{count} messages in the dead-letter topic")


async def until_nothing_stands(settings: Settings) -> None:
    async def nothing() -> bool:
        return not (await read_holds(settings)).open

    await eventually(nothing, "the hold is taken back")


async def resume(settings: Settings, offset: int, reason: str) -> None:
    args = ("resume", "readings/0", "--offset", str(offset), "--reason", reason)
    command = (sys.executable, "-m", "emissions.cli.main", *args)
    env = {**os.environ, **settings.as_env()}
    process = await asyncio.create_subprocess_exec(*command, env=env)
    assert await process.wait() == 0


async def test_a_bad_deploy_holds_its_partition_alone_until_a_person_lets_it_go(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(
        broker.address,
        partitions=2,
        poll_records=8,
        dead_letter_limit_run=10,
        web_port=stable_port(),
        log_interval_s=2.0,
    )
    await create_topics(settings, "replay")
    await send(broker, settings, names(0, 2, 5), 4)
    pages, before = Pages(settings), 8  # of the first batch, which is below the limit
    for _ in range(2):  # started again it holds at the same place, and diverts no more
        with StreamsProcess(settings, tmp_path / "log") as worker:
            said = await pages.waits_for("partitions", "is reached at offset 9")
            assert f"{settings.topic_readings}[0]: held since " in said
            assert "10 messages in a row, from 5 senders, cannot be used" in said
            assert f"emissions resume {settings.topic_readings}/0 --offset 9" in said
            await send(broker, settings, names(1, 2, 1), 3)  # the other partition goes on
            before += 3
            await until_diverted(broker, settings, before)
            assert await pages.complaints() == []
            assert worker.exit_code is None
            committed = await broker.committed(settings.group_streams, settings.topic_readings)
            assert committed.get(0, 0) <= 8
            assert worker.end(signal.SIGTERM) == 0
    (hold,) = (await read_holds(settings)).open.values()
    assert (hold.place, hold.offset) == ((settings.topic_readings, 0), 9)
    (told,) = await look_at_holds(settings)  # as `emissions doctor` says it
    assert (told.state, told.remedy) == ("MISSING", hold.command)
    assert f"{settings.topic_readings}/0 is held since " in told.seen
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await pages.waits_for("partitions", "is reached at offset 9")
        await resume(settings, 9, "retired stations")
        # After those that were let go come ten more.
        await pages.waits_for("partitions", "is reached at offset 19")
        await resume(settings, 19, "and these")
        await until_diverted(broker, settings, 26)
        await until_nothing_stands(settings)
        await pages.wait("/readyz", 200)
        assert worker.end(signal.SIGTERM) == 0


async def test_one_producer_of_nonsense_holds_nobody(broker: TestBroker, tmp_path: Path) -> None:
    settings = own_settings(broker.address, partitions=1)
    await create_topics(settings, "replay")
    (tmp_path / "registry.yaml").write_text(EXAMPLE)
    enterprises = load_registry(tmp_path / "registry.yaml")
    await publish_registry(settings, enterprises, CODEC, timestamp=0)
    await broker.produce(settings.topic_readings, [b"nonsense"] * 3000, key=b"gateway")
    await broker.produce(settings.topic_readings, [b"nonsense"] * 3000, key=None)
    known = enterprises[0].sources[0]
    at = time.time_ns() // 3_600_000_000_000 * 3_600_000 - 3_600_000
    good = Reading(known.id, at, known.cadence_s, "NORMAL", None, {"SO2": 1.0}, {})
    value = CODEC.encode("EmissionReading", msgspec.structs.asdict(good))
    await broker.produce(settings.topic_readings, [value], key=known.id.encode())
    with StreamsProcess(settings, tmp_path / "log") as worker:

        async def committed() -> bool:
            found = await broker.committed(settings.group_streams, settings.topic_readings)
            return found.get(0) == 6001

        await eventually(committed, "all of it is judged")
        assert worker.exit_code is None
    assert await diverted(broker, settings) == 6000
    assert "partition_held" not in (tmp_path / "log").read_text()


async def test_a_start_without_a_limit_goes_on_as_well(broker: TestBroker, tmp_path: Path) -> None:
    settings = own_settings(broker.address, partitions=1, dead_letter_limit_run=10)
    await create_topics(settings, "replay")
    await send(broker, settings, names(0, 1, 5), 4)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: "partition_held" in worker.said(), "it is held")

        async def stands() -> bool:
            return bool((await read_holds(settings)).open)

        await eventually(stands, "the hold is written down")
    off = replace(settings, dead_letter_limit_run=0, dead_letter_limit_share=0.0)
    with StreamsProcess(off, tmp_path / "log"):
        await until_diverted(broker, settings, 20)
        await until_nothing_stands(settings)
