"""`emissions up` as a person starts it: killed, started again, ended; nothing is lost or left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from deploy.embedded.child import stable_port
from emissions.cli.main import cli
from emissions.supervision.directory import StackDirectory
from sinks.clickhouse import client
from streams.settings import Settings
from tests.support.broker import eventually
from tests.support.processes import runs


class Up:
    """One run of the command; its events are read from standard output."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pids: dict[str, int] = {}

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read events up to the one that is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "part_started":
                self.pids[event["part"]] = event["pid"]
            if wanted(event):
                return event
        raise AssertionError(f"it ended: {self.process.wait()}")

    def ready(self) -> Settings:
        """Wait until it is ready and return the settings that it wrote for other commands."""
        event = self.until(lambda event: event["event"] == "ready")
        self.portal: str = event["portal"]
        file = Path(event["environment"])
        lines = [line.removeprefix("export ") for line in file.read_text().splitlines()[1:]]
        return Settings.from_env(dict(line.split("=", 1) for line in lines))


@contextmanager
def up(*arguments: str) -> Iterator[Up]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "emissions.cli.main", "up", "--format", "json", *arguments],
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        yield Up(process)
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}en/") as answer:  # noqa: S310 - a loopback address
            shown = "Almaty" in answer.read().decode()
        with urlopen(f"{address}data/manifest.json") as answer:  # noqa: S310 - the same
            return shown and "files" in json.loads(answer.read())
    except OSError:
        return False


def count(settings: Settings, table: str) -> int:
    with client(settings) as connected:
        return int(connected.query(f"SELECT count() FROM {table}").result_rows[0][0])


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_it_is_killed_and_started_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    ports = (
        *("--broker-port", str(stable_port())),
        *("--clickhouse-port", str(stable_port())),
        *("--portal-port", str(stable_port())),
    )
    where = ("--directory", str(directory))

    with up(*where, *ports, "--simulate", "--enterprises", "2") as first:
        settings = first.ready()
        for table in ("raw_messages", "registrations"):
            asyncio.run(eventually(lambda of=table: count(settings, of) > 0, f"{table} are stored"))
        stored = count(settings, "raw_messages")
        registered = count(settings, "registrations")
        with up(*where) as second:
            assert second.process.wait() == 2  # it is in use
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        left = dict(first.pids)
    asyncio.run(eventually(lambda: not any(map(runs, left.values())), "the children are gone"))

    with up(*where, "--simulate", "--enterprises", "2") as again:
        assert again.ready() == settings
        assert count(settings, "raw_messages") >= stored
        assert count(settings, "registrations") >= registered > 0
        asyncio.run(eventually(lambda: answers(again.portal), "pages and files are there"))
        os.kill(again.pids["sinks worker"], signal.SIGKILL)
        ended = again.until(lambda event: event["event"] == "part_ended")
        assert (ended["part"], ended["exit_code"]) == ("sinks worker", -9)
        again.until(lambda event: event["event"] == "part_started")
        asyncio.run(eventually(lambda: count(settings, "raw_messages") > stored, "more are stored"))
        again.process.send_signal(signal.SIGTERM)
        again.until(lambda event: event["event"] == "stopped")
        assert again.process.wait() == 0
        assert not any(map(runs, again.pids.values()))


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["up", *arguments])
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    return result.output


def test_a_registry_with_a_mistake_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("enterprises: 5\n")
    assert "r.yaml" in refused("--directory", str(tmp_path / "d"), "--registry", str(file))
    assert not (tmp_path / "d").exists()


def test_a_directory_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with StackDirectory(tmp_path):
        assert "already runs on" in refused("--directory", str(tmp_path))


@pytest.mark.process
def test_a_taken_port_is_named_with_the_option_to_change_it(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        said = refused("--directory", str(tmp_path / "a" / "new"), "--broker-port", port)
    assert f"port {port} on 127.0.0.1, meant for the broker, is taken" in said
    assert "--broker-port" in said
    assert list(tmp_path.iterdir()) == [], "nothing is left of a stack that never ran"
