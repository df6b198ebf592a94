"""Options and option types that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.input.cells import instant
from emissions.input.reading_row import CellError
from streams.core.time.interval import LATEST_ARRIVAL

PORT = click.IntRange(1, 65535)

days_option = click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=1,
    show_default=True,
    help="Local days to simulate.",
)
seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same bytes."
)

report_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "html")),
    default="table",
    show_default=True,
    help="table for people, json (one object) for scripts, html: one page, to print or send.",
)
report_output_option = click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Write to this file instead.",
)


class Instant(click.ParamType):
    """An ISO 8601 time with an offset, converted to milliseconds UTC."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse the time; fail with a usage error."""
        if isinstance(value, int):
            return value
        try:
            found = instant("", str(value))
        except CellError as error:
            self.fail(error.why, param, ctx)
        if found > LATEST_ARRIVAL:
            self.fail(f"{value} is after 2299, the last year that results can represent")
        return found


class ManyValues(click.Command):
    """A command whose repeatable options take several values: ``--input a b c``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further value, then parse as usual."""
        many = {
            name
            for param in self.params
            if isinstance(param, click.Option) and param.multiple
            for name in param.opts
        }
        spread: list[str] = []
        option: str | None = None
        fresh = False  # the option was just named: its first value follows
        for arg in args:
            if arg.startswith("-") and not fresh:
                option = arg if arg in many else None
                fresh = option is not None
            elif option is not None:
                if not fresh:
                    spread.append(option)
                fresh = False
            spread.append(arg)
        return super().parse_args(ctx, spread)
