"""Each letter is sent again at most once, whatever happens to the command that does it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from emissions.dead_letters.dead_letter import message_digest
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.emissions.dead_letters.stored_topic import Message, keep
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import own_settings
from tests.support.tiers import kafka_now_embedded_later

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def settings(any_broker: TestBroker) -> Settings:
    """Topics of the test's own; no ClickHouse."""
    made = own_settings(any_broker.address, partitions=3, clickhouse_url=NOBODY)
    asyncio.run(create_topics(made, "replay"))
    return made


def letters(settings: Settings, *args: str, **more: Any) -> Result:
    return CliRunner().invoke(cli, ["dead-letters", *args], env=settings.as_env(), **more)


def replay(settings: Settings, *args: str) -> dict[str, Any]:
    result = letters(settings, "replay", "--yes", "--policy", "requeue", "--format", "json", *args)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


async def replays(broker: TestBroker, settings: Settings) -> Counter[str]:
    """How often each letter is in the readings again."""
    return Counter(
        record.headers[-1][1].decode()
        for record in await broker.read(settings.topic_readings)
        if record.headers and record.headers[-1][0] == "dead-letter"
    )


@kafka_now_embedded_later
def test_killed_in_the_middle_and_run_again_it_sends_each_once(
    settings: Settings, any_broker: TestBroker
) -> None:
    messages = [Message(b"%d" % number * 300, b"%d" % (number % 40)) for number in range(6000)]
    places = asyncio.run(keep(settings, messages, "UNDECODABLE"))
    env = {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")}
    args = ["dead-letters", "replay", "--policy", "requeue", "--yes", "--limit", "6000"]
    running = subprocess.Popen(
        [sys.executable, "-m", "emissions.cli.main", *args],
        env={**env, **settings.as_env()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        async def some() -> bool:
            return bool(await replays(any_broker, settings))

        asyncio.run(eventually(some, "some are sent again"))
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    before = asyncio.run(replays(any_broker, settings)).total()
    told = replay(settings, "--limit", "6000")
    # The broker may take what the killed one had sent last while the next one starts.
    assert told["sent"] + told["sent_before"] == 6000
    assert told["sent_before"] >= before > 0
    assert asyncio.run(replays(any_broker, settings)) == Counter(places)
    assert replay(settings)["sent"] == 0


def test_a_letter_goes_where_its_key_belongs_and_is_found_there(
    settings: Settings, any_broker: TestBroker
) -> None:
    home = DefaultPartitioner()(b"key", [0, 1, 2], [0, 1, 2])
    away = (home + 1) % 3
    messages = [
        Message(b"astray", b"key", away),
        Message(b"at home", b"key", home),
        Message(b"without a key", None, away),
        Message(None, b"key", away, (("a", b"\xff"), ("a", b""))),
    ]
    places = asyncio.run(keep(settings, messages, "UNDECODABLE"))
    assert replay(settings)["sent"] == 4
    assert replay(settings)["sent_before"] == 4
    found = {
        record.headers[-1][1].decode(): (record.partition, record.key, record.value, record.headers)
        for record in asyncio.run(any_broker.read(settings.topic_readings))
        if record.headers and record.headers[-1][0] == "dead-letter"
    }
    assert found == {
        place: (
            away if message.key is None else home,
            message.key,
            message.value,
            (*message.headers, ("dead-letter", place.encode())),
        )
        for place, message in zip(places, messages, strict=True)
    }


def test_a_header_is_not_believed_where_the_message_is_another(
    settings: Settings, any_broker: TestBroker
) -> None:
    (place,) = asyncio.run(keep(settings, [Message(b"original", b"key")], "UNDECODABLE"))
    for value in (b"forged", b"original"):
        name = "dead-letter" if value == b"forged" else "another"
        asyncio.run(
            any_broker.produce(
                settings.topic_readings, [value], key=b"key", headers=[(name, place.encode())]
            )
        )
    assert replay(settings)["sent"] == 1
    assert replay(settings)["sent"] == 0
    assert message_digest(b"key", b"forged") != message_digest(b"key", b"original")


def test_a_person_is_asked_on_a_terminal(settings: Settings, any_broker: TestBroker) -> None:
    asyncio.run(keep(settings, [Message(b"one", b"key")], "UNDECODABLE"))
    command = [sys.executable, "-m", "emissions.cli.main", "dead-letters", "replay"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")}
    for answer, sent in ((b"n\n", 0), (b"y\n", 1)):
        ours, theirs = os.openpty()
        with subprocess.Popen(
            [*command, "--policy", "requeue"],
            env={**env, **settings.as_env()},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            os.write(ours, answer)
            said = b"".join(running.communicate(timeout=300)).decode()
        os.close(ours)
        os.close(theirs)
        assert f"Send 1 message again to {settings.topic_readings}? [y/N]" in said
        assert running.returncode == 1 - sent, said
        assert asyncio.run(replays(any_broker, settings)).total() == sent


def test_without_a_terminal_nothing_is_sent_unless_that_is_said(
    settings: Settings, any_broker: TestBroker
) -> None:
    asyncio.run(keep(settings, [Message(b"one", b"key"), Message(b"two", b"key")], "UNDECODABLE"))
    refused = letters(settings, "replay", "--policy", "requeue")
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        "emissions: nothing was sent: without a terminal, give --yes to send 2 messages again "
        f"to {settings.topic_readings} (--dry-run lists them)"
    )
    assert asyncio.run(replays(any_broker, settings)).total() == 0
    assert replay(settings)["sent"] == 2


def test_a_failing_letter_ends_a_run_with_a_sentence_and_nothing_is_lost(
    settings: Settings,
) -> None:
    asyncio.run(keep(settings, [Message(b"no reading", b"key")], "UNKNOWN_SCHEMA"))
    stopped = letters(settings, "replay")
    assert stopped.exit_code == 1
    *_, last = stopped.stderr.splitlines()
    assert last.startswith(f"emissions: stopped at {settings.topic_readings}/")
    assert "which would be rejected again (UNDECODABLE: the message begins with byte" in last


def test_what_is_wrong_is_one_sentence(settings: Settings, any_broker: TestBroker) -> None:
    asyncio.run(keep(settings, [Message(b"x", b"key")], "UNDECODABLE"))
    note = (
        f"no ClickHouse answers at {NOBODY} (set EMISSIONS_CLICKHOUSE_URL): dead "
        "letters of the sinks are missing from this list\n"
    )
    cases = (
        (("show", "nonsense"), 2, "emissions: 'nonsense' is no place of a message: write "),
        (("show", "9/9"), 2, f"{note}emissions: no dead letter has its original at "),
        (("list", "--stage", "nowhere"), 2, "emissions: Invalid value for '--stage'"),
        (("list", "--since", "yesterday"), 2, "emissions: Invalid value for '--since'"),
        (("replay", "--limit", "0"), 2, "emissions: Invalid value for '--limit'"),
        (("list", "--reason", "TOO_LATE"), 0, f"{note}no dead letter matches these filters\n"),
        (("replay", "--source", "nobody"), 0, f"{note}no dead letter matches these filters\n"),
    )
    for args, code, said in cases:
        result = letters(settings, *args)
        assert (result.exit_code, result.stdout) == (code, ""), args
        assert result.stderr.startswith(said), result.stderr
        assert "Traceback" not in result.stderr
    for command in (["list"], ["show", "0/0"], ["replay"]):
        env = {**settings.as_env(), "EMISSIONS_BROKER": "127.0.0.1:1"}
        away = CliRunner().invoke(cli, ["dead-letters", *command], env=env)
        assert away.exit_code == 1
        assert "emissions: no Kafka broker answers at 127.0.0.1:1 " in away.stderr
        assert away.stderr.count("\n") <= 2
    bare = own_settings(any_broker.address, clickhouse_url=NOBODY)
    missing = letters(bare, "list")
    assert missing.exit_code == 1
    assert missing.stderr.endswith(
        f"topic {bare.topic_dead_letters} does not exist (create it with "
        "`emissions topics create`)\n"
    )
    asyncio.run(create_topics(bare, "replay"))
    empty = letters(bare, "list")
    assert (empty.exit_code, empty.stderr) == (0, f"{note}there are no dead letters\n")


def test_who_requeues_a_flood_is_told_of_the_limit(settings: Settings) -> None:
    asyncio.run(keep(settings, [Message(b"no reading", b"key")] * 3, "UNDECODABLE"))
    for limit, told in ((3, True), (4, False), (0, False)):
        setting = f"EMISSIONS_DEAD_LETTER_LIMIT_RUN is {limit}"
        env = {**settings.as_env(), "EMISSIONS_DEAD_LETTER_LIMIT_RUN": str(limit)}
        args = ["dead-letters", "replay", "--policy", "requeue", "--dry-run"]
        result = CliRunner().invoke(cli, args, env=env)
        assert result.exit_code == 0
        limit_of = "the dead-letter limit of their partition"
        said = f"3 letters rejected again may exceed {limit_of} ({setting})"
        assert (said in result.stderr) is told


@pytest.mark.parametrize(
    ("timestamp", "text"), [(-1, "1969-12-31T23:59:59.999Z"), (1 << 62, f"{1 << 62} ms")]
)
def test_a_timestamp_that_is_no_time_is_no_trouble(
    settings: Settings, timestamp: int, text: str
) -> None:
    home = DefaultPartitioner()(b"key", [0, 1, 2], [0, 1, 2])
    strange = Message(b"x", b"key", (home + 1) % 3, (), timestamp)
    (place,) = asyncio.run(keep(settings, [strange], "UNDECODABLE"))
    dry = ("replay", "--dry-run", "--policy", "requeue")
    for args in (("list",), ("list", "--summary"), ("show", place), dry):
        result = letters(settings, *args, "--format", "json")
        assert result.exit_code == 0, result.output
        assert text in result.stdout
    assert replay(settings)["sent"] == 1
    assert replay(settings)["sent_before"] == 1
