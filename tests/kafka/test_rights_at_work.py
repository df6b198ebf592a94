"""The seal worker, the bridge and the operator do their work with the least rights."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.holds.hold import LIMIT, Hold, value_of
from streams.holds.partition_holds import read_holds, write_records
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.kafka.topics import create_topics
from streams.sealing.log_files import LogFiles
from streams.settings import Settings
from streams.signing.ed25519 import new_key, write_key
from tests.emissions.bridge.cases import case, framed
from tests.emissions.bridge.receiver import KEY, Receiver, certificate, receiving
from tests.kafka.test_rights import REGISTRY, applied, emissions, first_of, send
from tests.schemas.examples import RECORDS
from tests.sealing.test_worker import SealProcess, leaves
from tests.support.broker import eventually

CODEC = Codec(FileIds())
Deployment = Callable[..., Settings]


def begun(deployment: Deployment) -> None:
    """Rights are given and topics are there."""
    assert applied(deployment) == {"given"}
    asyncio.run(create_topics(deployment("deployer")))


def test_the_seal_worker_seals(deployment: Deployment, tmp_path: Path) -> None:
    begun(deployment)
    write_key(tmp_path / "log.pem", new_key())
    settings = deployment(
        "seal", seal_s=1.0, log_path=str(tmp_path / "log"), log_origin="example.kz/log",
        log_key_file=str(tmp_path / "log.pem"),
    )  # fmt: skip
    emissions(deployment("officer"), "registry", "load", str(REGISTRY))
    files = LogFiles(tmp_path / "log")
    with SealProcess(settings, tmp_path / "seal.log") as worker:

        def sealed() -> bool:
            assert worker.exit_code is None, worker.said()
            return len(leaves(files)) >= 1

        asyncio.run(eventually(sealed, "the registration is sealed", 120))

        async def committed() -> bool:
            async with consumer_of(settings, settings.group_seal) as group:
                places = await ends_of(settings, settings.topic_registry)
                return {await group.committed(place) for place in places} == {*places.values()}

        asyncio.run(eventually(committed, "its place is committed", 60))
        assert "uthorization" not in worker.said()


async def test_the_bridge_delivers_and_brings_back_answers(
    deployment: Deployment, tmp_path: Path
) -> None:
    await asyncio.to_thread(begun, deployment)
    identity = "f0f0f0f0-0000-5000-8000-00000000000f"
    streams, settings = deployment("streams"), deployment("bridge")
    await send(streams, streams.topic_cases, framed(case(identity)))
    (tmp_path / "key").write_text(KEY + "\n", "utf-8")
    made = certificate(tmp_path)
    receiver = Receiver(lambda _identity, _tried: 200)
    receiver.answers[f"{identity}-1"] = {
        "measures": [{"kind": "DELIVERED", "delivered_at": "2026-03-07T12:00:00+05:00"}]
    }
    async with receiving(receiver, made):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "emissions.cli.main", "bridge", "--to", receiver.address,
            "--key-file", str(tmp_path / "key"), "--ca-file", str(made.public), "--violations",
            "--dead-letters", str(tmp_path / "letters.ndjson"), "--once",
            env={**os.environ, **settings.as_env()}, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "1 delivered" in out.decode()
    assert "1 measure published" in out.decode()
    _, measure = CODEC.decode(await first_of(deployment("auditor"), settings.topic_measures))
    assert (measure["kind"], measure["case_id"]) == ("DELIVERED", identity)


def called(settings: Settings, *args: str) -> str:
    done = CliRunner().invoke(cli, args, env=settings.as_env())
    assert done.exit_code == 0, done.output
    return done.output


def test_the_operator_resumes_and_sends_again(deployment: Deployment) -> None:
    begun(deployment)
    streams, operator = deployment("streams"), deployment("operator")
    hold = Hold(
        worker="streams", topic=streams.topic_readings, partition=0, offset=7, kind=LIMIT,
        why="the dead-letter limit is reached", since=1,
    )  # fmt: skip
    asyncio.run(write_records(streams, [(hold.key, value_of(hold))]))
    said = called(operator, "resume", "readings/0", "--offset", "7", "--reason", "looked at")
    assert "is released at offset 7" in said
    assert asyncio.run(read_holds(operator)).open  # until the worker itself goes on

    asyncio.run(send(deployment("station"), streams.topic_readings, b"no reading"))
    letter: dict[str, Any] = {
        **RECORDS["DeadLetter"],
        "topic": streams.topic_readings, "partition": 0, "offset": 0, "key": b"EX-01-B",
        "value": b"no reading", "reason": "UNDECODABLE", "stage": "streams", "headers": [],
    }  # fmt: skip
    encoded = CODEC.encode("DeadLetter", letter)
    asyncio.run(send(streams, streams.topic_dead_letters, encoded))
    told = called(
        operator, "dead-letters", "replay", "--policy", "requeue", "--yes", "--format", "json"
    )
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert rows, told
    auditor = deployment("auditor")
    assert sum(asyncio.run(ends_of(auditor, streams.topic_readings)).values()) == 2
