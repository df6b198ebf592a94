"""Builds the few Markdown elements that the reference pages need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Final

NOTE: Final = "<!-- Written by `make docs`. Change the code, not this page. -->"
_WIDTH: Final = 118


def page(title: str, *parts: str) -> str:
    """Join a title and parts into a page that ends with one newline."""
    return "\n\n".join([f"# {title}", NOTE, *map(_wrapped, parts)]) + "\n"


def _wrapped(part: str) -> str:
    """Break the lines of prose; tables, headings and blocks stay as they are."""
    if part.startswith(("|", "#", "```")):
        return part.strip("\n")
    return fill(part, _WIDTH, break_long_words=False, break_on_hyphens=False)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Build a table; cells are escaped, None is an empty cell."""
    lines = [head, ["---"] * len(head), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """Escape a value so that it stays in its cell."""
    text = "" if value is None else str(value)
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """Set a value in code type; an empty one stays empty."""
    text = "" if value is None else str(value)
    return f"`{text}`" if text else ""


def block(text: str, language: str = "") -> str:
    """Set lines as they are."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return f"```{language}\n{lines}\n```"
