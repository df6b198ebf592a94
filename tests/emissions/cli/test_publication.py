"""The switch of publication: shown, set, and kept with who set it."""

from __future__ import annotations

import json
from functools import partial

import pytest
from click.testing import CliRunner, Result

from emissions.access_records import record_access
from emissions.cli.main import cli
from emissions.cli.publication import NAMES
from emissions.publication import Names, PublicationPolicy, RecordKind, Role
from emissions.publication_switch import PolicyConflictError, read_policy, set_policy
from sinks.clickhouse import client
from tests.support.clickhouse import TestClickHouse


def called(clickhouse: TestClickHouse, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["publication", *arguments], env=clickhouse.settings.as_env())


def shown(clickhouse: TestClickHouse, *arguments: str) -> list[dict[str, object]]:
    done = called(clickhouse, "show", "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_words_are_those_of_the_policy() -> None:
    assert tuple(Names) == NAMES


def test_a_setting_is_in_force_and_every_earlier_one_is_kept(clickhouse: TestClickHouse) -> None:
    (default,) = shown(clickhouse)
    assert (default["revision"], default["names"], default["held"]) == (0, NAMES[0], False)
    first = called(clickhouse, "set", "--names", "NOBODY", "--by", "A", "--reason", "Order 17")
    assert first.stdout == "setting 1 is in force: names NOBODY\n"
    second = called(clickhouse, "set", "--hold", "--by", "B", "--reason", "Wrong limits")
    assert second.stdout == (
        "setting 2 is in force: no case or violation is shown to the public; "
        "means and gaps stay open\n"
    )
    (now,) = shown(clickhouse)
    assert (now["revision"], now["names"], now["held"]) == (2, "NOBODY", True)
    assert (now["set_by"], now["reason"]) == ("B", "Wrong limits")
    assert [each["set_by"] for each in shown(clickhouse, "--history")] == ["B", "A"]
    clickhouse.client.insert(
        "publication_policy",
        [[3, "SOMEBODY", False, "C"]],
        column_names=["revision", "names", "held", "set_by"],
        database=clickhouse.settings.clickhouse_database,
    )
    with client(clickhouse.settings) as connected:
        assert read_policy(connected).policy == PublicationPolicy(Names.NOBODY)


@pytest.mark.parametrize("hold_first", [True, False])
def test_of_two_settings_at_once_what_either_closes_is_closed(
    clickhouse: TestClickHouse, *, hold_first: bool
) -> None:
    hold = PublicationPolicy(Names.AFTER_APPEAL, held=True)
    closer = PublicationPolicy(Names.FINAL_DECISIONS_ONLY)
    with client(clickhouse.settings) as connected:
        assert set_policy(connected, hold if hold_first else closer, "A", "", after=0) == 1
        with pytest.raises(PolicyConflictError, match="setting 2 is in force"):
            set_policy(connected, closer if hold_first else hold, "B", "", after=0)
        now = read_policy(connected)
        assert (now.revision, now.policy) == (
            2,
            PublicationPolicy(Names.FINAL_DECISIONS_ONLY, held=True),
        )
        with pytest.raises(PolicyConflictError, match="setting 3 is in force"):
            set_policy(connected, PublicationPolicy(), "C", "", after=1)  # read before that
        assert read_policy(connected).policy == now.policy


def test_what_is_not_said_is_asked_for() -> None:
    for arguments, sentence in (
        (["--by", "A"], "nothing to set: give --names, --hold or --release"),
        (["--hold", "--by", " "], "--by is empty: say who sets it"),
        (["--hold", "--by", "A"], "--hold needs --reason: it is kept with the setting"),
        (
            ["--hold", "--by", "A", "--reason", " "],
            "--hold needs --reason: it is kept with the setting",
        ),
    ):
        done = CliRunner().invoke(cli, ["publication", "set", *arguments])
        assert (done.exit_code, done.stderr) == (2, f"emissions: {sentence}\n")


def test_a_look_is_recorded_with_who_and_at_what(clickhouse: TestClickHouse) -> None:
    look = partial(record_access, kind=RecordKind.RAW_READING, query="page", what="S1 2026-03-01")
    with client(clickhouse.settings) as connected:
        look(connected, who="i@example", role=Role.INSPECTOR, bins=["b", "a", "b"])
        with pytest.raises(ValueError, match="the public"):
            look(connected, who="x", role=Role.PUBLIC)
        with pytest.raises(ValueError, match="nobody looked"):
            look(connected, who="", role=Role.AUTHORITY)
    rows = clickhouse.rows("SELECT who, role, kind, query, what, bins FROM access_records")
    assert [tuple(row) for row in rows] == [
        ("i@example", "INSPECTOR", "RAW_READING", "page", "S1 2026-03-01", ["a", "b"])
    ]
