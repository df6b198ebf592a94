"""Cuts what an HTTP client sends into the SQL statement and the data that follow it.

ClickHouse takes one text made of the ``query`` parameter and the body. An ``INSERT`` ends in
``FORMAT name`` or ``VALUES``; what comes after is data, binary as often as not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""--[^\n]*|/\*.*?\*/                                  # comments
       |'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`  # quoted
       |(?P<word>[A-Za-z_]\w*)|(?P<bracket>[()])|\s+|.""",
    re.DOTALL | re.VERBOSE,
)
_FORMAT_NAME = re.compile(rb"\s+(\w+)[ \t\f]*\r?\n?")
_LAST_FORMAT = re.compile(
    r"\bFORMAT\s+(?P<format>\w+)(?:\s+SETTINGS\s+[^()]*)?\s*;?\s*$", re.IGNORECASE
)
_NO_DATA = frozenset({b"SELECT", b"WITH", b"FROM", b"WATCH"})


class Insert(NamedTuple):
    """An INSERT with its data: ``head`` is the statement without its FORMAT clause."""

    head: str
    format: str
    data: bytes


class Statement(NamedTuple):
    """Any other statement: ``verb`` is its first word; ``format`` is None if it names none."""

    sql: str
    verb: str
    format: str | None
    plain: bool  # the word FORMAT does not occur, or the clause was understood


def read_statement(query: str, body: bytes) -> Insert | Statement:
    """What the ``query`` parameter and the body mean together.

    Raises UnicodeDecodeError if a statement (not its data) is not UTF-8.
    """
    head = query.encode()
    cut = _cut_insert(head) if head else None
    if cut is not None:  # the data need not be copied behind the statement
        end, name, start = cut
        return Insert(head[:end].decode(), name, head[start:] + body if head[start:] else body)
    text = head + b"\n" + body if head and body else head or body
    cut = _cut_insert(text)
    if cut is not None:
        end, name, start = cut
        return Insert(text[:end].decode(), name, text[start:])
    sql = text.decode()
    named = _LAST_FORMAT.search(sql)
    plain = named is not None or "format" not in sql.lower()
    return Statement(sql, _first_word(text), named["format"] if named else None, plain)


def _first_word(text: bytes) -> str:
    for token in _TOKEN.finditer(text):
        if token["word"]:
            return token["word"].decode().upper()
    return ""


def _cut_insert(text: bytes) -> tuple[int, str, int] | None:
    """End of the statement, name of the format and start of the data of an INSERT with data."""
    depth = 0
    begun = False
    for token in _TOKEN.finditer(text):
        if token["bracket"]:
            depth += 1 if token["bracket"] == b"(" else -1
            continue
        if not token["word"]:
            continue
        word = token["word"].upper()
        if not begun:
            if word != b"INSERT":
                return None
            begun = True
        elif depth == 0 and word in _NO_DATA:
            return None
        elif depth == 0 and word == b"VALUES":
            return token.start(), "Values", token.end()
        elif depth == 0 and word == b"FORMAT":
            name = _FORMAT_NAME.match(text, token.end())
            return (token.start(), name[1].decode(), name.end()) if name else None
    return None
