"""The units of systemd, held against the program that they start and the production settings."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Final

import click
import pytest
from _pytest.mark import ParameterSet

from emissions.cli.main import cli
from streams.settings import PREFIX, Settings

UNITS: Final = Path(__file__).parents[2] / "deploy" / "systemd"
PRODUCTION: Final = UNITS.parent / "production.env"
SERVICES: Final = sorted(UNITS.glob("*.service"))
BINARY: Final = "/opt/emissions/bin/emissions"

Unit = dict[str, dict[str, list[str]]]


def read(file: Path) -> Unit:
    """Sections of a unit; a key may be given several times."""
    found: Unit = {}
    section: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        section.setdefault(key, []).append(value)
    return found


def production() -> dict[str, str]:
    lines = PRODUCTION.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def one(unit: Unit, section: str, key: str) -> str:
    (value,) = unit[section][key]
    return value


def named(file: Path) -> ParameterSet:
    return pytest.param(file, id=file.name)


def test_each_worker_has_a_unit() -> None:
    worker = cli.get_command(click.Context(cli), "worker")
    assert worker is not None
    (kind,) = (part for part in worker.params if part.name == "kind")
    assert isinstance(kind.type, click.Choice)
    started = {one(read(file), "Service", "ExecStart") for file in SERVICES}
    assert started == {f"{BINARY} worker {each}" for each in kind.type.choices}


@pytest.mark.parametrize("file", [named(file) for file in SERVICES])
def test_a_worker_is_started_again_unless_its_settings_are_refused(file: Path) -> None:
    unit = read(file)
    assert one(unit, "Service", "Restart") == "always"
    assert one(unit, "Service", "RestartPreventExitStatus") == "2"
    assert one(unit, "Unit", "StartLimitIntervalSec") == "0"


@pytest.mark.parametrize("file", [named(file) for file in SERVICES])
def test_a_worker_has_the_time_to_stop_that_its_settings_give_it(file: Path) -> None:
    stop_s = float(production()[f"{PREFIX}STOP_S"])
    assert float(one(read(file), "Service", "TimeoutStopSec")) > stop_s


@pytest.mark.parametrize("file", [named(file) for file in SERVICES])
def test_what_a_worker_writes_lies_in_its_state_directory(file: Path) -> None:
    unit = read(file)
    state = f"/var/lib/{one(unit, 'Service', 'StateDirectory')}"
    written = "LOG_PATH" if "seal" in file.name else "STATE_DIRECTORY"
    assert production()[PREFIX + written] == state
    assert one(unit, "Service", "WorkingDirectory") == state
    assert one(unit, "Service", "ProtectSystem") == "strict"


def test_the_user_is_made_and_is_not_root() -> None:
    made = [line.split()[1] for line in (UNITS / "emissions.sysusers").read_text().splitlines()[1:]]
    assert made == ["emissions"]
    for file in SERVICES:
        assert one(read(file), "Service", "User") == "emissions"


def test_all_are_held_back_alike() -> None:
    own = {"ExecStart", "EnvironmentFile", "StateDirectory", "WorkingDirectory"}
    held = [
        {key: values for key, values in read(file)["Service"].items() if key not in own}
        for file in SERVICES
    ]
    assert all(each == held[0] for each in held)
    assert held[0]["NoNewPrivileges"] == ["yes"]
    assert held[0]["CapabilityBoundingSet"] == [""]


@pytest.mark.parametrize("file", [named(file) for file in sorted(UNITS.iterdir())])
def test_every_setting_that_is_named_exists(file: Path) -> None:
    known = {PREFIX + part.name.upper() for part in fields(Settings)}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", file.read_text(encoding="utf-8"))) <= known


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    names = []
    for file in (*SERVICES, UNITS / "emissions.target"):
        # The program is not installed there in a test; whether it exists is another question.
        text = file.read_text(encoding="utf-8").replace(BINARY, "/bin/true")
        name = file.name.replace("@.", "@1.")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
        names.append(f"./{name}")
    done = subprocess.run(
        ["systemd-analyze", "verify", *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "emissions" in line], done.stderr
