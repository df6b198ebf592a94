"""`emissions portal` says what keeps it from listening or from letting anybody in."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli


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
    alone = called(env={"EMISSIONS_PORTAL_USERS_FILE": str(users)})
    assert alone.exit_code == 2
    assert "set EMISSIONS_PORTAL_PRIVATE_USER" in alone.stderr
