"""Define the truth file: what a faultless pipeline must make of the planned defects.

Each line says what was done to the data and what follows from the specification. Exceedances are
clear of their limits and defects apart from each other, so no calculation is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from streams.core.time.local_clock import iso, parse_instant


class Truth(msgspec.Struct, frozen=True, omit_defaults=True):
    """One expectation.

    ``outcome`` is violation, gap, dead-letter, duplicate, quality, revision, nothing, suspicion, or
    unlearned: a suspicion that comes before its detector can know what is usual; or case. ``code``
    is the rule, the reason, the quality code, the detector, or track and article of a case.
    ``count`` is messages, seconds of a day, the revision of a mean or the violations of a case.
    Times are milliseconds UTC; ``end`` None means that it goes on. A case opens or opened at
    ``opens_at`` and had done so by the end of the simulation if its ``status`` says so.
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
    opens_at: int | None = None


_MOMENTS = ("start", "end", "deferred_until", "opens_at")


def write_truth(path: Path, truths: Iterable[Truth]) -> int:
    """Write the truth as JSON lines, times as ISO 8601 UTC; return the number of lines."""
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
    """Read a truth file. Raises ValueError naming a line that is no expectation."""
    truths = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            record: dict[str, Any] = msgspec.json.decode(line)
            for name in _MOMENTS:
                if name in record:
                    record[name] = parse_instant("UTC", record[name])
            truths.append(msgspec.convert(record, Truth))
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return truths
