"""docker-compose.yml and the Dockerfile, held against the program that they start."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from emissions.doctor.seal import wanted
from streams.health import check
from streams.kafka.topics import in_sync
from streams.settings import PREFIX, Settings
from tests.support.program import parse

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
WORKERS = {"streams", "sinks", "seal"}
LASTING = {*WORKERS, "portal", "audit"}
OBSERVERS = {"prometheus", "alertmanager", "grafana", "node-exporter"}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
INSTRUCTIONS = [
    line.strip()
    for line in DOCKERFILE.replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]

PINNED = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?:v?\d+(\.\d+)+(-[a-z]+)*")
"""A short name with a full version: no host of a registry, nothing that moves."""


def resolved(value: str) -> str:
    """A value with the defaults of its variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_everything_a_deployment_needs_is_there() -> None:
    assert set(SERVICES) == {
        "kafka",
        "schema-registry",
        "clickhouse",
        "topics",
        "migrate",
        "registry-load",
        "streams",
        "sinks",
        "seal",
        "portal",
        "audit",
        *OBSERVERS,
    }
    assert {"topics", "migrate", "registry-load", *LASTING} == OURS
    assert set(COMPOSE["volumes"]) == {
        *("kafka-data", "clickhouse-data", "state", "transparency-log"),
        *(f"{name}-data" for name in OBSERVERS - {"node-exporter"}),
        "audit",
    }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_is_pinned_and_every_service_bounded(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"]), service["image"]
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged", False)
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "published to the network"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_keeps_running_is_checked_and_what_ends_is_waited_for(name: str) -> None:
    service = SERVICES[name]
    once = name in OURS - LASTING
    assert ("healthcheck" in service) is not once
    for needed, how in service.get("depends_on", {}).items():
        ends = needed in OURS - LASTING
        expected = "service_completed_successfully" if ends else "service_healthy"
        assert how == {"condition": expected}, f"{name} needs {needed}"
        assert "profiles" not in SERVICES[needed]


@pytest.mark.parametrize("name", sorted(OURS))
def test_settings_are_those_of_the_program(name: str) -> None:
    environment = {key: resolved(value) for key, value in SERVICES[name]["environment"].items()}
    assert all(key.startswith(PREFIX) for key in environment)
    settings = Settings.from_env(environment)
    host, _, port = settings.broker.partition(":")
    assert (
        f"INTERNAL://{host}:{port}" in SERVICES[host]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    )
    assert settings.clickhouse_user == SERVICES["clickhouse"]["environment"]["CLICKHOUSE_USER"]
    password = SERVICES["clickhouse"]["environment"]["CLICKHOUSE_PASSWORD"]
    assert settings.clickhouse_password == resolved(password)
    assert password.startswith("${CLICKHOUSE_PASSWORD:-"), "the password is the environment's"
    for url in (settings.clickhouse_url, settings.schema_registry_url):
        assert url is not None
        found = re.match(r"http://([a-z-]+):\d+", url)
        assert found is not None
        assert found[1] in SERVICES


@pytest.mark.parametrize("name", sorted(OURS))
def test_commands_are_those_of_the_program(name: str) -> None:
    words = list(SERVICES[name]["command"])
    parse(name, words)


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_workers_are_asked_whether_they_are_ready_and_killed_when_they_are_stuck(name: str) -> None:
    service = SERVICES[name]
    settings = Settings.from_env(
        {key: resolved(value) for key, value in service["environment"].items()}
    )
    how, *command = service["healthcheck"]["test"]
    assert (how, command[:2]) == ("CMD", ["python", "-m"])
    assert importlib.import_module(command[2]).main is check.main
    assert settings.web_port, "the check asks the port that the worker opens"
    assert float(service["healthcheck"]["timeout"].removesuffix("s")) > 2 * check.TIMEOUT_S
    assert service["init"] is True, "the worker is not process 1, which nobody could kill"
    assert service["restart"] == "unless-stopped"
    assert float(service["stop_grace_period"].removesuffix("s")) > settings.stop_s


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_can_change_nothing(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108 - a path inside the container
    assert "user" not in SERVICES[name], "the image has its own"


def test_a_doctor_knows_of_the_log_once_it_has_a_name() -> None:
    variable = "EMISSIONS_LOG_ORIGIN"
    given = SERVICES["topics"]["environment"][variable]
    assert given.startswith("${LOG_ORIGIN:-")
    assert SERVICES["seal"]["environment"][variable].startswith("${LOG_ORIGIN:-")
    assert not wanted(Settings.from_env({variable: resolved(given)}))
    assert wanted(Settings.from_env({variable: "regulator.kz/log"}))


def test_the_state_is_on_a_disk_that_the_worker_may_write() -> None:
    service = SERVICES["streams"]
    directory = service["environment"]["EMISSIONS_STATE_DIRECTORY"]
    volume, where = service["volumes"][0].split(":")
    assert (where, volume in COMPOSE["volumes"]) == (directory, True)
    # A new volume takes the owner of what the image has in its place.
    assert f"--owner=emissions --group=emissions --mode=0700 {directory}" in DOCKERFILE


def test_the_image_is_that_of_this_version() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    assert version is not None
    workers = OURS - {"portal"}
    assert {SERVICES[name]["image"] for name in workers} == {f"emission-streams:{version[1]}"}
    portal = SERVICES["portal"]
    assert portal["image"] == f"emission-portal:{version[1]}"
    assert portal["build"]["args"] == {"LOCK": "requirements-portal.lock"}
    assert {SERVICES[name]["build"].get("args") for name in workers} == {None}


def test_the_dockerfile_is_pinned_and_ends_unprivileged() -> None:
    bases = [line.split()[1] for line in INSTRUCTIONS if line.startswith("FROM ")]
    assert len(bases) == 2
    assert len(set(bases)) == 1, "a virtual environment only works on the Python that made it"
    assert PINNED.fullmatch(bases[0])
    kinds = [line.split()[0] for line in INSTRUCTIONS]
    assert "ADD" not in kinds
    users = [line.split()[1] for line in INSTRUCTIONS if line.startswith("USER ")]
    assert users == ["10001:10001"]
    assert kinds.index("USER") > max(i for i, kind in enumerate(kinds) if kind in ("RUN", "COPY"))
    assert 'ENTRYPOINT ["emissions"]' in INSTRUCTIONS
    assert "--require-hashes" in DOCKERFILE


def test_the_dockerfile_copies_what_there_is_and_every_package() -> None:
    copied: set[str] = set()
    for line in INSTRUCTIONS:
        if line.startswith("COPY ") and "--from" not in line:
            copied |= {word.rstrip("/") for word in line.split()[1:-1]}
    assert "${LOCK}" in copied
    copied -= {"${LOCK}"}
    copied |= {f"requirements-{name}.lock" for name in ("production", "portal", "tracing")}
    assert "ARG LOCK=requirements-production.lock" in INSTRUCTIONS
    assert all((ROOT / name).exists() for name in copied), copied
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split("\n")
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert allowed == copied
    packages = {path.parent.name for path in ROOT.glob("*/py.typed")}
    assert packages <= copied
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= copied


def test_production_settings_keep_what_is_confirmed() -> None:
    lines = (ROOT / "deploy" / "production.env").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.from_env(given)
    assert settings.replication == 3
    assert in_sync(settings) == 2
    assert len(settings.broker_addresses) == 3, "one that is away must not keep workers out"
    assert settings.broker_tls
    assert settings.schema_registry_url is not None
    assert settings.web_port
    assert not [name for name in given if name.endswith(("_USER", "_PASSWORD"))]


def test_production_says_which_secrets_there_are() -> None:
    text = (ROOT / "deploy" / "production.env").read_text("utf-8")
    users = [each.name for each in fields(Settings) if each.name.endswith("_user")]
    assert len(users) == 4
    assert not [name for name in users if PREFIX + name.upper() not in text]


def test_whoever_speaks_to_the_schema_registry_waits_for_it() -> None:
    """Every command but those about ClickHouse alone: `topics create` registers the schemas."""
    waits = {name for name in OURS if "schema-registry" in SERVICES[name]["depends_on"]}
    assert waits == OURS - {"migrate", "portal"}


def test_observers_read_the_workers_and_only_those_with_a_password_read_them() -> None:
    for name in OBSERVERS:
        service = SERVICES[name]
        assert service["profiles"] == ["observability"]
        assert service["read_only"] is True
        for volume in service["volumes"]:
            source, _, target = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).is_dir()
                assert target.endswith(":ro")
            else:
                assert source in COMPOSE["volumes"]
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    asked = {
        job["job_name"]: (*each["names"], each["port"])
        for job in config["scrape_configs"]
        for each in job.get("dns_sd_configs", ())
    }
    ports = {name: SERVICES[name]["environment"]["EMISSIONS_WEB_PORT"] for name in WORKERS}
    workers = {name: (name, int(port)) for name, port in ports.items()}
    others = {"audit": ("node-exporter", 9100), "alertmanager": ("alertmanager", 9093)}
    assert asked == {**workers, **others}
    assert {SERVICES[name]["environment"]["EMISSIONS_WEB_HOST"] for name in WORKERS} == {"0.0.0.0"}  # noqa: S104
    assert not [name for name in WORKERS if "ports" in SERVICES[name]], "published to nobody"
    environment = SERVICES["grafana"]["environment"]
    (secret,) = SERVICES["grafana"]["secrets"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == f"/run/secrets/{secret}"
    assert list(COMPOSE["secrets"][secret]) == ["file"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def script_of(name: str, **paths: str) -> list[str]:
    """The entry point of a service as the shell gets it, with other paths."""
    command = [word.replace("$$", "$") for word in SERVICES[name]["entrypoint"]]
    for path, other in paths.items():
        assert path in command[2]
        command[2] = command[2].replace(path, other)
    return command


@pytest.mark.process
@pytest.mark.parametrize("content", [None, "", "\n"])
def test_grafana_does_not_start_without_a_password(content: str | None, tmp_path: Path) -> None:
    secret = tmp_path / "grafana-password"
    command = script_of(
        "grafana", **{"/run/secrets/grafana-password": str(secret), "/run.sh": "echo runs"}
    )
    if content is not None:
        secret.write_text(content)
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "its password is empty or cannot be read" in refused.stderr
    assert max(map(len, refused.stderr.splitlines()[-2:])) <= 80
    secret.write_text("password\n")
    started = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert started.stdout == "runs\n"


@pytest.mark.process
def test_the_audit_runs_once_a_day_and_again_where_it_did_not_end(tmp_path: Path) -> None:
    """One turn of its loop at a time: where it would sleep it ends."""
    metrics, log, calls = tmp_path / "metrics", tmp_path / "log", tmp_path / "calls"
    metrics.mkdir()
    program = tmp_path / "emissions"
    program.write_text(
        f'#!/bin/sh\necho "$* in ${{EMISSIONS_LOG_PATH:-no log}}" >> {calls}\nexit ${{CODE:-0}}\n'
    )
    program.chmod(0o755)
    command = script_of(
        "audit",
        **{
            "/var/lib/emissions-log": str(log),
            "/var/lib/emissions ": f"{metrics} ",
            "sleep 600": "break",
        },
    )
    arguments = SERVICES["audit"]["command"]
    file = SERVICES["audit"]["volumes"][0].split(":")[1] + "/audit.prom"
    assert arguments == ["audit", "--metrics-file", file]

    def run(code: str = "0") -> list[str]:
        calls.write_text("")
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CODE": code}
        subprocess.run([*command, *arguments], env=env, timeout=60, check=True)
        return calls.read_text().splitlines()

    said = " ".join(arguments)
    assert run() == [f"{said} in no log"]
    (log / "state").mkdir(parents=True)
    assert run("1") == [f"{said} in {log}"], "what failed is tried again"
    written = metrics / "audit.prom"
    written.touch()
    assert run() == [], "there is one of today"
    yesterday = written.stat().st_mtime - 24 * 3600
    os.utime(written, (yesterday, yesterday))
    assert run() == [f"{said} in {log}"]


def test_what_the_audit_writes_is_what_the_node_exporter_shows() -> None:
    exporter, audit = SERVICES["node-exporter"], SERVICES["audit"]
    assert audit["volumes"][0] == "audit:/var/lib/emissions"
    assert exporter["volumes"] == ["audit:/metrics:ro"]
    assert "--collector.textfile.directory=/metrics" in exporter["command"]
    (user,) = (line.split()[1] for line in INSTRUCTIONS if line.startswith("USER "))
    assert exporter["user"] == user
    assert audit["profiles"] == exporter["profiles"]


def test_secrets_are_files_of_a_directory_that_git_ignores() -> None:
    files = {resolved(each["file"]) for each in COMPOSE["secrets"].values()}
    assert {Path(file).parent for file in files} == {Path("secrets")}
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    page = (ROOT / "docs" / "operations" / "metrics-and-dashboards.md").read_text("utf-8")
    assert "install -d -m 700 secrets" in page
    assert "chmod 644 secrets/grafana-password secrets/alert-token" in page


def test_no_file_names_a_host_of_a_registry_or_a_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8") + DOCKERFILE
    assert not re.search(r"image: *[\w.-]+\.[a-z]+/", text)
    assert not re.search(r"(?i)(password|secret|token): +[^$\s]", text)
