"""Events of a stack are sentences for people and JSON lines for scripts."""

from __future__ import annotations

import json

import pytest

from emissions.cli.support.stack_events import StackEvents, sentence

ENDED = {
    "part": "streams worker",
    "exit_code": -9,
    "said": "x" * 500,
    "log": "d/streams.log",
    "again_in_s": 0.0,
}


def test_an_end_says_how_what_was_said_last_and_what_is_done() -> None:
    text = sentence("part_ended", ENDED)
    assert text.startswith(
        "streams worker was killed by signal 9; it is started again now "
        "(log d/streams.log, last line: xxx"
    )
    assert text.endswith("x)")
    assert len(text) < 260
    later = sentence("part_ended", {**ENDED, "exit_code": 2, "said": "", "again_in_s": 4.0})
    assert later == (
        "streams worker ended with exit code 2; it is started again in 4 s (log d/streams.log)"
    )
    refused = sentence("part_ended", {**ENDED, "exit_code": 2, "said": "no such port"})
    assert refused.startswith("streams worker ended with exit code 2: no such port; it is started")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '{"event": "retrying", "error": "away", "level": "warning"}',
            "retrying (away)",
        ),
        ('{"event": "worker_started", "level": "info"}', "worker_started"),
        ('{"no": "event"}', '{"no": "event"}'),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_line_of_a_log_in_json_is_shortened(line: str, shown: str) -> None:
    assert f", last line: {shown})" in sentence("part_ended", {**ENDED, "said": line})


@pytest.mark.parametrize(
    ("event", "fields", "words"),
    [
        (
            "part_started",
            {"part": "broker", "pid": 5, "log": "l", "failures": 0},
            "broker started (process 5, log l)",
        ),
        (
            "part_started",
            {"part": "broker", "pid": 5, "log": "l", "failures": 2},
            "broker started again (process 5, log l)",
        ),
        (
            "part_not_started",
            {"part": "broker", "said": "no room", "log": "l", "again_in_s": 1.0},
            "broker did not start: no room; it is started again in 1 s (log l)",
        ),
        ("part_finished", {"part": "simulation", "said": ""}, "simulation is done"),
        ("topics_created", {"count": 14}, "14 topics created"),
        ("waiting", {"why": "port 9092 is still taken"}, "waiting: port 9092 is still taken"),
        ("unheard_of", {"a": 1}, "unheard_of a=1"),
    ],
)
def test_every_event_is_a_sentence(event: str, fields: dict[str, object], words: str) -> None:
    assert sentence(event, fields) == words


def test_json_is_one_object_a_line_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = StackEvents("json")
    events("part_ended", **ENDED)
    events.status("never shown")
    said = capsys.readouterr()
    assert said.err == ""
    found = json.loads(said.out)
    assert found["event"] == "part_ended"
    assert found["exit_code"] == -9
    assert found["time"].endswith("+00:00")


def test_without_a_terminal_there_are_lines_and_no_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = StackEvents("table")
    assert not events.shows_status
    events("topics_created", count=14)
    events.status("never shown")
    events.end()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("14 topics created\n")
    assert "\x1b" not in said.err
