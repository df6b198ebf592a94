"""The bridge as a process, on a real broker, against an HTTPS server that misbehaves."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from emissions.bridge.dead_letters import read_letters
from streams.settings import Settings
from tests.emissions.bridge.cases import CODEC, case, framed
from tests.emissions.bridge.receiver import DROP, HANG, KEY, Receiver, certificate, receiving
from tests.support.broker import TestBroker, eventually, unique

pytestmark = pytest.mark.process

PARTITIONS: Final = 2
ANSWERED: Final = "f0f0f0f0-0000-5000-8000-00000000000f"


def home(identity: str) -> int:
    """The partition of a case."""
    return sum(identity.encode()) % PARTITIONS


class Bridge:
    """Starts ``emissions bridge`` over topics of its own."""

    def __init__(self, broker: TestBroker, folder: Path) -> None:
        word = unique("bridge")
        self.broker = broker
        self.settings = Settings(
            broker=broker.address,
            topic_cases=f"{word}-cases",
            topic_violations=f"{word}-violations",
            topic_measures=f"{word}-measures",
            session_timeout_s=2.0,  # whoever was killed is missed after this
            heartbeat_s=0.5,
        )
        self.certificate = certificate(folder)
        self.letters = folder / "letters.ndjson"
        self.key_file = folder / "key"
        self.key_file.write_text(KEY + "\n", "utf-8")
        self._group = word

    async def create(self) -> None:
        topics = (self.settings.topic_cases, self.settings.topic_violations)
        await self.broker.create(*topics, partitions=PARTITIONS)
        await self.broker.create(self.settings.topic_measures)

    async def publish(self, *revisions: tuple[str, int], **changed: Any) -> None:
        """Write revisions of cases, each to the partition of its id."""
        values: defaultdict[int, list[bytes]] = defaultdict(list)
        for identity, revision in revisions:
            values[home(identity)].append(framed(case(identity, revision, **changed)))
        for partition, found in values.items():
            await self.broker.produce(self.settings.topic_cases, found, partition=partition)

    async def start(self, address: str, *more: str) -> Process:
        command = ("-m", "emissions.cli.main", "bridge", "--to", address)
        return await asyncio.create_subprocess_exec(
            sys.executable, *command, "--key-file", str(self.key_file),
            "--ca-file", str(self.certificate.public), "--group", self._group, *more,
            *("--pause", "0.02"),
            *(() if "--dead-letters" in more else ("--dead-letters", str(self.letters))),
            env={**os.environ, **self.settings.as_env()}, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip

    async def run(self, address: str, *more: str) -> tuple[int, str, str]:
        """Let it come to its end; return exit code, output and errors."""
        process = await self.start(address, *more)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def bridge(broker: TestBroker, tmp_path: Path) -> Bridge:
    found = Bridge(broker, tmp_path)
    await found.create()
    return found


def by_case(identities: list[str]) -> Mapping[str, list[int]]:
    """Revisions by case, in the order in which they came."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for identity in identities:
        name, _, revision = identity.rpartition("-")
        found[name].append(int(revision))
    return found


def scripted(replies: Mapping[str, list[int]]) -> Callable[[str, int], int]:
    """Statuses of the tries of an id; after them, and for all others, 200."""
    return lambda identity, tried: [*replies.get(identity, ()), *[200] * tried][tried - 1]


async def test_a_server_that_misbehaves_gets_every_case_in_its_order(bridge: Bridge) -> None:
    names = (*"abcde", ANSWERED)
    await bridge.publish(*((name, revision) for revision in (1, 2, 3) for name in names))
    replies = {
        "a-1": [500, DROP, 503],
        "b-2": [400],
        "c-1": [HANG, 429, 302],
        "d-3": [500] * 4,
        "e-1": [404, 401],
    }
    receiver = Receiver(scripted(replies))
    receiver.answers[f"{ANSWERED}-3"] = {
        "measures": [{"kind": "DELIVERED", "delivered_at": "2026-03-07T12:00:00+05:00"}]
    }
    receiver.answers[f"{ANSWERED}-1"] = {"measures": [{"kind": "FINE"}]}
    async with receiving(receiver, bridge.certificate):
        # Only what hangs may take that long: any other try that is given up would be one too many.
        told = await bridge.run(receiver.address, "--once", "--tries", "4", "--timeout", "8")
        assert told[0] == 1
        assert "16 delivered" in told[1]
        assert "1 measure published" in told[1]
        assert f"written to {bridge.letters}: 3 dead letters" in told[2]
        letters = sorted(
            (each.stage, each.id, each.reason) for each in read_letters(bridge.letters)
        )
        assert letters[1:] == [("deliver", "b-2", "HTTP 400"), ("deliver", "d-3", "HTTP 500")]
        assert letters[0][:2] == ("answer", f"{ANSWERED}-1")
        assert by_case(receiver.accepted) == {
            **{name: [1, 2, 3] for name in (*"ace", ANSWERED)}, "b": [1, 3], "d": [1, 2],
        }  # fmt: skip
        measures = await bridge.broker.read(bridge.settings.topic_measures)
        _, measure = CODEC.decode(measures[0].value)
        assert (len(measures), measure["kind"], measure["case_id"]) == (1, "DELIVERED", ANSWERED)

        paid = {"case_id": ANSWERED, "measures": [{"kind": "PAID", "amount_kzt": 100}]}
        receiver.later = {"": {"answers": [paid], "next": "1"}}
        answers = receiver.address.replace("/cases", "/answers")
        again = await bridge.run(receiver.address, "--once", "--answers", answers)
        assert again[0] == 0
        assert again[1].startswith("0 delivered, 0 tries repeated, 1 measure published")
        measures = await bridge.broker.read(bridge.settings.topic_measures)
        _, measure = CODEC.decode(measures[1].value)
        assert (len(measures), measure["kind"], measure["case_id"]) == (2, "PAID", ANSWERED)

        receiver.answers.clear()
        old = bridge.letters.rename(bridge.letters.with_name("old.ndjson"))
        replayed = await bridge.run(receiver.address, "--replay", str(old))
        assert replayed[:2] == (0, "3 delivered, 0 tries repeated\n")
        assert receiver.accepted[-3:].count("b-2") == receiver.accepted[-3:].count("d-3") == 1
        assert receiver.revisions == dict.fromkeys(names, 3)


async def test_killed_again_and_again_it_misses_nothing_and_opens_nothing_twice(
    bridge: Bridge, tmp_path: Path
) -> None:
    names = [f"case-{number}" for number in range(12)]
    await bridge.publish(*((name, revision) for revision in (1, 2) for name in names))
    wanted = 2 * len(names)
    chance = random.Random(1)
    receiver = Receiver(lambda _identity, _tried: 200 if chance.random() < 0.7 else 500)
    async with receiving(receiver, bridge.certificate):
        others = ("--dead-letters", str(tmp_path / "others.ndjson"))
        pair = [await bridge.start(receiver.address, *more) for more in ((), others)]
        for process, reached in zip(pair, (5, 15), strict=True):  # the other takes over
            await eventually(lambda at=reached: len(set(receiver.accepted)) >= at, "it delivers")
            process.send_signal(signal.SIGKILL)
            await process.wait()
        process = await bridge.start(receiver.address)
        await eventually(lambda: len(set(receiver.accepted)) == wanted, "everything is delivered")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 128 + signal.SIGTERM
    assert sorted(receiver.opened) == sorted(names)  # at a receiver that knows ids: once each
    assert receiver.revisions == dict.fromkeys(names, 2)
    for revisions in by_case(receiver.accepted).values():
        firsts = [revisions.index(each) for each in (1, 2)]
        assert firsts == sorted(firsts)  # no revision overtakes the one before
    assert not list(read_letters(bridge.letters))


async def test_a_case_that_never_ends_holds_up_no_other(bridge: Bridge) -> None:
    await bridge.publish(("stubborn", 1), ("stubborn", 2), *((f"n{n}", 1) for n in range(30)))
    receiver = Receiver(lambda identity, _tried: HANG if identity == "stubborn-1" else 200)
    async with receiving(receiver, bridge.certificate):
        process = await bridge.start(receiver.address, "--connections", "2", "--timeout", "600")
        await eventually(lambda: len(set(receiver.accepted)) == 30, "all others are delivered")
        assert receiver.tried.count("stubborn-1") == 1
        assert "stubborn-2" not in receiver.tried
        committed = await bridge.broker.committed(bridge._group, bridge.settings.topic_cases)
        assert committed.get(home("stubborn"), 0) == 0  # what is not delivered is not acknowledged
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def test_a_certificate_of_nobody_and_a_message_of_nobody_are_told(
    bridge: Bridge, tmp_path: Path
) -> None:
    await bridge.broker.produce(bridge.settings.topic_cases, [b"\x00garbage", None], partition=0)
    await bridge.publish(("a", 1))
    (tmp_path / "other").mkdir()
    other = certificate(tmp_path / "other")
    receiver = Receiver(lambda _identity, _tried: 200)
    async with receiving(receiver, other):
        process = await bridge.start(receiver.address, "--once")
        assert process.stderr is not None
        line = b""
        while b"delivery_retrying" not in line:
            line = await process.stderr.readline()
            assert line
        assert b"TLS failed" in line
        process.send_signal(signal.SIGTERM)
        await process.wait()
    assert receiver.tried == []
    async with receiving(receiver, bridge.certificate):
        code, out, err = await bridge.run(receiver.address, "--once")
    assert (code, receiver.accepted) == (0, ["a-1"])
    assert "1 delivered" in out
    assert [each.stage for each in read_letters(bridge.letters)] == ["decode"]
    assert "Traceback" not in err
