"""One statement out of the text of a person, without what stands behind it."""

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
    """The text is not one statement that can be asked; a sentence that says why."""


def only_statement(text: str) -> str:
    """The statement, without a semicolon and comments behind it.

    Raises `StatementError` for no statement, for several, and for a FORMAT or INTO OUTFILE at the
    end: in which form and where an answer goes is said by options.
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
        raise StatementError("the question is empty")
    if len(words) > 2 and words[-2] == "FORMAT" and re.fullmatch(r"[A-Z]\w*", words[-1]):
        raise StatementError("leave FORMAT out of the question: --format says it")
    if any(pair == ("INTO", "OUTFILE") for pair in pairwise(words)):
        raise StatementError("leave INTO OUTFILE out of the question: -o FILE writes it to a file")
    return text[:end]


def returns_columns(statement: str) -> bool:
    """Whether it is a SELECT, whose columns can be told before it is run."""
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
    return f"one statement at a time: a second one begins in line {line}, column {column}: {shown}"
