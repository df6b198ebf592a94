"""``emissions findings`` against a real broker: what stands, what is chosen, and the history."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from tests.support.broker import TestBroker, unique

FINDING = {
    "id": "f1", "revision": 1, "status": "OPEN", "kind": "FLATLINE", "bin": "990140001233",
    "source_id": "A", "parameter": "SO2", "start": 0, "end": None,
    "statistic": "hours without a change", "value": 5.0, "threshold": 4.5, "unit": "h",
    "detail": "SO2 stood still: look at the log.", "basis": "", "track": "", "rule_set": "kz-1",
    "detected_at": 5,
}  # fmt: skip


@pytest.fixture
def env(broker: TestBroker) -> dict[str, str]:
    """A broker with findings of a topic of the test's own, and a message that is none."""
    own = unique("findings")
    topics = {"FINDINGS": f"{own}.findings", "REGISTRY": f"{own}.registry"}
    codec = Codec(FileIds())
    changes: tuple[dict[str, object], ...] = (
        {},
        {"revision": 2, "status": "CLOSED", "end": 9, "value": 10.0},
        {"id": "f2", "kind": "JUMP", "source_id": "B", "start": 7},
        {"id": "f3", "status": "WITHDRAWN"},
    )
    values = [codec.encode("Finding", {**FINDING, **change}) for change in changes]
    for topic in topics.values():
        asyncio.run(broker.create(topic))
    asyncio.run(broker.produce(topics["FINDINGS"], [b"no message", *values], partition=0))
    named = {f"EMISSIONS_TOPIC_{name}": topic for name, topic in topics.items()}
    return {"EMISSIONS_BROKER": broker.address, **named}


def findings(env: dict[str, str], *args: str) -> Result:
    return CliRunner().invoke(cli, ["findings", *args], env=env)


def test_findings_are_listed_chosen_and_their_history_is_told(env: dict[str, str]) -> None:
    def ids(*args: str) -> list[str]:
        told = findings(env, "--format", "json", *args)
        assert told.exit_code == 0, told.stderr
        return [each["id"] for each in json.loads(told.stdout)]

    assert ids() == ["f1", "f2"]
    assert ids("--kind", "jump") == ids("--source", "B") == ids("--open") == ["f2"]
    table = findings(env, "--lang", "ru", "f1").stdout
    assert "Показание не меняется" in table
    assert "History" in table
    assert "no finding matches" in findings(env, "--source", "C").stderr

    unknown = findings(env, "f9")
    assert (unknown.exit_code, "there is no finding f9" in unknown.stderr) == (2, True)
    kind = findings(env, "--kind", "XYZ")
    assert (kind.exit_code, "there is no kind XYZ" in kind.stderr) == (2, True)
