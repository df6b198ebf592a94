"""``emissions station``: an outage, a kill, and what the topic holds afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli.main import Commands
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.chain.head import key_id_of
from streams.core.quality.authenticity import ChainReader
from streams.core.records.record import RawRecord
from streams.core.sources.source import StationKey
from streams.registry.document import load_registry
from streams.signing.ed25519 import read_key, verify
from tests.support.broker import TestBroker, unique

EMISSIONS = (sys.executable, "-m", "emissions.cli.main")
START = 1_790_000_040_000


def line(number: int) -> str:
    """A reading as a logger writes it."""
    reading = {
        "source_id": "KZ-0001-01",
        "measured_at": START + number * 60_000,
        "period_s": 60,
        "values": {"SO2": 100.0 + number},
    }
    return json.dumps(reading) + "\n"


def made_key(directory: Path) -> Path:
    """A key, made by the command; what it prints is YAML of the registry."""
    path = directory / "station.pem"
    done = CliRunner().invoke(Commands(), ["station", "key", "--new", str(path), "--id", "s-1"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("keys:\n  - {id: s-1, public_key: ")
    return path


def test_the_lines_of_a_key_are_those_of_the_registry(tmp_path: Path) -> None:
    path = made_key(tmp_path)
    done = CliRunner().invoke(Commands(), ["station", "key", str(path), "--id", "s-1"])
    lines = "".join(f"        {each}\n" for each in done.output.splitlines())
    example = (Path(__file__).parents[3] / "docs/getting-started/the-registry.md").read_text(
        "utf-8"
    )
    shown = example.partition("```yaml\n")[2].partition("```")[0]
    (registry := tmp_path / "registry.yaml").write_text(
        shown.partition("        keys:\n")[0] + lines + "        devices:"
        + shown.partition("        devices:")[2], "utf-8",
    )  # fmt: skip
    source = load_registry(registry)[0].sources[0]
    assert [each.id for each in source.keys] == ["s-1"]
    again = CliRunner().invoke(Commands(), ["station", "key", "--new", str(path)])
    assert again.exit_code == 2


@pytest.mark.process
async def test_after_an_outage_and_a_kill_the_topic_has_one_chain(
    broker: TestBroker, tmp_path: Path
) -> None:
    topic = unique("readings")
    await broker.create(topic)
    key = made_key(tmp_path)
    call = (*EMISSIONS, "station", "sign", "--key", str(key), "--buffer", str(tmp_path / "b"))
    env = {**os.environ, "EMISSIONS_TOPIC_READINGS": topic, "EMISSIONS_LOG_FORMAT": "json"}

    nobody = await asyncio.create_subprocess_exec(
        *call, "--head-s", "0", env={**env, "EMISSIONS_BROKER": "127.0.0.1:9"},
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert nobody.stdin is not None
    assert nobody.stderr is not None
    nobody.stdin.write("".join(map(line, range(120))).encode())
    await nobody.stdin.drain()
    while b"retrying" not in await nobody.stderr.readline():
        assert nobody.returncode is None
    nobody.kill()
    await nobody.wait()

    (more := tmp_path / "more.ndjson").write_text("".join(map(line, range(120, 150))), "utf-8")
    done = await asyncio.create_subprocess_exec(
        *call, str(more), env={**env, "EMISSIONS_BROKER": broker.address},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, told = await done.communicate()
    assert done.returncode == 0, told
    assert b"30 readings taken" in output

    records = await broker.read(topic)
    codec = Codec(FileIds())
    values = [codec.decode_reading(each.value) for each in records]
    numbers = [(each.measured_at - START) // 60_000 for each in values]  # type: ignore[union-attr]
    # What the killed one had not put on disk is the logger's to send again.
    assert numbers == [n for n in range(150) if n in numbers]
    assert {0, *range(120, 150)} <= {*numbers}
    public = read_key(key).public
    reader = ChainReader(None, "KZ-0001-01", verify)
    raw = [
        RawRecord(each.offset, each.timestamp, each.key, each.value, tuple(each.headers))
        for each in records
    ]
    keys = {key_id_of(public): StationKey("s-1", public, (0, 1 << 60))}
    assert reader.read(raw, [START] * len(raw), keys, 300_000) == {}
    assert reader.jumps == []
    assert reader.place is not None
    assert reader.place.number == len(records)


@pytest.mark.process
def test_a_line_that_is_no_reading_ends_the_run_after_those_before_it(
    broker: TestBroker, tmp_path: Path
) -> None:
    topic = unique("readings")
    asyncio.run(broker.create(topic))
    done = subprocess.run(
        [*EMISSIONS, "station", "sign", "--key", str(made_key(tmp_path)),
         "--buffer", str(tmp_path / "b")],
        input=line(0) + "{}\n" + line(1), text=True, capture_output=True, check=False,
        env={**os.environ, "EMISSIONS_TOPIC_READINGS": topic, "EMISSIONS_BROKER": broker.address},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("emissions: standard input, row 2")
    assert len(asyncio.run(broker.read(topic))) == 1
