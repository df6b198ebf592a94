"""What each failure means, and that the names are ClickHouse's own."""

from __future__ import annotations

import struct

import pytest
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    DataError,
    OperationalError,
    ProgrammingError,
)

from sinks.failures import ERROR_CODES, Failure, classify, describe
from tests.support.clickhouse import TestClickHouse


def test_codes_and_names_are_those_of_the_server(clickhouse: TestClickHouse) -> None:
    known = {
        code: clickhouse.value(f"SELECT errorCodeToName(toInt32({code}))") for code in ERROR_CODES
    }
    assert known == {code: name for code, (name, _) in ERROR_CODES.items()}


@pytest.mark.parametrize(
    ("error", "failure", "words"),
    [
        (DatabaseError("…", code=241), Failure.RETRIABLE, "MEMORY_LIMIT_EXCEEDED"),
        (DatabaseError("…", code=252), Failure.RETRIABLE, "TOO_MANY_PARTS"),
        (DatabaseError("…", code=4242), Failure.RETRIABLE, "ClickHouse code 4242"),
        (OperationalError("Network Error"), Failure.RETRIABLE, "no answer"),
        (ConnectionRefusedError(), Failure.RETRIABLE, "ConnectionRefusedError"),
        (TimeoutError(), Failure.RETRIABLE, "TimeoutError"),
        (DatabaseError("…", code=27), Failure.DATA, "CANNOT_PARSE_INPUT_ASSERTION_FAILED"),
        (DatabaseError("…", code=469), Failure.DATA, "VIOLATED_CONSTRAINT"),
        (DataError("cannot serialise"), Failure.DATA, "DataError"),
        (struct.error("ubyte"), Failure.DATA, "error"),
        (TypeError("int wanted"), Failure.DATA, "TypeError"),
        (DatabaseError("…", code=60), Failure.FATAL, "UNKNOWN_TABLE"),
        (DatabaseError("…", code=516), Failure.FATAL, "AUTHENTICATION_FAILED"),
        (ProgrammingError("no such setting"), Failure.FATAL, "ProgrammingError"),
    ],
)
def test_a_failure_is_classified_and_named(error: Exception, failure: Failure, words: str) -> None:
    assert classify(error) is failure
    assert describe(error) == words
