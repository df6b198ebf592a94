"""The row that every reader yields, and the errors that every reader raises."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from schemas.reading import Reading


class ReadingRow(NamedTuple):
    """A reading with its place in the input: ``row`` counts data rows from 1, per file.

    ``arrived_at`` (milliseconds UTC) is None where the input does not give it.
    """

    row: int
    reading: Reading
    arrived_at: int | None


class InputError(Exception):
    """Bad input: one sentence that says what is wrong and where."""


class CellError(Exception):
    """An unusable cell; the reader adds file and row."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"column {column}: {why}")
        self.why = why


def row_error(path: Path, row: int, line: int | None, why: object) -> InputError:
    """Build the error of a bad row: file, row, line where it differs, reason."""
    place = f"row {row}" if line is None or line == row else f"row {row} (line {line})"
    return InputError(f"{path}, {place}, {why}")


def quoted(text: str) -> str:
    """Quote the text of a cell for a sentence, truncated if long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
