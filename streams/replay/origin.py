"""Where a replayed message was read: two headers that it keeps, also as a dead letter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

INPUT_FILE: Final = "input-file"
INPUT_ROW: Final = "input-row"


class Origin(NamedTuple):
    """A file as it was named, and the row in it (from 1); None where a message has none."""

    file: str | None = None
    row: int | None = None


def origin_headers(file: str, row: int) -> list[tuple[str, bytes]]:
    """The headers of a message that was read there."""
    return [(INPUT_FILE, file.encode(errors="surrogateescape")), (INPUT_ROW, b"%d" % row)]


def origin_of(headers: Iterable[tuple[str, bytes | None]]) -> Origin:
    """What the headers of a message say; those of strangers are no rows."""
    said = dict(headers)
    file, row = said.get(INPUT_FILE), said.get(INPUT_ROW)
    if not file or not row or not row.isdigit() or len(row) > 18:
        return Origin()
    return Origin(file.decode(errors="replace"), int(row))
