"""One self-contained HTML page: headings, notes and tables, no script, made for printing too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light; --line: #c9ced6; --soft: #f3f5f8; --ink: #1b2430; --dim: #5a6675;
  --bad: #a4161a; --good: #1d6b3a; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink);
  background: #fff; margin: 0 auto; padding: 24px; max-width: 1060px; }
h1 { font-size: 25px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 30px 0 4px; padding-top: 8px; border-top: 2px solid var(--line); }
p { margin: 4px 0 10px; }
.note { color: var(--dim); font-size: 13.5px; }
.verdict { font-size: 18px; font-weight: 600; padding: 10px 14px; margin: 14px 0;
  border-left: 6px solid; background: var(--soft); }
.bad { border-color: var(--bad); color: var(--bad); }
.good { border-color: var(--good); color: var(--good); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; vertical-align: top; padding: 5px 10px 5px 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--dim); vertical-align: bottom; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.short { white-space: nowrap; }
td:not(.number, .short) { overflow-wrap: break-word; min-width: 8em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 8px 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
@media print {
  @page { margin: 14mm; }
  body { padding: 0; max-width: none; font-size: 11px; }
  table { font-size: 9.5px; }
  th, td { padding-right: 6px; }
  td:not(.number, .short) { min-width: 6em; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
"""

Cell = str | int | float | None

SHORT: Final = 16
"""Characters of a cell that is not broken into lines: a time, a value with its unit."""


class Page:
    """Collects the parts of a page in order; every text is escaped."""

    def __init__(self, language: str, title: str) -> None:
        self._language = language
        self._title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str, note: str | None = None) -> None:
        """Begin a section, with a sentence on it."""
        self._parts.append(f"<h2>{escape(text)}</h2>")
        if note is not None:
            self.note(note)

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def note(self, text: str) -> None:
        """Add a paragraph in small, grey letters."""
        self._parts.append(f'<p class="note">{escape(text)}</p>')

    def verdict(self, text: str, *, good: bool) -> None:
        """Add the sentence that one came for."""
        kind = "good" if good else "bad"
        self._parts.append(f'<p class="verdict {kind}">{escape(text)}</p>')

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Add names with what they are."""
        listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(is_)}</dd>" for name, is_ in facts)
        self._parts.append(f"<dl>{listed}</dl>")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Add a table; numbers stand to the right, as their heading does."""
        written = [list(row) for row in rows]
        right = [
            any(isinstance(row[at], int | float) for row in written) for at in range(len(columns))
        ]
        head = "".join(
            f'<th scope="col"{_right(is_number)}>{escape(name)}</th>'
            for name, is_number in zip(columns, right, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                _cell(cell_text(cell), is_number)
                for cell, is_number in zip(row, right, strict=True)
            )
            + "</tr>\n"
            for row in written
        )
        self._parts.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
            f"<tbody>{body}</tbody></table></div>"
        )

    def html(self) -> str:
        """Return the whole document."""
        return (
            f'<!DOCTYPE html>\n<html lang="{self._language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self._title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            + "\n".join(self._parts)
            + "\n</body>\n</html>\n"
        )


def _cell(text: str, is_number: bool) -> str:
    kind = "number" if is_number else "short" if len(text) <= SHORT else ""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _right(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def cell_text(cell: Cell) -> str:
    """Format a value for people: nothing for None, groups of three digits with narrow spaces."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.6g}".replace(",", "\u202f")
    if isinstance(cell, int):
        return f"{cell:,}".replace(",", "\u202f")
    return cell
