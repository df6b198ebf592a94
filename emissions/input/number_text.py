"""Parse numbers with decimal comma, thousands separators, or ``<0,5``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emissions.input import cells as parse
from emissions.input.mapping import HALF, ZERO
from emissions.input.reading_row import CellError, quoted

_BLANKS = " \u00a0\u202f\u2009"
_BETWEEN = {" ": f"[{_BLANKS}]", "'": "['’]", ".": r"\.", ",": ","}
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}(?:[{_BLANKS}'’]\d{{3}})+(?:[.,]\d*)?")
_BELOW = re.compile(r"[<≤]\s*(.+)")


@dataclass(frozen=True)
class NumberParser:
    """Parses the cells of one column to numbers."""

    column: str
    decimal: str
    thousands: str | None
    below: str

    def __call__(self, cell: str) -> float:
        """Parse a cell; raise CellError naming the key of the mapping that would help."""
        match = _BELOW.fullmatch(cell)
        if match is None:
            return self._number(cell)
        if self.below in (HALF, ZERO):
            limit = self._limit(cell, match[1])
            return limit / 2 if self.below == HALF else 0.0
        raise CellError(
            self.column,
            f"{quoted(cell)} is below a limit: use `below: half` or `below: zero` in the mapping "
            "to count it, or `nulls` to ignore it",
        )

    def _limit(self, cell: str, text: str) -> float:
        """Parse the limit a cell is below: finite and not negative."""
        try:
            limit = self._number(text)
        except CellError:
            limit = -1.0
        if not 0 <= limit < float("inf"):
            raise CellError(
                self.column,
                f"{quoted(cell)} has no number after < (add it to `nulls` in the mapping to "
                "ignore it)",
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
        """Remove the thousands separators of a cell."""
        if self.thousands is None:
            return cell
        between = _BETWEEN[self.thousands]
        decimal = re.escape(self.decimal)
        if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{between}\d{{3}})+(?:{decimal}\d*)?", cell):
            return re.sub(between, "", cell)
        return cell

    def _hint(self, cell: str) -> str:
        if self.thousands is None and _GROUPED.fullmatch(cell):
            return " (set `thousands` in the mapping)"
        if self.decimal == "." and re.fullmatch(r"[+-]?\d*,\d+", cell):
            return ' (set `decimal: ","` in the mapping)'
        return " (add it to `nulls` in the mapping to ignore it)"
