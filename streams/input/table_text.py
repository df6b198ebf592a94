"""Rows of a text table: encoding, byte order mark, quoting and width are dealt with here."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from streams.input.reading_row import InputError, quoted, row_error


class TableText:
    """A table with a header row. Iterating yields ``(row, line, cells)``, blank lines left out.

    ``row`` counts data rows from 1, ``line`` is the line of the file on which the row ends.
    Raises InputError for text that is not in the encoding, broken quoting, a header that is
    missing or names a column twice, and rows of another width than the header.
    """

    def __init__(self, path: Path, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
        self.path = path
        self.encoding = encoding
        self._delimiter = delimiter
        self.header: tuple[str, ...] = next(self._lines(), (0, ()))[1]
        if not self.header:
            raise InputError(f"{path} is empty: a header row is needed")
        seen: set[str] = set()
        for name in self.header:
            if name in seen:
                raise InputError(f"{path}, header: column {quoted(name)} stands there twice")
            seen.add(name)

    def __iter__(self) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        width = len(self.header)
        lines = self._lines()
        next(lines)
        for row, (line, cells) in enumerate(lines, start=1):
            if len(cells) != width:
                why = f"it has {len(cells)} cells and the header has {width}"
                raise row_error(self.path, row, line, why)
            yield row, line, cells

    def _lines(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    if cells:
                        yield reader.line_num, tuple(cells)
            except csv.Error as error:
                raise InputError(f"{self.path}, line {reader.line_num}: {error}") from None
            except UnicodeDecodeError:
                line = first_undecodable_line(self.path, self.encoding)
                name = self.encoding.removesuffix("-sig")
                raise InputError(f"{self.path}, line {line}: the text is not {name}") from None


def first_undecodable_line(path: Path, encoding: str) -> int:
    """The line (from 1) on which decoding fails first; encodings of more bytes say line 1."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 1
