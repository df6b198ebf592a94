"""``emissions accounting`` on a store: hours that are missing, stand still, or were measured."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from emissions.cli.main import cli
from tests.support.clickhouse import TestClickHouse

_INSERT = (
    "INSERT INTO means (source_id, parameter, unit, window, start, end, value, status, version) "
    "SELECT 'S', 'SO2', 'g/s', '1h', begin, begin + INTERVAL 1 HOUR, v, s, 2 FROM ("
    "SELECT toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + toIntervalHour(number) AS begin, "
    "multiIf(number < 100, 10., number = 105, 30., NULL) AS v, "
    "multiIf(number < 100 OR number = 105, 'VALID', number = 103, 'NOT_OPERATING', "
    "'INSUFFICIENT') AS s FROM numbers(106) WHERE number NOT IN (101, 102))"
)


def accounting(clickhouse: TestClickHouse, *args: str) -> Result:
    env = clickhouse.settings.as_env()
    return CliRunner().invoke(cli, ["accounting", *args], env=env)


def test_missing_hours_have_a_value_and_a_code(clickhouse: TestClickHouse) -> None:
    clickhouse.client.command(_INSERT)
    told = accounting(clickhouse, "S", "SO2", "--hours", "--format", "json", "--store")
    assert told.exit_code == 0, told.output
    hours = [json.loads(line) for line in told.stdout.splitlines()]
    # 106 hours less the one that stood still; 100, 101, 102 and 104 are missing
    assert len(hours) == 105
    lost = [hour for hour in hours if hour["code"] != "01"]
    assert [hour["start"][11:13] for hour in lost] == ["04", "05", "06", "08"]
    assert {(hour["value"], hour["code"]) for hour in lost} == {(20.0, "06")}
    assert lost[0]["availability_pct"] == 100 * 100 / 104
    stored = "SELECT count(), sum(value), countIf(code = '06') FROM accounted_hours_current"
    assert clickhouse.rows(stored) == [(105, 1000 + 30 + 80, 4)]
    assert accounting(clickhouse, "S", "SO2", "--store").exit_code == 0
    assert clickhouse.rows(stored) == [(105, 1000 + 30 + 80, 4)]


def test_the_sums_of_a_time_by_code(clickhouse: TestClickHouse) -> None:
    clickhouse.client.command(_INSERT)
    told = accounting(clickhouse, "S", "SO2", "--from", "2026-03-05", "--maximum", "99")
    assert told.exit_code == 0, told.output
    lines = [line.split() for line in told.stdout.splitlines()[2:]]
    # local midnight of the 5th is 19:00 UTC of the 4th: hour 91; 10 of the 14 are measured
    assert lines[0][0] == "01"
    assert lines[0][-4:] == ["10", "12", "g/s", "0.432"]
    assert lines[1][0] == "12"  # 10 of 14 hours: less than 80 % are available
    assert lines[-1][0] == "all"


def test_what_cannot_be_accounted_for_is_said(clickhouse: TestClickHouse) -> None:
    told = accounting(clickhouse, "S", "NO2")
    assert told.exit_code == 2
    assert "S has no valid 1-hour mean of NO2 in g/s in that time" in told.output
    told = accounting(clickhouse, "S", "SO2", "--from", "yesterday")
    assert (told.exit_code, "neither a date nor a time" in told.output) == (2, True)
    told = accounting(clickhouse, "S", "SO2", "--from", "2026-02-02", "--to", "2026-02-01")
    assert (told.exit_code, "--from must be before --to" in told.output) == (2, True)
