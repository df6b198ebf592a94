"""What ``replay`` says of its input before it judges it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from emissions.cli.main import cli
from emissions.cli.support.replay_input import record_inputs, show_survey
from emissions.input.reading_row import InputError
from emissions.replay.message_buffer import MessageBuffer
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.registry.enterprise import Enterprise
from tests.core.examples import enterprise, source

HEAD = "source_id,measured_at,period_s,SO2\n"


def tape_of(tmp_path: Path, days: list[str]) -> MessageBuffer:
    rows = [f"A,{day}T00:{minute}:00+05:00,1200,1\n" for day in days for minute in ("00", "20")]
    (tmp_path / "in.csv").write_text(HEAD + "".join(rows))
    return asyncio.run(record_inputs([tmp_path / "in.csv"], {"SO2"}, [], Codec(FileIds())))


def registered() -> list[Enterprise]:
    return [enterprise(source("A"))]


def test_the_period_of_each_source_fits_eighty_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tape = tape_of(tmp_path, ["2026-05-04", "2026-05-05"])
    period = show_survey(tape, registered(), "table", strict=True)
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["source", "rows", "first", "last", "cadence", "longest_hole"]
    assert " ".join(lines[3].split()) == (
        "A 4 2026-05-04 00:00 2026-05-05 00:40 20 min 23 h 20 min"
    )
    assert period == {
        "first": "2026-05-03T19:00:00Z", "last": "2026-05-04T19:40:00Z", "far_rows": 0,
    }  # fmt: skip


def test_rows_far_from_their_neighbours_are_named_and_refused_if_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [f"2026-05-{day:02}" for day in range(1, 29)]
    days[9] = "2026-08-10"
    tape = tape_of(tmp_path, days)
    assert show_survey(tape, registered(), "json", strict=False)["far_rows"] == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[0].startswith(
        f"far from its neighbours: {tmp_path / 'in.csv'}, row 19, A at 2026-08-10T00:00:00+05:00 "
        "(row 18 says 2026-05-09T00:20:00+05:00 and row 21 says 2026-05-11T00:00:00+05:00)"
    )
    with pytest.raises(InputError, match="2 rows lie far from their neighbours, the first is "):
        show_survey(tape, registered(), "json", strict=True)


def test_an_arrival_far_from_all_others_is_named_and_refused_if_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrived = ["2026-05-04T00:30", "2026-05-04T00:50", "2025-05-04T01:10", "2026-05-04T01:30"]
    rows = [
        f"A,2026-05-04T0{n // 3}:{n % 3}0:00+05:00,1200,{at}:00+05:00,1\n"
        for n, at in enumerate(arrived)
    ]
    (tmp_path / "in.csv").write_text(
        "source_id,measured_at,period_s,arrived_at,SO2\n" + "".join(rows)
    )
    tape = asyncio.run(record_inputs([tmp_path / "in.csv"], {"SO2"}, [], Codec(FileIds())))
    assert show_survey(tape, registered(), "json", strict=False)["far_rows"] == 1
    assert capsys.readouterr().err == (
        f"far from all other arrivals: {tmp_path / 'in.csv'}, row 3, A at "
        "2026-05-04T00:20:00+05:00 arrived 2025-05-04T01:10:00+05:00: the time between "
        "counts as silence\n"
    )
    with pytest.raises(InputError, match="1 row lies far from its neighbours, the first is "):
        show_survey(tape, registered(), "json", strict=True)


def test_an_empty_input_is_nothing_to_show(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, [])
    assert show_survey(tape, [], "table", strict=True) == {
        "first": None, "last": None, "far_rows": 0,
    }  # fmt: skip


def test_the_keys_of_a_mapping_are_printed() -> None:
    said = CliRunner().invoke(cli, ["replay", "--mapping-keys"])
    assert said.exit_code == 0
    assert "skip_lines " in said.output
    assert "period_s* " in said.output
