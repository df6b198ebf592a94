"""Lay out rows as a table, or as records where the table is too wide. Pure.

A table may wrap words over a few lines but never an id or a number: where those do not fit, each
row becomes a record, one value a line, as psql's ``\\x`` does.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import floor, isfinite, log10
from typing import Final, NamedTuple

from rich.cells import cell_len

GAP: Final = "  "
_NARROWEST: Final = 16
"""A column of words is not made narrower than this."""
TALLEST: Final = 4
_WHOLE_SECOND = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Style(NamedTuple):
    """Line width (None: unlimited), the rule character, and how often a cell may wrap.

    ``tallest``: lines a wrapped cell may take before the rows become records.
    """

    width: int | None = None
    rule: str = "─"
    tallest: int = TALLEST


def cell_text(value: object) -> str:
    """Format a value for people: empty for null, five digits of a float, no control codes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, dict)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = value if isinstance(value, str) else str(value)
    if text[-4:] == ".000" and _WHOLE_SECOND.fullmatch(text):
        return text[:-4]
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _number(value: float) -> str:
    """Format a float with at least five digits and no exponent in the usual range."""
    if not isfinite(value) or value == 0 or not 1e-4 <= abs(value) < 1e15:
        return f"{value:.5g}"
    text = f"{value:.{max(0, 4 - floor(log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lines_of(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    style: Style,
    *,
    first: int = 1,
    sparse: bool = False,
) -> Iterator[str]:
    """Yield the rows as a table, or as records where the table exceeds ``style.width``.

    ``first`` is the number of the first record; ``sparse`` records leave out what is empty.
    """
    cells = [[cell_text(value) for value in row] for row in rows]
    widths = _widths(columns, cells, style)
    if widths is None:
        yield from _records(columns, cells, style, first, sparse)
        return
    numeric = [_numeric(row[at] for row in rows) for at in range(len(columns))]
    yield _line(columns, widths, numeric)
    yield style.rule * (sum(widths) + len(GAP) * (len(widths) - 1))
    for row in cells:
        yield from _row(row, widths, numeric)


def _numeric(values: Iterator[object]) -> bool:
    told = [value for value in values if value is not None]
    return bool(told) and all(
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for value in told
    )


def _length(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _natural(text: str) -> int:
    return _length(text) if "\n" not in text else max(map(_length, text.split("\n")))


def _widths(
    columns: Sequence[str], cells: Sequence[Sequence[str]], style: Style
) -> list[int] | None:
    """Return the width of each column, or None if no table is narrow enough."""
    natural = [
        max([_length(name), *(_natural(row[at]) for row in cells)])
        for at, name in enumerate(columns)
    ]
    gaps, width = len(GAP) * (len(columns) - 1), style.width
    if width is None or sum(natural) + gaps <= width:
        return natural
    least = [
        min(wide, max(_NARROWEST, _length(name), _longest_word(row[at] for row in cells)))
        for at, (name, wide) in enumerate(zip(columns, natural, strict=True))
    ]
    left = width - gaps - sum(least)
    if left < 0:
        return None
    found = list(least)
    while left > 0:  # a column at a time, the one that lacks most
        lacking = max(range(len(found)), key=lambda at: natural[at] - found[at])
        found[lacking] += 1
        left -= 1
    tallest = max((len(_broken(row[at], found[at])) for row in cells for at in range(len(found))),
                  default=1)  # fmt: skip
    most = max((row.count("\n") for cell in cells for row in cell), default=0)
    return found if tallest <= max(style.tallest, most + 1) else None


def _longest_word(texts: Iterator[str]) -> int:
    return max((_length(word) for text in texts for word in text.split()), default=0)


def _broken(text: str, width: int) -> list[str]:
    """Wrap a cell between words; a longer word keeps a line of its own."""
    if "\n" not in text and _length(text) <= width:
        return [text]
    lines: list[str] = []
    for part in text.split("\n"):
        lines += textwrap.wrap(part, width, break_long_words=False, break_on_hyphens=False) or [""]
    return lines


def _fits(cell: str, width: int) -> bool:
    return len(cell) <= width and "\n" not in cell and (cell.isascii() or cell_len(cell) <= width)


def _row(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> Iterator[str]:
    if all(map(_fits, cells, widths)):
        yield _line(cells, widths, numeric)
        return
    broken = [_broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for at in range(max(map(len, broken), default=0)):
        yield _line([part[at] if at < len(part) else "" for part in broken], widths, numeric)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        if not cell.isascii():
            width -= cell_len(cell) - len(cell)
        padded.append(cell.rjust(width) if right else cell.ljust(width))
    return GAP.join(padded).rstrip()


def _records(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    style: Style,
    first: int,
    sparse: bool,
) -> Iterator[str]:
    names = max(map(cell_len, columns), default=0)
    width = style.width or 0
    for number, row in enumerate(cells, first):
        yield f"{style.rule} {number} ".ljust(min(width, 60), style.rule)
        for name, cell in zip(columns, row, strict=True):
            if sparse and not cell:
                continue
            space = max(_NARROWEST, width - names - len(GAP))
            for at, line in enumerate(_broken(cell, space)):
                yield f"{'' if at else name:<{names}}{GAP}{line}".rstrip()
