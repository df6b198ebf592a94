"""The file and row that a replayed message was read from, kept in two headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

INPUT_FILE: Final = "input-file"
INPUT_ROW: Final = "input-row"


class Origin(NamedTuple):
    """A file as it was named, and the row in it (from 1); None where unknown."""

    file: str | None = None
    row: int | None = None


def origin_headers(file: str, row: int) -> list[tuple[str, bytes]]:
    """Return the headers for a message read from this file and row."""
    return [(INPUT_FILE, file.encode(errors="surrogateescape")), (INPUT_ROW, b"%d" % row)]


def origin_of(headers: Iterable[tuple[str, bytes | None]]) -> Origin:
    """Parse the headers of a message; ignore malformed ones."""
    said = dict(headers)
    file, row = said.get(INPUT_FILE), said.get(INPUT_ROW)
    if not file or not row or not row.isdigit() or len(row) > 18:
        return Origin()
    return Origin(file.decode(errors="replace"), int(row))
