"""Values of options that more than one command takes."""

from __future__ import annotations

import click

from streams.core.quality import LATEST_ARRIVAL
from streams.input.cells import instant
from streams.input.reading_row import CellError


class Instant(click.ParamType):
    """An ISO 8601 time with an offset, as milliseconds UTC."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The milliseconds; a usage error for what is no such time."""
        if isinstance(value, int):
            return value
        try:
            found = instant("", str(value))
        except CellError as error:
            self.fail(error.why, param, ctx)
        if found > LATEST_ARRIVAL:
            self.fail(f"{value} is later than the year 2299, the last that results can name")
        return found


class ManyValues(click.Command):
    """A command whose repeatable options take several values at once: ``--input a b c``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its further values, then parse as usual."""
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
