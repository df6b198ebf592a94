"""``emissions sql``: forms, limits, one statement, and an end at once."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.embedded.clickhouse import EmbeddedClickHouse, InUseError
from emissions.cli.main import cli
from emissions.cli.sql import LIMIT
from tests.support.clickhouse import TestClickHouse

Env = dict[str, str]


@pytest.fixture
def env(clickhouse: TestClickHouse) -> Env:
    return clickhouse.settings.as_env()


def sql(env: Env, *args: str) -> Result:
    return CliRunner().invoke(cli, ["sql", *args], env=env)


def test_a_table_has_a_limit_and_says_so(env: Env) -> None:
    told = sql(env, "SELECT number FROM numbers(5000)")
    assert told.exit_code == 0
    assert len(told.stdout.splitlines()) == 2 + LIMIT
    assert told.stderr == (
        "only the first 1,000 rows are shown; use --limit N for more, --limit 0 for all\n"
    )  # fmt: skip
    few = sql(env, "--limit", "3", "SELECT number FROM numbers(3)")
    assert few.stdout.split() == ["number", "─" * 6, "0", "1", "2"]
    assert few.stderr == ""
    every = sql(env, "--limit", "0", "SELECT number FROM numbers(5000)")
    assert every.stdout.splitlines()[-1].strip() == "4999"
    assert every.stderr == ""


def test_other_forms_have_none_unless_it_is_given(env: Env) -> None:
    told = sql(env, "--format", "csv", "SELECT number AS n, 'a,b' AS t FROM numbers(5000)")
    rows = list(csv.reader(io.StringIO(told.stdout)))
    assert rows[:2] == [["n", "t"], ["0", "a,b"]]
    assert len(rows) == 5_001
    few = sql(env, "--format", "ndjson", "--limit", "2", "SELECT number AS n FROM numbers(9)")
    assert few.stdout == '{"n":0}\n{"n":1}\n'
    shown = sql(env, "--format", "csv", "EXISTS TABLE means")
    assert shown.stdout.splitlines() == ['"result"', "1"]


def test_json_is_one_valid_array(env: Env) -> None:
    question = (
        "SELECT number, if(number = 1, nan, -inf) AS a, 18446744073709551615 AS b, "
        "unhex('ff') AS c, 'x\ny' AS d FROM numbers(20000)"
    )
    told = sql(env, "--format", "json", question)
    rows = json.loads(told.stdout)
    assert len(rows) == 20_000
    assert rows[1] == {"number": 1, "a": None, "b": 2**64 - 1, "c": "\ufffd", "d": "x\ny"}
    quoted = sql(env, "--format", "json", "--quote-big-integers", "SELECT toUInt64(7) AS n")
    assert json.loads(quoted.stdout) == [{"n": "7"}]
    assert json.loads(sql(env, "--format", "json", "SELECT 1 WHERE 0").stdout) == []


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.csv", b'"n"\n'), ("a.json", b"[\n{"), ("a.ndjson", b'{"n"'), ("a.parquet", b"PAR1")],
)
def test_a_file_says_its_form_and_is_there_when_it_is_whole(
    env: Env, tmp_path: Path, name: str, begins: bytes
) -> None:
    told = sql(env, "-o", str(tmp_path / name), "SELECT 1 AS n")
    assert (told.exit_code, told.stdout) == (0, "")
    assert (tmp_path / name).read_bytes().startswith(begins)
    broken = sql(
        env, "-o", str(tmp_path / f"b{name}"), "SELECT throwIf(number = 4999) FROM numbers(5000)"
    )
    assert broken.exit_code in (1, 2)  # refused at once, or broken off
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("SELECT 1; SELECT 2",), "only one statement is allowed: a second one starts at line 1"),
        (("-o", "answer.xls", "SELECT 1"), "answer.xls: give --format, or a file that ends in"),
        (("-o", "/nowhere/a.csv", "SELECT 1"), "/nowhere/a.csv: No such file or directory"),
        (("DROP TABLE means",), "readonly"),
        (("SELECT nothing FROM means",), "ClickHouse: Unknown expression"),
    ],
)
def test_what_is_refused_is_one_sentence(env: Env, args: tuple[str, ...], why: str) -> None:
    told = sql(env, *args)
    assert told.exit_code == 2
    assert told.stderr.startswith("emissions: ")
    assert why in told.stderr
    assert told.stderr.count("\n") == 1


def endless(env: Env, form: str) -> subprocess.Popen[bytes]:
    question = "SELECT number FROM numbers(1000000000000)"
    arguments = ["sql", "--format", form, "--limit", "0", question]
    return subprocess.Popen(
        [sys.executable, "-m", "emissions.cli.main", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_an_interrupt_ends_the_question_with_a_sentence(env: Env, form: str) -> None:
    with endless(env, form) as asking:
        assert asking.stdout is not None
        assert asking.stderr is not None
        assert asking.stdout.read(10_000)  # it is under way
        asking.send_signal(signal.SIGINT)
        asking.stdout.read()
        assert asking.wait(300) == 128 + signal.SIGINT
        assert asking.stderr.read() == b"emissions: interrupted\n"


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_that_has_seen_enough_ends_it_quietly(env: Env, form: str) -> None:
    with endless(env, form) as asking:
        assert asking.stdout is not None
        assert asking.stderr is not None
        assert asking.stdout.read(10_000)
        asking.stdout.close()
        assert asking.wait(300) == 0
        assert asking.stderr.read() == b""


def test_a_kept_run_is_asked_and_left_as_it_was(tmp_path: Path, env: Env) -> None:
    (tmp_path / "clickhouse").mkdir()
    for _ in range(2):
        told = sql(
            {"EMISSIONS_CLICKHOUSE_DATABASE": "default"},
            "--workspace", str(tmp_path), "--format", "csv", "SELECT 1 AS one",
        )  # fmt: skip
        assert told.stdout == '"one"\n1\n'


def test_a_directory_that_another_process_serves_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: EmbeddedClickHouse) -> EmbeddedClickHouse:
        raise InUseError

    monkeypatch.setattr(EmbeddedClickHouse, "start", start)
    (tmp_path / "clickhouse").mkdir()
    asked = sql({}, "--workspace", str(tmp_path), "SELECT 1")
    (tmp_path / "env.sh").touch()
    served = sql({}, "--workspace", str(tmp_path), "SELECT 1")
    assert (asked.exit_code, served.exit_code) == (2, 2)
    assert asked.stderr.endswith("run this again when that one has ended\n")
    assert served.stderr == (
        f"emissions: `emissions up` or `serve` runs on {tmp_path}: run `. {tmp_path}/env.sh` and "
        "ask that one, without --workspace\n"
    )
