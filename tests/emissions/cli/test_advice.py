"""``emissions advice`` against a real broker: what was told, each once, and what is chosen."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from tests.schemas.examples import RECORDS
from tests.support.broker import TestBroker, unique


@pytest.fixture
def env(broker: TestBroker) -> dict[str, str]:
    """A broker with advice in a topic of the test's own: one came twice, one is none."""
    topic, codec = f"{unique('advice')}.advice", Codec(FileIds())
    changes: tuple[dict[str, object], ...] = (
        {"id": "a2", "kind": "SILENCE", "source_id": "B", "told_at": 1_772_306_500_000},
        {"id": "a1"},
        {"id": "a1"},
    )
    values = [codec.encode("Advice", {**RECORDS["Advice"], **change}) for change in changes]
    asyncio.run(broker.create(topic))
    asyncio.run(broker.produce(topic, [b"no message", *values], partition=0))
    return {
        "EMISSIONS_BROKER": broker.address,
        "EMISSIONS_TOPIC_ADVICE": topic,
        "EMISSIONS_TOPIC_REGISTRY": f"{topic}.none",
    }


def advice(env: dict[str, str], *args: str) -> Result:
    return CliRunner().invoke(cli, ["advice", *args], env=env)


def test_advice_is_listed_once_in_the_order_of_telling_and_chosen(env: dict[str, str]) -> None:
    def ids(*args: str) -> list[str]:
        told = advice(env, "--format", "json", *args)
        assert told.exit_code == 0, told.stderr
        return [each["id"] for each in json.loads(told.stdout)]

    assert ids() == ["a1", "a2"]
    assert ids("--kind", "silence") == ids("--source", "B") == ["a2"]
    assert ids("--since", "2026-02-28T19:21:00Z") == ["a2"]
    assert "держите среднее остатка ниже 799" in advice(env, "--lang", "ru").stdout
    assert "no advice matches" in advice(env, "--source", "C").stderr
    csv = advice(env, "--follow", "--format", "csv")
    assert (csv.exit_code, "--follow cannot write CSV" in csv.stderr) == (2, True)
