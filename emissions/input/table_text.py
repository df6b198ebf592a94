"""Read the rows of a text table: title, units and footer lines, quoting, width."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emissions.input.reading_row import InputError, quoted, row_error
from emissions.input.text_lines import encoding_of_file, text_lines

MOST_BLANK = 100_000
"""Most consecutive blank lines; they are held back, because the end may follow."""

MOST_NAMED = 30
"""Columns named in a sentence."""

_SEP = re.compile(r'"?sep=(.)"?[;,\t]*\s*', re.IGNORECASE)


@dataclass(frozen=True)
class TableFormat:
    """How a table is written; each field but ``mapped`` is a key of the mapping.

    In ``mapped`` tables unused columns may repeat and be unnamed, cells are stripped, and empty
    cells beyond the header are allowed.
    """

    mapped: bool = False
    encoding: str = "utf-8"
    delimiter: str | None = None
    header: tuple[str, ...] = ()
    skip_lines: int = 0
    units_lines: int = 0
    footer_lines: int = 0
    comment: str | None = None
    blank_lines: str = "skip"  # or refuse, or row


def named(names: Iterable[str]) -> str:
    """Return the first column names for a sentence, without control characters."""
    shown = [quoted(name)[1:-1] for name in names if name]
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return ", ".join(shown[:MOST_NAMED]) + more


class TableReader:
    """A table with a header. Iterating yields ``(row, line, cells)``.

    ``row`` counts data rows from 1, ``line`` is the line of the file on which the row ends. A first
    line ``sep=;``, as spreadsheets write it, names the delimiter. Raises InputError for text that
    is not in the encoding, broken quoting, a missing header or one that repeats a column, and rows
    of another width than the header.
    """

    def __init__(self, path: Path, form: TableFormat | None = None) -> None:
        self.path = path
        self.form = form = form or TableFormat()
        key = "encoding in the mapping" if form.mapped else None
        self.encoding = encoding_of_file(path, form.encoding, key=key)
        self.left_out: tuple[int, tuple[str, ...]] | None = None
        self._separator = _separator(path, self.encoding)
        self._delimiter = self._separator or form.delimiter or ","
        if None not in (self._separator, form.delimiter) and self._separator != form.delimiter:
            raise InputError(
                f"{path}, line 1 says sep={self._separator}, but `delimiter` in the mapping is "
                f"{quoted(form.delimiter or '')}"
            )
        self.header: tuple[str, ...] = form.header or next(self._rows(header=True), (0, ()))[1]
        if not self.header:
            raise InputError(f"{path} is empty: a header row is required")
        if not form.mapped:
            self.refuse_repeated(self.header)

    def leave_out(self, column: str, beginnings: tuple[str, ...]) -> None:
        """Skip rows whose cell in the column begins with one of these texts."""
        self.left_out = (self.header.index(column), beginnings)

    def refuse_repeated(self, names: tuple[str, ...]) -> None:
        """Raise InputError if the header repeats one of the names."""
        counts = Counter(self.header)
        for name in names:
            if counts[name] > 1:
                places = [str(at) for at, other in enumerate(self.header, 1) if other == name]
                hint = (
                    f" (columns {', '.join(places)}; name the columns with `header` in the "
                    "mapping, or skip the line with `skip_lines`)"
                    if self.form.mapped
                    else ""
                )
                raise InputError(f"{self.path}, header: column {quoted(name)} occurs twice{hint}")

    def __iter__(self) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        width = len(self.header)
        row = 0
        for line, cells in self._rows(header=False):
            if self.left_out is not None:
                at, beginnings = self.left_out
                if at < len(cells) and cells[at].startswith(beginnings):
                    continue
            row += 1
            if len(cells) != width:
                cells = self._of_width(cells, row, line)
            yield row, line, cells

    def _of_width(self, cells: tuple[str, ...], row: int, line: int) -> tuple[str, ...]:
        width = len(self.header)
        if self.form.mapped and len(cells) > width and not any(cells[width:]):
            return cells[:width]
        plural = "cell" if len(cells) == 1 else "cells"
        whose = "`header` of the mapping" if self.form.header else "the header"
        why = f"it has {len(cells)} {plural}, but {whose} has {width}"
        if self.form.mapped:
            why += (
                f" (delimiter {quoted(self._delimiter)}; `skip_lines`, `units_lines`, "
                "`footer_lines`, `skip_rows` and `comment` in a mapping skip lines)"
            )
        raise row_error(self.path, row, line, why)

    def _rows(self, *, header: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the header only, or every row after it; blank lines as the format says."""
        source = _Numbered(self._lines(header=header))
        reader = csv.reader(source, delimiter=self._delimiter, strict=True)
        mapped, blank = self.form.mapped, self.form.blank_lines
        try:
            for cells in reader:
                if mapped:
                    cells = [cell.strip() for cell in cells]
                if header:
                    if any(cells) or (cells and not mapped):
                        yield source.number, tuple(cells)
                        return
                    continue
                if any(cells) or (cells and not mapped):
                    yield source.number, tuple(cells)
                elif blank == "row":
                    yield source.number, tuple(cells) or ("",) * len(self.header)
                elif blank == "refuse":
                    raise InputError(
                        f"{self.path}, line {source.number} is blank, which may be a missing "
                        "interval in a file without times: set `blank_lines: skip` or "
                        "`blank_lines: row` in the mapping"
                    )
        except csv.Error as error:
            hint = ""
            if "expected after" in str(error) and mapped:
                hint = f" (delimiter {quoted(self._delimiter)}, `delimiter` in the mapping)"
            elif "end of data" in str(error):
                hint = ": a quotation mark is opened and never closed"
            raise InputError(f"{self.path}, line {source.number}: {error}{hint}") from None

    def _lines(self, *, header: bool) -> Iterator[tuple[int, str]]:
        """Yield the numbered lines of the header, or of the rows without title and footer."""
        form = self.form
        lines = text_lines(self.path, self.encoding)
        above = form.skip_lines + (self._separator is not None)
        for _ in range(above):
            next(lines, None)
        comment = form.comment
        if comment:
            lines = ((at, line) for at, line in lines if not line.lstrip().startswith(comment))
        if header:
            return lines
        if not form.header:
            self._skip_header(lines)
        for _ in range(form.units_lines):
            next(lines, None)
        return _without_end(lines, form.footer_lines)

    def _skip_header(self, lines: Iterator[tuple[int, str]]) -> None:
        """Consume the lines of the header, which may have line breaks in quotes."""
        reader = csv.reader(_Numbered(lines), delimiter=self._delimiter, strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells) or (cells and not self.form.mapped):
                return


class _Numbered:
    """Feeds lines to csv's reader and remembers the number of the last one."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        return line


def _without_end(lines: Iterator[tuple[int, str]], footer: int) -> Iterator[tuple[int, str]]:
    """Drop blank lines at the end, and the footer lines above them."""
    waiting: deque[tuple[int, str]] = deque()
    written = 0  # of those that wait, lines that are not blank
    for number, line in lines:
        waiting.append((number, line))
        if not line.strip():
            if len(waiting) > MOST_BLANK:
                raise InputError(
                    f"more than {MOST_BLANK} consecutive blank lines, up to line {number}"
                )
            continue
        written += 1
        while written > footer:
            at, text = waiting.popleft()
            written -= bool(text.strip())
            yield at, text


def _separator(path: Path, encoding: str) -> str | None:
    """Return the delimiter of a first line ``sep=;``, which is no part of the table."""
    _, line = next(text_lines(path, encoding), (0, ""))
    match = _SEP.fullmatch(line)
    return match[1] if match else None
