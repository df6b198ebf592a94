"""The supervisor starts, starts again, tells what happens, and stops in the reverse order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emissions.supervision.supervisor import Supervisor, last_words


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakePart:
    """A part in memory; ``journal`` is shared and tells what was done, in order."""

    def __init__(self, name: str, journal: list[str], log: Path, needs: tuple[str, ...] = ()):
        self.name, self.needs, self.log = name, needs, log
        self._journal = journal
        self.code: int | None = 0
        self.refusal: Exception | None = None

    @property
    def pid(self) -> int | None:
        return 4711 if self.code is None else None

    def start(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self._journal.append(f"start {self.name}")
        self.code = None

    def exit_code(self) -> int | None:
        return self.code

    def request_stop(self) -> None:
        self._journal.append(f"ask {self.name}")

    def stop(self) -> None:
        self._journal.append(f"stop {self.name}")
        self.code = 0


class Setup:
    def __init__(self, tmp_path: Path) -> None:
        self.journal: list[str] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.clock = Clock()
        self.log = log = tmp_path / "log"
        log.write_text("one\nan error of an earlier life\n\n")
        self.parts = {
            "broker": FakePart("broker", self.journal, log),
            "streams": FakePart("streams", self.journal, log, ("broker",)),
            "sinks": FakePart("sinks", self.journal, log, ("broker",)),
        }
        self.supervisor = Supervisor(
            list(self.parts.values()),
            lambda event, **fields: self.told.append((event, fields)),
            clock=self.clock,
            finished=lambda name, code: name == "sinks" and code == 0,
        )


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_everything_is_started_in_the_order_of_need(setup: Setup) -> None:
    setup.supervisor.start("broker")
    assert setup.supervisor.look() is None
    assert setup.journal == ["start broker", "start streams", "start sinks"]
    assert [event for event, _ in setup.told] == ["part_started"] * 3


def test_a_part_that_was_killed_is_started_again_and_told(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.supervisor.look()
    setup.told.clear()
    setup.parts["streams"].code = -9
    with setup.log.open("a") as log:
        log.write("the last line\n\n")
    setup.supervisor.look()
    ended, again = setup.told
    assert ended[0] == "part_ended"
    assert ended[1]["exit_code"] == -9
    assert ended[1]["said"] == "the last line"
    assert again == ("part_started", {**again[1], "part": "streams", "failures": 1})
    assert setup.supervisor.states["streams"].running


def test_a_part_that_fails_again_waits(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.supervisor.look()
    for wait in (None, 1.0, 2.0):
        setup.parts["streams"].code = 1
        assert setup.supervisor.look() == wait
        setup.clock.now += (wait or 0.0) - 0.25
        setup.supervisor.look()
        assert setup.supervisor.states["streams"].running == (wait is None)
        setup.clock.now += 0.25
        setup.supervisor.look()
        assert setup.supervisor.states["streams"].running


def test_a_start_that_fails_is_told_and_tried_again(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.parts["streams"].refusal = OSError("no\nroom")
    setup.supervisor.look()
    event, fields = setup.told[1]
    assert event == "part_not_started"
    assert fields["said"] == "no room"
    assert setup.supervisor.states["sinks"].running
    setup.parts["streams"].refusal = None
    setup.supervisor.look()
    assert setup.supervisor.states["streams"].running


def test_the_first_start_of_a_part_raises_its_error(setup: Setup) -> None:
    setup.parts["broker"].refusal = OSError("taken")
    with pytest.raises(OSError, match="taken"):
        setup.supervisor.start("broker")


def test_a_part_that_did_its_work_is_not_started_again(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.supervisor.look()
    setup.parts["sinks"].code = 0
    assert setup.supervisor.look() is None
    assert setup.told[-1][0] == "part_finished"
    setup.clock.now += 1e6
    setup.supervisor.look()
    assert setup.journal.count("start sinks") == 1


def test_all_are_asked_together_and_what_they_need_ends_last(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.supervisor.look()
    setup.journal.clear()
    setup.supervisor.stop()
    assert setup.journal == [
        *("ask sinks", "ask streams", "stop sinks", "stop streams"),
        *("ask broker", "stop broker"),
    ]


def test_only_lines_of_that_life_are_quoted(setup: Setup) -> None:
    setup.supervisor.start("broker")
    setup.parts["broker"].code = -9
    setup.supervisor.look()
    assert [fields["said"] for event, fields in setup.told if event == "part_ended"] == [""]


def test_a_log_that_was_made_anew_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("new\n")
    assert last_words(log, 4000) == "new"


def test_the_last_words_of_a_log_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == ""
