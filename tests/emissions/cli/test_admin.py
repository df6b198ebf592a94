"""``emissions admin acl``: what it prints and refuses; tests/kafka/test_rights.py gives rights."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import Future
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka.admin import AclBinding, AclBindingFilter

from emissions.cli.main import cli
from streams.kafka.rights import ROLES


def acl(*args: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["admin", "acl", *args], env=env)


def test_the_commands_are_a_script_that_fits_a_terminal() -> None:
    done = acl(EMISSIONS_TOPIC_MEANS="own.means")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("# ") for line in lines) == len(ROLES)
    assert "--topic own.means" in done.stdout
    assert "emissions.means" not in done.stdout


@pytest.mark.process
def test_the_script_gives_what_json_says() -> None:
    told = [json.loads(line) for line in acl("--format", "json").stdout.splitlines()]
    script = f'kafka-acls.sh() {{ echo CALL "$@"; }}\n{acl().stdout}'
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, check=True)
    given = set()
    for line in done.stdout.splitlines():
        words = line.split()
        who, operation = (words[words.index(w) + 1] for w in ("--allow-principal", "--operation"))
        if "--cluster" in words:
            given.add((who, operation, "cluster", "kafka-cluster", "literal"))
        pattern = (
            "literal" if "--cluster" in words else words[words.index("--resource-pattern-type") + 1]
        )
        for kind in ("topic", "group"):
            names = [b for a, b in pairwise(words) if a == f"--{kind}"]
            given |= {(who, operation, kind, name, pattern) for name in names}
    columns = ("principal", "operation", "resource", "name", "pattern")
    assert given == {tuple(row[column] for column in columns) for row in told}


def test_a_role_may_have_several_principals() -> None:
    call = ("--role=station", "--principal=station=plant-7", "--principal=station=User:plant-8")
    rows = [json.loads(line) for line in acl(*call, "--format=json").stdout.splitlines()]
    assert [row["principal"] for row in rows] == ["User:plant-7", "User:plant-8"]


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        ("nobody=User:x", "is no ROLE=PRINCIPAL"),
        ("station", "is no ROLE=PRINCIPAL"),
        ("station=User:", "is no ROLE=PRINCIPAL"),
        ("station=User:*", "would give the role to everybody"),
    ],
)
def test_a_wrong_principal_is_a_sentence(principal: str, said: str) -> None:
    done = acl(f"--principal={principal}")
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


class LateBroker:
    """Tells rights some questions after it took them, as a quorum does whose broker follows."""

    def __init__(self, late: int) -> None:
        self.late = late
        self.given: list[AclBinding] = []

    def create_acls(self, bindings: list[AclBinding], **_: Any) -> dict[AclBinding, Future[None]]:
        self.given += bindings
        return {binding: _done(None) for binding in bindings}

    def describe_acls(self, wanted: AclBindingFilter, **_: Any) -> Future[list[AclBinding]]:
        if self.given:
            self.late -= 1
        told = [acl for acl in self.given if acl.principal == wanted.principal]
        return _done([] if self.late > 0 else told)


def _done(value: Any) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(value)
    return done


@pytest.mark.parametrize("late", [1, 5])
def test_rights_are_given_once_the_broker_tells_them(
    monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    broker = LateBroker(late)
    monkeypatch.setattr("emissions.admin.acl_apply._client", lambda _: broker)
    monkeypatch.setattr("emissions.admin.acl_apply._AGAIN_S", 0.0)
    done = acl("--apply", "--role=seal", "--format=json")
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["state"] for line in done.stdout.splitlines()} == {"given"}
    assert broker.late <= 0


def test_rights_that_are_never_told_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = LateBroker(1_000_000)
    monkeypatch.setattr("emissions.admin.acl_apply._client", lambda _: broker)
    monkeypatch.setattr("emissions.admin.acl_apply._HEED_S", 0.0)
    monkeypatch.setattr("emissions.admin.acl_apply._AGAIN_S", 0.0)
    done = acl("--apply", "--role=seal")
    assert done.exit_code == 1
    assert "the broker does not tell those of User:emissions-seal" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.process
def test_a_broker_that_is_away_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emissions.admin.acl_apply._ANSWER_S", 1.0)
    done = acl("--apply", "--role=seal", EMISSIONS_BROKER="127.0.0.1:1")
    assert done.exit_code == 1
    assert done.stderr.startswith("emissions: the broker does not answer about rights")
