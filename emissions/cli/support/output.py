"""Print results: tables for people, JSON lines for scripts, progress on a terminal."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from math import isfinite
from types import TracebackType
from typing import Any, Self

import click

from emissions.cli.support.table_layout import TALLEST, Style, lines_of

Row = dict[str, Any]

format_option: Callable[[Any], Any] = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="table for people, json (one object a line) for scripts.",
)

PAGE = 1_000
"""Rows laid out together; a longer table repeats its header."""


def show_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    form: str,
    title: str | None = None,
    *,
    sparse: bool = True,
    tallest: int = TALLEST,
) -> None:
    """Print rows on standard output: the columns as a table, or whole rows as JSON lines.

    A table that does not fit becomes records, which omit empty values if ``sparse``; a cell may
    wrap to ``tallest`` lines before that.
    ``form``: table, json or ndjson (one object a line), array (one JSON array) or csv.
    """
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(column) for column in columns] for row in rows)
        return
    if form == "array":
        show_array(json_text(row) for row in rows)
        return
    if form != "table":
        for row in rows:
            click.echo(json_text(row))
        return
    if title is not None:
        click.secho(title, bold=True)
    show_table(
        columns,
        ([row.get(column) for column in columns] for row in rows),
        sparse=sparse,
        tallest=tallest,
    )


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    sparse: bool = False,
    tallest: int = TALLEST,
) -> None:
    """Print rows as a table, or as records where it does not fit, page by page."""
    style = line_style()._replace(tallest=tallest)
    given = iter(rows)
    page = list(islice(given, PAGE))
    first = 1
    while page or first == 1:
        click.echo("\n".join(lines_of(columns, page, style, first=first, sparse=sparse)))
        first += max(1, len(page))
        page = list(islice(given, PAGE))


def show_array(documents: Iterable[str]) -> None:
    """Print JSON texts as one array, one a line."""
    separator = "[\n"
    for document in documents:
        click.echo(separator + document, nl=False)
        separator = ",\n"
    click.echo("[]" if separator == "[\n" else "\n]")


def json_text(value: object) -> str:
    """Encode a value as standard JSON, with null for NaN and infinity."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=str)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def line_style() -> Style:
    """Return the line width: COLUMNS, the terminal's, or unlimited where output is piped."""
    given = os.environ.get("COLUMNS", "")
    width = None
    if given.isdigit() and int(given) > 0:
        width = int(given)
    elif sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    try:
        "─".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return Style(width, "-")
    return Style(width)


def notice(sentence: str) -> None:
    """Print a sentence that is not a result on standard error."""
    click.echo(sentence, err=True)


class RunProgress:
    """Progress bars on standard error, one a step, only on a terminal."""

    def __init__(self) -> None:
        # Imported here: it takes a tenth of a second, and most commands show no bars.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, Any] = {}

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Report how far a step is; ``total`` is None while unknown."""
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        self._bars.update(self._tasks[step], completed=done, total=total)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
