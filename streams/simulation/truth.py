"""What a faultless pipeline must make of the planned defects: the truth file.

A line says what was done to the data and what follows from the specification. Exceedances stand
clear of their limits and defects apart from each other, so what follows needs no calculation.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from streams.core.calendar import iso, moment


class Truth(msgspec.Struct, frozen=True, omit_defaults=True):
    """One expectation.

    ``outcome`` is violation, gap, dead-letter, duplicate, quality, revision, nothing or suspicion;
    ``code`` the rule, the reason or the quality code. ``count`` is messages, seconds of a day or
    the revision of a mean. Times are milliseconds UTC; ``end`` None means still open.
    """

    kind: str
    outcome: str
    code: str = ""
    source_id: str | None = None
    bin: str | None = None
    parameter: str | None = None
    start: int = 0
    end: int | None = None
    count: int = 1
    status: str | None = None
    automatic: bool | None = None
    deferred_until: int | None = None


_MOMENTS = ("start", "end", "deferred_until")


def write_truth(path: Path, truths: Iterable[Truth]) -> int:
    """Writes the truth as JSON lines, times as ISO 8601 UTC; returns how many lines."""
    encode = msgspec.json.encode
    lines = 0
    with path.open("wb") as file:
        for truth in truths:
            line = msgspec.to_builtins(truth)
            for name in _MOMENTS:
                if name in line:
                    line[name] = iso(line[name])
            file.write(encode(line) + b"\n")
            lines += 1
    return lines


def read_truth(path: Path) -> list[Truth]:
    """Reads a truth file; ValueError naming the line that is none."""
    truths = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            record: dict[str, Any] = msgspec.json.decode(line)
            for name in _MOMENTS:
                if name in record:
                    record[name] = moment("UTC", record[name])
            truths.append(msgspec.convert(record, Truth))
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return truths
