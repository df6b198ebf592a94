"""What commands print: tables for people, JSON lines for scripts, progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Row = dict[str, Any]

format_option: Callable[[Any], Any] = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="A table for people, or one JSON object a line for scripts.",
)


def show_rows(
    rows: Iterable[Row], columns: Sequence[str], form: str, title: str | None = None
) -> None:
    """Print rows on standard output: the columns as a table, or whole rows as JSON lines."""
    if form == "json":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
        return
    table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell_text(row.get(column)) for column in columns))
    console().print(table)


def cell_text(value: object) -> str:
    """A value as a table shows it: nothing for null, five digits for a float."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    return str(value)


def console() -> Console:
    """Standard output; as wide as it needs where nobody looks at it."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def notice(sentence: str) -> None:
    """A sentence for the user that is no result: it goes to standard error."""
    click.echo(sentence, err=True)


class RunProgress:
    """A progress bar for each step of a run, on standard error and only on a terminal."""

    def __init__(self) -> None:
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
        """The step has come so far; ``total`` None where nobody knows it yet."""
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
