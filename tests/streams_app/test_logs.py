"""What libraries say is let through once in a period; a broker that is away is one sentence."""

from __future__ import annotations

import logging

import pytest

from streams.logs import OncePeriod


def line(name: str, message: str, *args: object, level: int = logging.ERROR) -> logging.LogRecord:
    """A record as a library makes it."""
    return logging.LogRecord(name, level, "file.py", 1, message, args, None)


@pytest.fixture
def once() -> OncePeriod:
    """A filter that never sees its period end."""
    return OncePeriod(1e9, "kafka:9092")


def test_the_many_words_for_a_broker_that_is_away_are_one_sentence(once: OncePeriod) -> None:
    first = line("aiokafka", "Unable connect to node with id %s: %s", 111, "refused")
    assert once.filter(first)
    assert first.getMessage() == (
        "broker kafka:9092 does not answer, waiting (Unable connect to node with id 111: refused)"
    )
    assert not once.filter(line("aiokafka.client", "Unable connect to node with id %s", 7))
    assert not once.filter(
        line("aiokafka.consumer", "Group Coordinator Request failed: NodeNotReadyError")
    )


def test_other_lines_are_said_once_each(once: OncePeriod) -> None:
    assert once.filter(line("aiokafka", "a record is damaged"))
    assert once.filter(line("mode", "a service crashed"))
    assert not once.filter(line("mode", "a service crashed"))
    assert once.filter(line("mode", "a service crashed", level=logging.INFO))
