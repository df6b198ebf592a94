"""How a replay ends when it does not end well: nothing is left running, and one sentence why."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from tests.support.broker import TestBroker, unique

pytestmark = pytest.mark.process

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
PATIENCE_S = 300


@contextmanager
def running(*args: str | Path, workspace: Path) -> Iterator[subprocess.Popen[str]]:
    """A replay of the example's registry as a process; killed if the test leaves it running."""
    command = [
        *(sys.executable, "-m", "emissions.cli.main", "replay"),
        *("--registry", EXAMPLE / "registry.yaml", "--workspace", workspace, *args),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def children(pid: int) -> dict[int, str]:
    """The command lines of the processes that a process has started and that still run."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if parent == pid and line:
                found[int(entry.name)] = line
    return found


def wait_for_workers(process: subprocess.Popen[str]) -> dict[int, str]:
    """All processes of the run, once they are there."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        found = children(process.pid)
        if any("worker sinks" in line for line in found.values()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the workers did not start: {process.communicate()[1]}")


def gone(pids: dict[int, str]) -> bool:
    return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_an_interrupt_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    with running("--input", EXAMPLE / "input.csv", workspace=tmp_path / "w") as process:
        started = wait_for_workers(process)
        assert len(started) == 5, "broker and its store, ClickHouse, two workers"
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 128 + number
        assert said == "emissions: interrupted; all started processes are stopped\n"
        assert gone(started)


def test_a_killed_worker_ends_the_run_and_is_named(tmp_path: Path) -> None:
    with running("--input", EXAMPLE / "input.csv", workspace=tmp_path / "w") as process:
        started = wait_for_workers(process)
        (victim,) = (pid for pid, line in started.items() if "worker streams" in line)
        os.kill(victim, signal.SIGKILL)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
        assert said.startswith("emissions: the streams worker (exit code -9) ended unexpectedly")
        assert str(tmp_path / "w" / "streams.log") in said
        assert gone(started)


def test_a_bad_row_far_down_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    text = (EXAMPLE / "input.csv").read_text()
    bad.write_text(text + "EX-01-A,2026-05-05T02:00:00+05:00,60,,,,plenty,,,,,,,\n")
    with running("--input", bad, workspace=tmp_path / "w") as process:
        _, said = process.communicate(timeout=PATIENCE_S)
        row = text.count("\n")
        assert process.returncode == 2
        assert said == (
            f"emissions: {bad}, row {row} (line {row + 1}), column SO2: 'plenty' is not a number\n"
        )


@pytest.mark.parametrize(
    ("registry", "sentence"),
    [
        ("none.yaml", "none.yaml: No such file or directory"),
        ("broken.yaml", "broken.yaml: line 1"),
    ],
)
def test_a_bad_registry_starts_nothing(tmp_path: Path, registry: str, sentence: str) -> None:
    (tmp_path / "broken.yaml").write_text("enterprises: {bin: 1}\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "emissions.cli.main", "replay", "--registry"),
            *(tmp_path / registry, "--input", EXAMPLE / "input.csv"),
            *("--workspace", tmp_path / "w"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"emissions: {tmp_path}/{sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "w").exists()


def test_a_workspace_is_used_once(tmp_path: Path) -> None:
    (tmp_path / "w" / "clickhouse").mkdir(parents=True)
    with running("--input", EXAMPLE / "input.csv", workspace=tmp_path / "w") as process:
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2
        assert said == f"emissions: {tmp_path / 'w'} already holds an earlier run\n"


def test_a_run_has_topics_of_its_own(tmp_path: Path, broker: TestBroker) -> None:
    own = unique("occupied")
    names = ("readings", "registry", "means", "gaps", "violations", "cases", "dead_letters")
    own_names = (*names, "findings", "notices", "notice_verdicts")
    topics = {f"EMISSIONS_TOPIC_{name.upper()}": f"{own}.{name}" for name in own_names}
    asyncio.run(broker.create(topics["EMISSIONS_TOPIC_READINGS"], partitions=4))
    asyncio.run(broker.produce(topics["EMISSIONS_TOPIC_READINGS"], [b"a", b"b"], partition=2))
    result = CliRunner().invoke(
        cli,
        [
            *("replay", "--registry", str(EXAMPLE / "registry.yaml")),
            *("--input", str(EXAMPLE / "input.csv"), "--workspace", str(tmp_path / "w")),
            *("--broker", broker.address),
        ],
        env={**topics, "EMISSIONS_GROUP_STREAMS": f"{own}-streams"},
    )
    assert result.exit_code == 2, result.output
    assert f"topic {own}.readings at {broker.address} already holds records" in result.output
