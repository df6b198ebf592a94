"""`emissions portal-users` keeps a file of who may sign in, which others may not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli

PASSWORD = "long enough a password"  # noqa: S105 - of nobody


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "users.yaml"
    monkeypatch.setenv("EMISSIONS_PORTAL_USERS_FILE", str(file))
    return file


def called(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["portal-users", *arguments], input=f"{PASSWORD}\n")


def test_a_region_that_is_none_is_refused_with_those_that_are(users: Path) -> None:
    wrong = called("add", "aidar", "--role", "inspector", "--region", "KZ-55", "--region", "KZ-99")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("emissions: KZ-99 is no region of KZ: KZ-10, KZ-11, ")
    assert not users.exists()
    assert called("add", "aidar", "--role", "inspector", "--region", "KZ-55").exit_code == 0
    assert "KZ-55" in called("list").stdout


def test_a_file_that_others_may_read_is_refused_until_they_may_not(users: Path) -> None:
    assert called("add", "boss", "--role", "authority").exit_code == 0
    assert users.stat().st_mode & 0o077 == 0
    users.chmod(0o644)
    for arguments in (("list",), ("remove", "boss"), ("add", "x", "--role", "authority")):
        done = called(*arguments)
        assert done.exit_code == 2
        assert done.stderr == (
            f"emissions: EMISSIONS_PORTAL_USERS_FILE: everybody may read {users}: chmod 600\n"
        )
    users.chmod(0o600)
    assert called("remove", "boss").exit_code == 0
