"""Writes the page of exit codes from the tables beside the code that ends processes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emissions.cli.support.errors import EXIT_CODES
from streams.health import check
from streams.runtime import process
from tests.docs.commands import contexts
from tests.docs.markdown import code, page, table

_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z])")
_EXIT = re.compile(r"\bexits?\b", re.IGNORECASE)


def exit_codes_page() -> str:
    """Show what each exit code means, and which commands say more."""
    return page(
        "Exit codes",
        "## Commands",
        _codes(EXIT_CODES),
        "A command that fails prints one sentence on standard error: what is wrong, where, and "
        "what to do. These say more:",
        table(("command", "says"), said()),
        "## Workers",
        "`emissions worker streams`, `emissions worker sinks` and `emissions worker seal`.",
        _codes(process.EXIT_CODES),
        "## Check of health",
        "`python -m streams.health.check`, the check of the container.",
        _codes(check.EXIT_CODES),
    )


def said() -> list[tuple[str, str]]:
    """Sentences of the help of commands that speak of exit codes."""
    found = []
    for context in contexts():
        text = " ".join((context.command.help or "").replace("\b", "").split())
        sentences = [each for each in _SENTENCE.split(text) if _EXIT.search(each)]
        if context.parent is not None and sentences:
            found.append((code(context.command_path), " ".join(sentences)))
    return found


def _codes(meanings: Mapping[str, str]) -> str:
    return table(("code", "means"), [(code(number), means) for number, means in meanings.items()])
