"""Writes the page of settings from the fields of `Settings` and the comments behind them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

from emissions.cli.support.settings_listing import ListedSetting, listing
from streams.settings import PREFIX, Settings
from tests.docs.markdown import code, page, table

_GROUP = re.compile(r" {4}# (\S.*)")
_FIELD = re.compile(r" {4}(\w+): ")


def settings_page() -> str:
    """Show every variable by group: type, default and meaning."""
    listed = {each.variable: each for each in listing({})}
    parts = [
        "Settings are `EMISSIONS_*` environment variables. `emissions settings` prints them with "
        "the values that hold now. A variable that is no setting is an error, a value that cannot "
        "work is one sentence. Names that end with `_S` are seconds."
    ]
    for group, names in groups().items():
        rows = [_row(listed[PREFIX + name.upper()]) for name in names]
        parts += [f"## {group}", table(("variable", "type", "default", "meaning"), rows)]
    return page("Settings", *parts)


def groups() -> dict[str, list[str]]:
    """Names of the fields by the comment above them in the source of `Settings`."""
    found: dict[str, list[str]] = {}
    known = {part.name for part in fields(Settings)}
    for line in inspect.getsource(Settings).splitlines():
        if group := _GROUP.fullmatch(line):
            found[group[1]] = []
        elif (part := _FIELD.match(line)) and part[1] in known:
            found[next(reversed(found))].append(part[1])
    return found


def _row(listed: ListedSetting) -> tuple[object, ...]:
    default = listed.default
    shown = str(default).lower() if isinstance(default, bool) else default
    return code(listed.variable), listed.type, code(shown), listed.meaning
