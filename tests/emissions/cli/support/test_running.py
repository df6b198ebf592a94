"""Standard output of a command is its result, whatever the parts of the pipeline log."""

from __future__ import annotations

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
