"""``emissions settings``: list every setting with value, default and meaning."""

from __future__ import annotations

import os

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import format_option, show_rows


@click.command("settings")
@format_option
def command(form: str) -> None:
    """List every setting: variable, value and where it comes from, default, type and meaning.

    Settings are EMISSIONS_* variables: a value comes from the environment or is the default. An
    invalid one is marked WRONG with the reason, and the exit code is 2. Secrets are masked.

    \b
    Examples:
      emissions settings
      emissions settings --format json
    """
    from emissions.cli.support.settings_listing import listing

    found = listing(os.environ)
    if form == "json":
        columns = ("variable", "type", "value", "default", "source", "given", "meaning", "wrong")
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
                    "source": each.source,
                    "default": each.default,
                    "meaning": f"WRONG: {each.wrong}" if each.wrong else each.meaning,
                }
                for each in found
            ),
            ("variable", "value", "source", "default", "type", "meaning"),
            form,
        )
    wrong = sum(each.wrong is not None for each in found)
    if wrong:
        raise CommandError(f"invalid settings: {wrong}", BAD_INPUT)
