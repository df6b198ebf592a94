"""Strangers that follow the cases: killed in the middle they miss and double nothing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import schemas
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.records.case import AdministrativeCase
from streams.kafka.client import client_options
from streams.kafka.producer import ConfirmedProducer
from streams.runtime.outputs import OutcomeEncoder
from streams.settings import Settings
from tests.docs.asyncapi_page import document
from tests.runtime.test_outputs import outcome
from tests.schemas.examples import CASE
from tests.subscribers.node_modules import node_folder
from tests.support.broker import TestBroker, eventually, unique

pytestmark = pytest.mark.process

SCHEMAS: Final = Path(schemas.__path__[0])
CASES: Final = 15
STATES: Final = ("REVIEW", "OPEN", "CLOSED")


def revisions() -> list[AdministrativeCase]:
    """Three revisions of each case; of the last case a REVIEW that goes on."""
    return [
        msgspec.structs.replace(
            CASE,
            id=f"case-{number}",
            revision=revision,
            state="REVIEW" if number == CASES - 1 else STATES[revision - 1],
        )
        for revision in (1, 2, 3)
        for number in range(CASES)
    ]


async def publish(settings: Settings, upto: int) -> None:
    """Publish revisions up to one as the streams worker does."""
    cases = [case for case in revisions() if case.revision <= upto]
    outputs = OutcomeEncoder(Codec(FileIds()), settings)(outcome(cases=cases))
    producer = ConfirmedProducer(client_options(settings))
    try:
        await producer.produce(outputs, revoked=lambda: False)
    finally:
        await producer.stop()


async def killed_once(
    settings: Settings, command: list[str], seen: Callable[[], int], cwd: Path | None = None
) -> None:
    """Kill a client in the middle; let it start where all is published again, and more."""
    await publish(settings, 2)
    await _run(command, lambda: seen() >= CASES, cwd)
    await publish(settings, 3)
    await _run(command, lambda: seen() >= 3 * CASES, cwd)


async def _run(command: list[str], enough: Callable[[], bool], cwd: Path | None) -> None:
    """Run a client until it has seen enough, then kill it."""
    client = await asyncio.create_subprocess_exec(*command, cwd=cwd)
    try:
        await eventually(lambda: enough() or client.returncode is not None, "it has seen enough")
        assert client.returncode is None
    finally:
        if client.returncode is None:
            client.kill()
        await client.wait()


def view_of(database: Path) -> Mapping[str, tuple[int, str]]:
    """The view of the plain client; empty before it has made one."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as view:
            rows = view.execute("SELECT id, revision, state FROM cases").fetchall()
    except sqlite3.OperationalError:
        return {}
    return {identity: (revision, state) for identity, revision, state in rows}


@pytest.fixture
async def settings(broker: TestBroker) -> Settings:
    """A topic of cases with two partitions."""
    found = Settings(broker=broker.address, topic_cases=unique("subscribed"))
    await broker.create(found.topic_cases, partitions=2)
    return found


async def test_a_plain_client(settings: Settings, tmp_path: Path) -> None:
    database = tmp_path / "view.db"
    client = str(Path(__file__).with_name("plain_client.py"))
    names = (settings.broker, settings.topic_cases, unique("plain"))
    command = [sys.executable, client, *names, str(SCHEMAS), str(database)]
    await killed_once(settings, command, lambda: sum(at for at, _ in view_of(database).values()))
    last = f"case-{CASES - 1}"
    assert view_of(database) == {
        f"case-{number}": (3, "REVIEW" if f"case-{number}" == last else "CLOSED")
        for number in range(CASES)
    }
    with sqlite3.connect(database) as view:
        opened = [identity for (identity,) in view.execute("SELECT id FROM opened")]
    assert sorted(opened) == sorted(view_of(database).keys() - {last})


async def test_a_client_in_javascript(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "seen.ndjson"
    names = (settings.broker, settings.topic_cases, unique("foreign"))
    command = ["node", "client.mjs", *names, str(SCHEMAS), str(file)]

    def seen() -> list[dict[str, Any]]:
        whole = file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""
        return [json.loads(line) for line in whole.splitlines()]

    await killed_once(settings, command, lambda: len(seen()), node_folder(tmp_path))
    told = sorted(seen(), key=lambda each: (each["revision"], int(each["key"][5:])))
    assert told == [
        {
            "key": case.id,
            "type": "kz.emissions.case.v1",
            "event": f"{case.id}-{case.revision}",
            "revision": case.revision,
            "state": case.state,
        }
        for case in revisions()
    ]


async def test_the_document_is_one_of_asyncapi(tmp_path: Path) -> None:
    checker = await asyncio.create_subprocess_exec(
        "node", "validate.mjs", cwd=node_folder(tmp_path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await checker.communicate(json.dumps(document()).encode())
    assert out.decode().strip() == "valid"
    broken = document()
    del broken["channels"]["cases"]["messages"]["AdministrativeCase"]["$ref"]
    broken["operations"]["send_cases"]["action"] = "publish"
    checker = await asyncio.create_subprocess_exec(
        "node", "validate.mjs", cwd=node_folder(tmp_path / "again"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await checker.communicate(json.dumps(broken).encode())
    assert "send_cases" in out.decode()
