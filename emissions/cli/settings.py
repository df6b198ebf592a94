"""``emissions settings``: list every setting with value, default and meaning."""

from __future__ import annotations

import os

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import format_option, show_rows


@click.command("settings")
@format_option
def command(form: str) -> None:
    """List every setting: variable, type, value, default and meaning.

    Settings are EMISSIONS_* variables. An invalid one is marked WRONG with the reason, and the
    exit code is 2. Passwords are masked.

    \b
    Examples:
      emissions settings
      emissions settings --format json
    """
    from emissions.cli.support.settings_listing import listing

    found = listing(os.environ)
    if form == "json":
        columns = ("variable", "type", "value", "default", "given", "meaning", "wrong")
        show_rows(
            ({name: getattr(each, name) for name in columns} for each in found), columns, form
        )
    else:
        show_rows(
            (
                {
                    "variable": each.variable,
                    "type": each.type,
                    "value": each.value,
                    "default": each.default,
                    "meaning": f"WRONG: {each.wrong}" if each.wrong else each.meaning,
                }
                for each in found
            ),
            ("variable", "value", "default", "type", "meaning"),
            form,
        )
    wrong = sum(each.wrong is not None for each in found)
    if wrong:
        raise CommandError(f"invalid settings: {wrong}", BAD_INPUT)
