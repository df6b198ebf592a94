"""Numbers as the field writes them: decimal comma, thousands apart, ``<0,5``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streams.input import cells as parse
from streams.input.mapping import HALF, ZERO
from streams.input.reading_row import CellError, quoted

_BLANKS = " \u00a0\u202f\u2009"
_BETWEEN = {" ": f"[{_BLANKS}]", "'": "['’]", ".": r"\.", ",": ","}
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}(?:[{_BLANKS}'’]\d{{3}})+(?:[.,]\d*)?")
_BELOW = re.compile(r"[<≤]\s*(.+)")


@dataclass(frozen=True)
class NumberText:
    """How the numbers of a column are written; calling it gives the value of a cell."""

    column: str
    decimal: str
    thousands: str | None
    below: str

    def __call__(self, cell: str) -> float:
        """The number; CellError with the key of the mapping that would help."""
        match = _BELOW.fullmatch(cell)
        if match is None:
            return self._number(cell)
        if self.below in (HALF, ZERO):
            limit = self._limit(cell, match[1])
            return limit / 2 if self.below == HALF else 0.0
        raise CellError(
            self.column,
            f"{quoted(cell)} is below a limit and no number: `below: half` or `below: zero` in "
            "the mapping says what it counts as, `nulls` that it is no value",
        )

    def _limit(self, cell: str, text: str) -> float:
        """What a cell is below: a number that is finite and not negative."""
        try:
            limit = self._number(text)
        except CellError:
            limit = -1.0
        if not 0 <= limit < float("inf"):
            raise CellError(
                self.column,
                f"{quoted(cell)} is below no number (`nulls` in the mapping lists texts that are "
                "no value)",
            )
        return limit

    def _number(self, cell: str) -> float:
        text = self._together(cell)
        if self.decimal == ",":
            if "." in text:
                raise CellError(self.column, f"{quoted(cell)} is not a number with a decimal comma")
            text = text.replace(",", ".")
        try:
            return parse.number(self.column, text)
        except CellError:
            why = f"{quoted(cell)} is not a number{self._hint(cell)}"
            raise CellError(self.column, why) from None

    def _together(self, cell: str) -> str:
        """The cell without what stands between its thousands."""
        if self.thousands is None:
            return cell
        between = _BETWEEN[self.thousands]
        decimal = re.escape(self.decimal)
        if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{between}\d{{3}})+(?:{decimal}\d*)?", cell):
            return re.sub(between, "", cell)
        return cell

    def _hint(self, cell: str) -> str:
        if self.thousands is None and _GROUPED.fullmatch(cell):
            return " (`thousands` in the mapping says what stands between them)"
        if self.decimal == "." and re.fullmatch(r"[+-]?\d*,\d+", cell):
            return ' (`decimal: ","` in the mapping reads a decimal comma)'
        return " (`nulls` in the mapping lists texts that are no value)"
