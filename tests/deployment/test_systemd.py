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
from streams.kafka.rights import default_principal
from streams.settings import PREFIX, Settings
from tests.support.program import parse

UNITS: Final = Path(__file__).parents[2] / "deploy" / "systemd"
PRODUCTION: Final = UNITS.parent / "production.env"
PAGE: Final = UNITS.parents[1] / "docs" / "operations" / "systemd.md"
SERVICES: Final = sorted(UNITS.glob("*.service"))
TIMERS: Final = sorted(UNITS.glob("*.timer"))
PORTS: Final = sorted((UNITS / "ports").glob("*.env"))
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


UNIT: Final = {file: read(file) for file in SERVICES}
LASTING: Final = [file for file in SERVICES if one(UNIT[file], "Service", "Type") == "exec"]
ONCE: Final = [file for file in SERVICES if one(UNIT[file], "Service", "Type") == "oneshot"]
WORKERS: Final = [file for file in LASTING if " worker " in one(UNIT[file], "Service", "ExecStart")]
EVERY: Final = pytest.mark.parametrize("file", [named(file) for file in SERVICES])


def settings_of(unit: Unit) -> Settings:
    """Return the settings of a unit: its own, and over them those of the common file."""
    service = unit["Service"]
    own = dict(line.split("=", 1) for line in service.get("Environment", ()))
    given = {**own, **production()}
    for name in service.get("UnsetEnvironment", ()):
        given.pop(name)
    return Settings.from_env({key: value.replace("%d", "/run/c") for key, value in given.items()})


def test_each_worker_has_a_unit() -> None:
    worker = cli.get_command(click.Context(cli), "worker")
    assert worker is not None
    (kind,) = (part for part in worker.params if part.name == "kind")
    assert isinstance(kind.type, click.Choice)
    started = {one(UNIT[file], "Service", "ExecStart") for file in WORKERS}
    assert started == {f"{BINARY} worker {each}" for each in kind.type.choices}


@EVERY
def test_commands_are_those_of_the_program(file: Path) -> None:
    binary, *words = one(UNIT[file], "Service", "ExecStart").split()
    assert binary == BINARY
    parse(file.name, words)


def test_what_is_done_once_or_again_has_a_unit() -> None:
    commands = {one(UNIT[file], "Service", "ExecStart").removeprefix(BINARY)[1:] for file in ONCE}
    assert {" ".join(each.split()[:2]) for each in commands} == {
        *("topics create", "migrate --roles", "registry load", "doctor --format"),
        *("audit --metrics-file", "open-data export"),
    }
    assert {file.stem for file in TIMERS} == {
        *("emissions-doctor", "emissions-audit", "emissions-open-data"),
    }
    for file in TIMERS:
        assert file.with_suffix(".service") in ONCE
        assert one(read(file), "Install", "WantedBy") == "emissions.target"


@pytest.mark.parametrize("file", [named(file) for file in LASTING])
def test_what_lasts_is_started_again_unless_its_settings_are_refused(file: Path) -> None:
    unit = UNIT[file]
    assert one(unit, "Service", "Restart") == "always"
    assert one(unit, "Service", "RestartPreventExitStatus") == "2"
    assert one(unit, "Unit", "StartLimitIntervalSec") == "0"


@pytest.mark.parametrize("file", [named(file) for file in LASTING])
def test_what_lasts_has_the_time_to_stop_that_its_settings_give_it(file: Path) -> None:
    stop_s = float(production()[f"{PREFIX}STOP_S"])
    assert float(one(UNIT[file], "Service", "TimeoutStopSec")) > stop_s


@pytest.mark.parametrize("file", [named(file) for file in WORKERS])
def test_what_a_worker_writes_lies_in_its_state_directory(file: Path) -> None:
    unit = UNIT[file]
    state = f"/var/lib/{one(unit, 'Service', 'StateDirectory')}"
    written = "LOG_PATH" if "seal" in file.name else "STATE_DIRECTORY"
    assert production()[PREFIX + written] == state
    assert one(unit, "Service", "WorkingDirectory") == state


def test_files_for_others_lie_where_these_may_read_them() -> None:
    audit, export = (UNIT[UNITS / f"emissions-{name}.service"] for name in ("audit", "open-data"))
    (file,) = re.findall(r"--metrics-file (\S+)", one(audit, "Service", "ExecStart"))
    directories = {
        f"/var/lib/{one(unit, 'Service', 'StateDirectory')}": unit for unit in (audit, export)
    }
    assert str(Path(file).parent) in directories
    assert file.endswith(".prom")
    portal = settings_of(UNIT[UNITS / "emissions-portal.service"])
    assert portal.portal_data_path == settings_of(export).portal_data_path
    assert portal.portal_data_path in directories
    for unit in directories.values():
        assert one(unit, "Service", "StateDirectoryMode") == "0755"
        assert one(unit, "Service", "UMask") == "0022"


def test_the_users_are_made_and_are_not_root() -> None:
    made = [line.split()[1] for line in (UNITS / "emissions.sysusers").read_text().splitlines()[1:]]
    assert made == ["emissions", "emissions-portal"]
    for file in SERVICES:
        visited = settings_of(UNIT[file]).clickhouse_user == "portal"
        assert one(UNIT[file], "Service", "User") == made[visited]
        assert one(UNIT[file], "Service", "Group") == made[visited]


def test_each_part_logs_in_as_a_user_of_its_own_and_sees_no_other_secret() -> None:
    who = {
        "topics": ("deployer", "default"),
        "migrate": (None, "migrate"),
        "registry": ("officer", "default"),
        "streams@": ("streams", "default"),
        "sinks@": ("sinks", "writer"),
        "seal": ("seal", "default"),
        "doctor": ("auditor", "auditor"),
        "audit": ("auditor", "auditor"),
        "portal": (None, "portal"),
        "open-data": (None, "portal"),
    }
    assert {file.stem.removeprefix("emissions-") for file in SERVICES} == set(who)
    page = PAGE.read_text("utf-8")
    for file in SERVICES:
        role, reader = who[file.stem.removeprefix("emissions-")]
        settings = settings_of(UNIT[file])
        assert settings.broker_user == (role and default_principal(role).removeprefix("User:"))
        assert settings.clickhouse_user == reader
        handed = dict(each.split(":", 1) for each in UNIT[file]["Service"]["LoadCredential"])
        read_ = {settings.broker_password_file, settings.clickhouse_password_file} - {None}
        assert {f"/run/c/{name}" for name in handed} == read_
        assert set(handed) == {
            *(["broker-password"] if role else ()),
            *(["clickhouse-password"] if reader != "default" else ()),
        }
        (directory,) = {Path(each).parent for each in handed.values()}
        assert str(directory.parent) == "/etc/emissions/secrets"
        assert all(Path(path).name == name for name, path in handed.items())
        assert f"`{directory.name}`" in page


def test_no_two_workers_of_the_page_share_a_port_of_health() -> None:
    page = PAGE.read_text("utf-8")
    started = set(re.findall(r"emissions-(?:(?:streams|sinks)@\d+|seal)\b(?!\.)", page))
    assert {file.stem for file in PORTS} == {
        each.removeprefix("emissions-").replace("@", "-") for each in started
    }
    ports = [
        dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines()) for file in PORTS
    ]
    assert all(set(each) == {f"{PREFIX}WEB_PORT"} for each in ports)
    assert len({each[f"{PREFIX}WEB_PORT"] for each in ports}) == len(ports)
    for file in WORKERS:
        needed = one(UNIT[file], "Unit", "AssertPathExists")
        assert UNIT[file]["Service"]["EnvironmentFile"][-1] == needed
    assert page.index("deploy/systemd/ports") < page.index("systemctl enable --now")


def test_pages_of_health_and_visitors_are_for_this_machine_alone() -> None:
    for file in LASTING:
        settings = settings_of(UNIT[file])
        assert settings.web_host == "127.0.0.1"
        assert settings.portal_host == "127.0.0.1"
    assert "IPAddressDeny=any" in PAGE.read_text("utf-8")


def test_all_are_held_back_alike() -> None:
    held = [
        {
            key: values
            for key, values in UNIT[file]["Service"].items()
            if key.startswith(("Protect", "Private", "Restrict", "System", "Capability", "NoNew"))
            or key in ("AmbientCapabilities", "LockPersonality", "RemoveIPC")
            if key != "RestartPreventExitStatus"
        }
        for file in SERVICES
    ]
    assert all(each == held[0] for each in held)
    assert held[0]["NoNewPrivileges"] == ["yes"]
    assert held[0]["CapabilityBoundingSet"] == [""]
    assert held[0]["ProtectSystem"] == ["strict"]
    assert len(held[0]) >= 20
    closed = [file for file in SERVICES if one(UNIT[file], "Service", "UMask") == "0077"]
    assert {file.stem for file in SERVICES} - {file.stem for file in closed} == {
        *("emissions-audit", "emissions-open-data"),  # others read what they write
    }


def test_the_page_installs_and_names_every_file() -> None:
    page = PAGE.read_text("utf-8")
    for kind in ("service", "timer", "target"):
        assert f"deploy/systemd/*.{kind}" in page
    assert not [file.name for file in (*SERVICES, *TIMERS) if f"`{file.name}`" not in page]
    assert not re.search(
        r"^\s*emissions (topics|migrate|registry|doctor|audit)", page, re.MULTILINE
    )


@pytest.mark.parametrize("file", [named(file) for file in sorted(UNITS.rglob("*.*"))])
def test_every_setting_that_is_named_exists(file: Path) -> None:
    known = {PREFIX + part.name.upper() for part in fields(Settings)}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", file.read_text(encoding="utf-8"))) <= known


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    names = []
    for file in (*SERVICES, *TIMERS, UNITS / "emissions.target"):
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
