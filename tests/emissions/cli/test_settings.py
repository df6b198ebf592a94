"""``emissions settings``: every setting with its meaning, and wrong ones marked."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from emissions.cli.support.settings_listing import listing, meanings
from streams.settings import Settings


def call(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["settings", *arguments], env=dict(env))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in dataclasses.fields(Settings):
        monkeypatch.delenv(f"EMISSIONS_{part.name.upper()}", raising=False)


@pytest.mark.parametrize("name", [part.name for part in dataclasses.fields(Settings)])
def test_every_setting_has_a_meaning(name: str) -> None:
    meaning = meanings().get(name, "")
    assert meaning, f"write a comment behind {name} in streams/settings.py"
    assert not meaning.startswith("noqa")


def test_every_setting_is_listed_with_type_value_default_and_meaning() -> None:
    done = call("--format", "json", EMISSIONS_GRACE_S="7")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    fields = dataclasses.fields(Settings)
    assert [row["variable"] for row in rows] == [f"EMISSIONS_{f.name.upper()}" for f in fields]
    assert all(row["type"] and row["meaning"] and row["wrong"] is None for row in rows)
    (grace,) = (row for row in rows if row["variable"] == "EMISSIONS_GRACE_S")
    assert grace == {
        "variable": "EMISSIONS_GRACE_S",
        "type": "whole number",
        "value": 7,
        "default": 300,
        "source": "environment",
        "given": True,
        "meaning": "a window closes this long after its end",
        "wrong": None,
    }


def test_the_table_tells_the_values_of_the_environment_from_defaults() -> None:
    lines = call(COLUMNS="400", EMISSIONS_GRACE_S="7").stdout.splitlines()
    told = {line.split()[0]: line.split() for line in lines[2:]}
    assert told["EMISSIONS_GRACE_S"][1:4] == ["7", "environment", "300"]
    assert told["EMISSIONS_DAY_GRACE_S"][1:4] == ["1200", "default", "1200"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_settings_fit_the_width_of_the_terminal(width: int) -> None:
    done = call(COLUMNS=str(width))
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= width
    for part in dataclasses.fields(Settings):
        assert f"EMISSIONS_{part.name.upper()}" in done.stdout


def test_no_secret_is_shown() -> None:
    given = {
        "EMISSIONS_BROKER": "who:s3cret@host:9092",  # wrong, and still not shown
        "EMISSIONS_BROKER_PASSWORD": "s3cret",
        "EMISSIONS_CLICKHOUSE_URL": "http://who:s3cret@host:1",
        "EMISSIONS_CLICKHOUSE_PASSWORT": "s3cret",
    }
    for form in ("table", "json"):
        done = call("--format", form, **given)
        assert "s3cret" not in done.output
        assert "***" in done.output


@pytest.mark.parametrize("password", ["Ge,Rest", "Ge/Rest", "Ge@Rest", "Ge Rest", "Ge#?Rest"])
def test_no_part_of_a_password_is_shown_whatever_is_in_it(password: str) -> None:
    for form in ("table", "json"):
        given = {
            "EMISSIONS_CLICKHOUSE_URL": f"http://u:{password}@host:8123",
            "EMISSIONS_BROKER": f"u:{password}@host:9092",
        }
        done = call("--format", form, **given)
        assert "http://***@host" in done.output
        assert not re.search(r"\b(Ge|Rest)\b", done.output)


def test_wrong_values_are_marked_each_with_its_reason() -> None:
    given = {
        "EMISSIONS_PARTITIONS": "0",
        "EMISSIONS_GRACE_S": "soon",
        "EMISSIONS_HEARTBEAT_S": "5",  # more than a third of the other
        "EMISSIONS_TOPIC_MEANS": "emissions.gaps",
        "EMISSIONS_TICK_S": "3",
        "EMISSIONS_GRACE": "1",
        "EMISSIONS_PORT": "tcp://10.0.0.7:6066",
    }
    rows = {each.variable: each for each in listing(given)}
    wrong = {name: each.wrong for name, each in rows.items() if each.wrong}
    assert set(wrong) == set(given) - {"EMISSIONS_TICK_S", "EMISSIONS_PORT"}
    assert wrong["EMISSIONS_GRACE_S"] == "EMISSIONS_GRACE_S must be a whole number, not 'soon'"
    assert rows["EMISSIONS_GRACE_S"].value == "soon"
    assert rows["EMISSIONS_TICK_S"].value == 3.0
    assert rows["EMISSIONS_PORT"].meaning == "set by Kubernetes for a Service; ignored"
    done = call(**given)
    assert done.exit_code == 2
    assert "WRONG: EMISSIONS_PARTITIONS must be at least 1" in " ".join(done.stdout.split())
    assert done.stderr == "emissions: invalid settings: 5\n"


def test_an_earlier_name_is_listed_beside_the_setting_it_sets() -> None:
    found = {each.variable: each for each in listing({"EMISSIONS_SAY_S": "3", "SAY_S": "4"})}
    assert found["EMISSIONS_SAY_S"].meaning == "earlier name of EMISSIONS_LOG_INTERVAL_S"
    assert found["EMISSIONS_SAY_S"].wrong is None
    assert found["EMISSIONS_LOG_INTERVAL_S"].value == 3.0
    assert "SAY_S" not in found


def test_an_earlier_name_beside_the_present_one_is_marked() -> None:
    both = {"EMISSIONS_SAY_S": "3", "EMISSIONS_LOG_INTERVAL_S": "5"}
    found = {each.variable: each for each in listing(both)}
    assert found["EMISSIONS_LOG_INTERVAL_S"].value == 5.0
    assert "give one of them" in (found["EMISSIONS_SAY_S"].wrong or "")


def test_a_wrong_value_under_an_earlier_name_is_marked() -> None:
    found = {each.variable: each for each in listing({"EMISSIONS_SAY_S": "soon"})}
    assert found["EMISSIONS_LOG_INTERVAL_S"].wrong is not None
