"""Classify the failure of an insert, by server code: retry, split the batch, or stop."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Final

from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DataError,
    OperationalError,
    ProgrammingError,
)


class Failure(Enum):
    """What to do about a failed insert."""

    RETRIABLE = "retriable"  # the server, the network or the moment: the same batch, later
    DATA = "data"  # a row of the batch: find it, keep the rest
    FATAL = "fatal"  # the installation: a person must act


_RETRIABLE: Final = {
    3: "UNEXPECTED_END_OF_FILE",
    32: "ATTEMPT_TO_READ_AFTER_EOF",
    33: "CANNOT_READ_ALL_DATA",
    74: "CANNOT_READ_FROM_FILE_DESCRIPTOR",
    75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
    76: "CANNOT_OPEN_FILE",
    107: "FILE_DOESNT_EXIST",
    159: "TIMEOUT_EXCEEDED",
    160: "TOO_SLOW",
    201: "QUOTA_EXCEEDED",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    204: "CANNOT_FSYNC",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    319: "UNKNOWN_STATUS_OF_INSERT",
    394: "QUERY_WAS_CANCELLED",
    425: "SYSTEM_ERROR",
    439: "CANNOT_SCHEDULE_TASK",
    999: "KEEPER_EXCEPTION",
}
_DATA: Final = {
    6: "CANNOT_PARSE_TEXT",
    26: "CANNOT_PARSE_QUOTED_STRING",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    38: "CANNOT_PARSE_DATE",
    41: "CANNOT_PARSE_DATETIME",
    69: "ARGUMENT_OUT_OF_BOUND",
    70: "CANNOT_CONVERT_TYPE",
    72: "CANNOT_PARSE_NUMBER",
    117: "INCORRECT_DATA",
    128: "TOO_LARGE_ARRAY_SIZE",
    131: "TOO_LARGE_STRING_SIZE",
    321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
    349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
    376: "CANNOT_PARSE_UUID",
    407: "DECIMAL_OVERFLOW",
    469: "VIOLATED_CONSTRAINT",
}
_FATAL: Final = {
    8: "THERE_IS_NO_COLUMN",
    10: "NOT_FOUND_COLUMN_IN_BLOCK",
    16: "NO_SUCH_COLUMN_IN_TABLE",
    20: "NUMBER_OF_COLUMNS_DOESNT_MATCH",
    44: "ILLEGAL_COLUMN",
    46: "UNKNOWN_FUNCTION",
    47: "UNKNOWN_IDENTIFIER",
    48: "NOT_IMPLEMENTED",
    50: "UNKNOWN_TYPE",
    53: "TYPE_MISMATCH",
    60: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
    164: "READONLY",
    192: "UNKNOWN_USER",
    193: "WRONG_PASSWORD",
    194: "REQUIRED_PASSWORD",
    452: "SETTING_CONSTRAINT_VIOLATION",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
}

ERROR_CODES: Final[dict[int, tuple[str, Failure]]] = {
    **{code: (name, Failure.RETRIABLE) for code, name in _RETRIABLE.items()},
    **{code: (name, Failure.DATA) for code, name in _DATA.items()},
    **{code: (name, Failure.FATAL) for code, name in _FATAL.items()},
}
"""Server code -> its name and class; codes and names are those of ClickHouse."""

_IN_THE_ROWS: Final = (DataError, TypeError, ValueError, OverflowError, struct.error)


def classify(error: BaseException) -> Failure:
    """Classify the exception of an insert.

    An unknown server code is retriable, since waiting loses nothing. An error of the driver without
    a code counts as a network failure, unless the rows could not be encoded.
    """
    code = getattr(error, "code", None)
    if isinstance(error, ClickHouseError) and isinstance(code, int):
        return ERROR_CODES[code][1] if code in ERROR_CODES else Failure.RETRIABLE
    if isinstance(error, ProgrammingError):
        return Failure.FATAL
    if isinstance(error, _IN_THE_ROWS):
        return Failure.DATA
    return Failure.RETRIABLE


def describe(error: BaseException) -> str:
    """Name the failure in a few words, without any value of a row."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return ERROR_CODES[code][0] if code in ERROR_CODES else f"ClickHouse code {code}"
    if isinstance(error, OperationalError):
        return "no answer"  # the driver's word for a server that cannot be reached
    return type(error).__name__
