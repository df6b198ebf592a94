"""`emissions portal` says what keeps it from listening or from letting anybody in."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.embedded.child import free_port
from emissions.cli.main import cli
from emissions.portal.access.private_data import AccessRecords, Look, of_private_user, why_refused
from emissions.portal.database import DatabaseGoneError
from emissions.publication import RecordKind, Role
from streams.access_files import AccessFileError
from streams.settings import Settings
from tests.support.clickhouse import TestClickHouse


def called(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, ["portal", *arguments], env=env)


@pytest.mark.process
def test_a_port_in_use_is_told_before_an_address_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = called("--port", str(other.getsockname()[1]))
    assert done.exit_code == 2
    assert "cannot listen on 127.0.0.1" in done.stderr
    assert done.stdout == ""


def test_no_port_is_a_sentence() -> None:
    done = called(env={"EMISSIONS_PORTAL_PORT": "99999"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert "EMISSIONS_PORTAL_PORT must be a port, not 99999" in done.stderr


def test_a_sign_in_that_lets_nobody_in_is_refused(tmp_path: Path) -> None:
    users = tmp_path / "users.yaml"
    missing = called(env={"EMISSIONS_PORTAL_USERS_FILE": str(users)})
    assert missing.exit_code == 2
    assert f"{users} is not there" in missing.stderr
    users.write_text("{}\n", encoding="utf-8")
    users.chmod(0o644)
    shown = called(env={"EMISSIONS_PORTAL_USERS_FILE": str(users)})
    assert (shown.exit_code, "everybody may read" in shown.stderr) == (2, True)
    users.chmod(0o600)
    alone = called(env={"EMISSIONS_PORTAL_USERS_FILE": str(users)})
    assert alone.exit_code == 2
    assert "set EMISSIONS_PORTAL_PRIVATE_USER" in alone.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PROXIES", "nginx", "addresses or networks of proxies"),
        ("PROXIES", "10.0.0.5/8", "'10.0.0.5/8' is none"),
        ("PROXIES", "10.0.0.1,", "'' is none"),
        ("URL", "portal.kz", "http(s)://host[:port], not 'portal.kz'"),
        ("URL", "https://u:secret@portal.kz", "must not carry a user or a password"),
        ("DATA_PATH", "/nowhere/at/all", "/nowhere/at/all is not there, nor is /nowhere/at"),
        ("DATA_PATH", __file__, "is no directory"),
    ],
)
def test_settings_that_are_nonsense_are_refused_at_the_start(
    name: str, value: str, said: str
) -> None:
    done = called(env={f"EMISSIONS_PORTAL_{name}": value})
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"emissions: EMISSIONS_PORTAL_{name}")
    assert said in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize("proxies", ["*", "10.0.0.7, 10.1.0.0/16", "::1", None])
def test_proxies_are_addresses_and_networks(proxies: str | None) -> None:
    assert Settings(portal_proxies=proxies).portal_proxies == proxies


def test_a_wrong_password_of_the_sign_in_is_told_with_what_to_correct(
    clickhouse: TestClickHouse,
) -> None:
    wrong = "a-wrong-password"
    settings = replace(clickhouse.settings, portal_private_password=wrong)
    said = why_refused(settings, "default")
    assert said == (
        "ClickHouse rejects the user 'default' or its password: correct "
        "EMISSIONS_PORTAL_PRIVATE_USER and EMISSIONS_PORTAL_PRIVATE_PASSWORD (or "
        "EMISSIONS_PORTAL_PRIVATE_PASSWORD_FILE)"
    )
    right = replace(settings, portal_private_password=settings.clickhouse_password)
    assert why_refused(right, settings.clickhouse_user) is None
    with pytest.raises(DatabaseGoneError, match="EMISSIONS_PORTAL_PRIVATE_USER and") as gone:
        AccessRecords(of_private_user(settings, "default"))._insert(
            "i@example", Role.AUTHORITY, Look(RecordKind.CASE, "C1")
        )
    assert wrong not in str(gone.value)


@pytest.mark.process
def test_a_clickhouse_that_is_away_refuses_nobody() -> None:
    assert why_refused(Settings(clickhouse_url=f"http://127.0.0.1:{free_port()}"), "p") is None


def test_a_file_of_the_password_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    settings = Settings(portal_private_password_file=str(tmp_path / "none"))
    with pytest.raises(AccessFileError, match="PORTAL_PRIVATE_PASSWORD_FILE"):
        why_refused(settings, "p")
