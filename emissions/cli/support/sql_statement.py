"""Extract one SQL statement from what a person typed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<comment>--[^\n]*|\#[!\ ][^\n]*|/\*.*?(?:\*/|\Z))
       |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
       |(?P<word>[A-Za-z_]\w*)|(?P<semicolon>;)|(?P<space>\s+)|.""",
    re.DOTALL | re.VERBOSE,
)
_SHOWN: Final = 40


class StatementError(ValueError):
    """The text is not one statement; the message says why."""


def only_statement(text: str) -> str:
    """Return the statement without a trailing semicolon and comments.

    Raises `StatementError` for none, for several, and for a FORMAT or INTO OUTFILE at the end:
    options set the format and the target.
    """
    end = 0
    closed = False
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["comment"] or token["space"]:
            continue
        if token["semicolon"]:
            closed = closed or end > 0
            continue
        if closed:
            raise StatementError(_second(text, token.start()))
        end = token.end()
        words.append(token["word"].upper() if token["word"] else token[0])
    if not words:
        raise StatementError("the statement is empty")
    if len(words) > 2 and words[-2] == "FORMAT" and re.fullmatch(r"[A-Z]\w*", words[-1]):
        raise StatementError("leave FORMAT out of the statement: use --format")
    if any(pair == ("INTO", "OUTFILE") for pair in pairwise(words)):
        raise StatementError("leave INTO OUTFILE out of the statement: use -o FILE")
    return text[:end]


def returns_columns(statement: str) -> bool:
    """Return whether the statement is a SELECT, whose columns are known before it runs."""
    for token in _TOKEN.finditer(statement):
        if token["word"]:
            return token["word"].upper() in ("SELECT", "WITH")
        if not (token["comment"] or token["space"] or token[0] == "("):
            return False
    return False


def _second(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    shown = " ".join(text[at : at + _SHOWN].split())
    return (
        f"only one statement is allowed: a second one starts at line {line}, column {column}: "
        f"{shown}"
    )
