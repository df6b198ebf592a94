"""Full disks, closed pipes, poor locales, Ctrl-C: one sentence, never a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from emissions.cli.support.errors import explained
from emissions.replay import errors
from emissions.replay.errors import FullDiskError
from emissions.replay.local_stack import LocalStack
from streams.settings import Settings

pytestmark = pytest.mark.process

EMISSIONS = (sys.executable, "-m", "emissions.cli.main")


def bare(**more: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")} | more


def of_at_most(size: int) -> Callable[[], None]:
    """What lets no file of a child grow further, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("call", ["settings", "settings --format json", "--help", "sql --help"])
def test_a_standard_output_that_takes_no_more(call: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*EMISSIONS, *call.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("emissions: ")
    assert "No space left on device" in done.stderr
    assert "standard output" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*EMISSIONS, "settings"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_standard_output_is_no_failure() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *EMISSIONS, "settings"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "locale",
    [
        {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1:strict", "LC_ALL": "POSIX"},
    ],
)
def test_a_locale_without_our_letters(tmp_path: Path, locale: dict[str, str]) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text("enterprises:\n  - {Кәсіпорын: 1}\n", encoding="utf-8")
    for call, code in ((["registry", "load", str(registry)], 2), (["settings"], 0)):
        done = subprocess.run(
            [*EMISSIONS, *call], env=bare(**locale), capture_output=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1


@pytest.mark.parametrize("what", ["--output", "--registry", "--truth"])
def test_simulate_on_a_full_disk(tmp_path: Path, what: str) -> None:
    files = {"--output": tmp_path / "r.csv"} | {what: tmp_path / "full.csv"}
    arguments = [part for option, path in files.items() for part in (option, str(path))]
    done = subprocess.run(
        [*EMISSIONS, "simulate", "--enterprises", "3", *arguments],
        env=bare(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=of_at_most(1000),
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"emissions: {tmp_path / 'full.csv'}: File too large; free some space and run it again\n"
    )


def test_a_run_on_a_full_disk_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stage = LocalStack(tmp_path, Settings(), embed_broker=False, embed_clickhouse=False)
    stage.check()
    free = errors.LEAST_ROOM - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    for step in (stage.start_broker, stage.check):
        with pytest.raises(FullDiskError, match=rf"the disk of {tmp_path} is full"):
            step()


def test_a_failure_without_room_for_its_details(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    said = explained(ZeroDivisionError("by nothing")).format_message()
    assert said.endswith("the traceback could not be written")
    nowhere = explained(OSError(28, "No space left on device")).format_message()
    assert str(tmp_path) in nowhere


def test_ctrl_c_ends_simulate_with_a_sentence(tmp_path: Path) -> None:
    output = tmp_path / "r.ndjson"
    os.mkfifo(output)
    with subprocess.Popen(
        [*EMISSIONS, "simulate", "--enterprises", "3", "--output", str(output)],
        env=bare(),
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        with output.open("rb") as read:
            assert read.read(10)  # it is writing, and waits for us to read on
            child.send_signal(signal.SIGINT)
            while read.read(1 << 16):
                pass
        assert child.stderr is not None
        said = child.stderr.read()
    assert (child.returncode, said) == (130, "emissions: interrupted\n")


def test_ctrl_c_ends_demo_and_all_it_started_and_nothing_is_in_the_home_directory(
    tmp_path: Path,
) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    with subprocess.Popen(
        [*EMISSIONS, "demo"],
        env=bare(HOME=str(home), TMPDIR=str(temporary)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        lines = [child.stderr.readline(), child.stderr.readline()]
        assert lines[1].startswith("while it runs: ")
        assert "@127.0.0.1:" in lines[1], "with the key"
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        assert len(children) >= 2
        child.send_signal(signal.SIGINT)
        last = child.stderr.read()
    assert child.returncode == 130
    assert last == "emissions: interrupted; all started processes are stopped\n"
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert list(home.rglob("*")) == []
    assert not list(temporary.glob("emissions-*/clickhouse"))
