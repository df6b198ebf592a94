"""The command line itself: help, usage errors, exit codes, sentences without secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import COMMANDS, cli
from emissions.cli.support.errors import explained, masked
from emissions.cli.support.options import Instant, ManyValues
from emissions.cli.support.output import show_rows
from emissions.input.reading_row import InputError
from streams.rules.errors import RuleError

NOWHERE = {
    "EMISSIONS_BROKER": "127.0.0.1:1",
    "EMISSIONS_CLICKHOUSE_URL": "http://127.0.0.1:1",
    "EMISSIONS_CLICKHOUSE_PASSWORD": "s3cret",
}


def emissions(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, args, env=env)


def test_help_lists_every_command() -> None:
    result = emissions("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    result = emissions(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["replay"], "Missing option '--registry'"),
        (["replay", "--registry", "r.yaml", "--input", "i.csv", "--until", "noon"],
         "Invalid value for '--until': 'noon' is not an ISO 8601 time"),
        (["replay", "--registry", "r.yaml", "--input", "i.csv", "--until", "2026-01-01T00:00"],
         "'2026-01-01T00:00' has no offset from UTC"),
        (["replay", "--registry", "r.yaml", "--input", "i.csv", "--until", "2300-01-01T00:00Z"],
         "2300-01-01T00:00Z is after 2299"),
        (["worker", "pumps"], "'pumps' is not one of 'streams', 'sinks'"),
        (["demo", "--days", "0"], "Invalid value for '--days'"),
        (["simulate", "--output", "readings.parquet"], "to .csv or .ndjson"),
        (["simulate", "--start", "2020-01-01", "--output", "x.csv"], "start must be"),
        (["sql", "--workspace", "nowhere", "SELECT 1"], "nowhere holds no kept run"),
        (["sql", " ;"], "the statement is empty"),
    ],
)  # fmt: skip
def test_bad_usage_is_exit_2(
    args: list[str], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = emissions(*args)
    assert result.exit_code == 2
    assert what in result.output
    assert "Traceback" not in result.output


def test_a_wrong_setting_is_exit_2() -> None:
    result = emissions("violations", env={"EMISSIONS_PARTITIONS": "many"})
    assert result.exit_code == 2
    assert result.output == ("emissions: EMISSIONS_PARTITIONS must be a whole number, not 'many'\n")


@pytest.mark.process
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["sql", "SELECT 1"], "no ClickHouse answers at http://127.0.0.1:1 "),
        (["migrate"], "no ClickHouse answers at http://127.0.0.1:1 "),
        (["violations"], "no Kafka broker answers at 127.0.0.1:1 "),
        (["topics", "create"], "no Kafka broker answers at 127.0.0.1:1 "),
    ],
)
def test_what_cannot_be_reached_is_one_sentence(args: list[str], sentence: str) -> None:
    result = emissions(*args, env=NOWHERE)
    assert result.exit_code == 1
    assert result.output.startswith(f"emissions: {sentence}")
    assert result.output.count("\n") == 1
    assert "s3cret" not in result.output


def test_credentials_in_addresses_are_hidden() -> None:
    text = "cannot reach https://reader:s3cret@clickhouse:8443/x"
    assert masked(text) == "cannot reach https://***@clickhouse:8443/x"
    for password in ("a@b", "a/b", "a,b"):
        assert masked(f"at http://u:{password}@host, and on") == "at http://***@host, and on"


@pytest.mark.parametrize(
    "error",
    [
        InputError("in.csv, row 2 (line 3), column SO2: 'x' is not a number"),
        RuleError("x.yaml: Expected `int`, got `str` - at `$.condition.factor`"),
    ],
)
def test_bad_input_is_its_sentence_and_exit_2(error: Exception) -> None:
    shown = explained(error)
    assert shown.exit_code == 2
    assert shown.message == str(error)


def test_the_unexpected_is_a_sentence_with_its_log() -> None:
    try:
        raise ZeroDivisionError("at http://me:s3cret@host")
    except ZeroDivisionError as caught:
        error = explained(caught)
    assert error.exit_code == 1
    head, _, log = error.message.partition("; see ")
    assert head == "failed unexpectedly (ZeroDivisionError: at http://***@host)"
    try:
        said = Path(log).read_text()
        assert "Traceback" in said
        assert "s3cret" not in said
    finally:
        Path(log).unlink()


def test_an_option_takes_several_values_at_once() -> None:
    @click.command(cls=ManyValues)
    @click.option("--input", "inputs", multiple=True)
    @click.option("--map", "maps", multiple=True)
    @click.option("--out")
    @click.option("--flag", is_flag=True)
    def show(inputs: tuple[str, ...], maps: tuple[str, ...], out: str, flag: bool) -> None:
        click.echo(json.dumps([inputs, maps, out, flag]))

    def parsed(*args: str) -> object:
        return json.loads(CliRunner().invoke(show, args).output)

    assert parsed("--input", "a", "b", "--out", "o", "--input", "c", "--map", "m", "n") == [
        ["a", "b", "c"], ["m", "n"], "o", False
    ]  # fmt: skip
    assert parsed("--flag", "--input", "a", "b") == [["a", "b"], [], None, True]
    assert CliRunner().invoke(show, ["--out", "o", "stray"]).exit_code == 2


def test_times_of_options_are_milliseconds() -> None:
    assert Instant().convert("2026-05-04T00:00:00.5+05:00", None, None) == 1_777_834_800_500


def test_rows_for_scripts_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"a": 1, "b": None}, {"a": "ж", "b": 2.5}], ("a",), "json")
    assert capsys.readouterr().out == '{"a": 1, "b": null}\n{"a": "ж", "b": 2.5}\n'


def test_rows_for_people_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"a": 1.23456789, "b": None, "c": True}], ("a", "b", "c"), "table", "Title")
    assert [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()][:1] == [
        ["Title"]
    ]


def test_simulated_files_are_read_back(tmp_path: Path) -> None:
    result = emissions(
        "simulate", "--enterprises", "1", "--output", str(tmp_path / "r.csv"),
        "--registry", str(tmp_path / "r.yaml"), "--truth", str(tmp_path / "t.ndjson"),
    )  # fmt: skip
    assert result.exit_code == 0
    rows = (tmp_path / "r.csv").read_text().splitlines()
    assert result.output.startswith(f"{len(rows) - 1:,} messages of ")
    assert (tmp_path / "r.yaml").read_text().startswith("enterprises:")
    assert all(json.loads(line)["outcome"] for line in (tmp_path / "t.ndjson").open())


@pytest.mark.process
def test_a_closed_pipe_ends_quietly() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m emissions.cli.main --help | true"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.stderr == b""
