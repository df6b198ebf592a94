"""Standard output of a command is its result, whatever the parts of the pipeline log."""

from __future__ import annotations

import asyncio
import os
import signal

import click
import pytest
import structlog

from emissions.cli.support.running import run


async def work() -> int:
    structlog.get_logger("registry").warning("a registration cannot be used")
    return 7


def test_logs_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    assert run(work()) == 7
    assert structlog.get_config() == before  # whatever runs next in the process is not touched
    said = capfd.readouterr()
    assert said.out == ""
    assert "a registration cannot be used" in said.err


async def until_interrupted() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("starts_processes", "said"),
    [
        (False, "emissions: interrupted\n"),
        (True, "emissions: interrupted; all started processes are stopped\n"),
    ],
)
def test_what_was_stopped_is_said_by_work_that_starts_something(
    starts_processes: bool, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(click.exceptions.Exit) as ended:
        run(until_interrupted(), starts_processes=starts_processes)
    assert ended.value.exit_code == 130
    assert capfd.readouterr().err == said
