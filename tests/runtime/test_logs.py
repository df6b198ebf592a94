"""Lines of libraries pass once per period; those about an unreachable broker are one event."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from streams.runtime.logs import RateLimitFilter, configure
from streams.settings import Settings

_LOG = structlog.get_logger(__name__)


def line(name: str, message: str, *args: object, level: int = logging.ERROR) -> logging.LogRecord:
    """A record as a library makes it."""
    return logging.LogRecord(name, level, "file.py", 1, message, args, None)


@pytest.fixture
def once() -> RateLimitFilter:
    """A filter that never sees its period end."""
    return RateLimitFilter(1e9, "kafka:9092")


def test_lines_about_an_unreachable_broker_become_one_event(once: RateLimitFilter) -> None:
    first = line("aiokafka", "Unable connect to node with id %s: %s", 111, "refused")
    assert once.filter(first)
    assert (first.getMessage(), first.levelname) == ("broker_unavailable", "WARNING")
    fields = first.__dict__
    assert (fields["broker"], fields["error"]) == (
        "kafka:9092",
        "Unable connect to node with id 111: refused",
    )
    assert not once.filter(line("aiokafka.client", "Unable connect to node with id %s", 7))
    assert not once.filter(
        line("aiokafka.consumer", "Group Coordinator Request failed: NodeNotReadyError")
    )


def test_other_lines_are_said_once_each(once: RateLimitFilter) -> None:
    assert once.filter(line("aiokafka", "a record is damaged"))
    assert once.filter(line("mode", "a service crashed"))
    assert not once.filter(line("mode", "a service crashed"))
    assert once.filter(line("mode", "a service crashed", level=logging.INFO))


def test_a_logger_that_was_used_heeds_a_later_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for level in ("ERROR", "INFO"):
        configure(Settings(log_format="json", log_level=level))
        _LOG.info("worker_started", under=level)
    said = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["under"] for line in said] == ["INFO"]
