"""Split what an HTTP client sends into the SQL statement and the data that follow it.

ClickHouse takes one text, the ``query`` parameter followed by the body. An ``INSERT`` ends with
``FORMAT name`` or ``VALUES``; what follows is data, often binary.
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
    """An INSERT with its data: ``INSERT INTO …``, then ``SETTINGS …`` if any, FORMAT and data."""

    head: str
    settings: str
    format: str
    data: bytes


class Statement(NamedTuple):
    """Any other statement: ``verb`` is its first word; ``format`` is None if it names none."""

    sql: str
    verb: str
    format: str | None
    plain: bool  # the word FORMAT does not occur, or the clause was understood


def read_statement(query: str, body: bytes) -> Insert | Statement:
    """Parse the ``query`` parameter and the body as one statement.

    Raises UnicodeDecodeError if a statement (not its data) is not UTF-8.
    """
    head = query.encode()
    cut = _cut_insert(head) if head else None
    if cut is not None:  # the data need not be copied behind the statement
        rest = head[cut.data :]
        return _insert(head, cut, rest + body if rest else body)
    text = head + b"\n" + body if head and body else head or body
    cut = _cut_insert(text)
    if cut is not None:
        return _insert(text, cut, text[cut.data :])
    sql = text.decode()
    named = _LAST_FORMAT.search(sql)
    plain = named is not None or "format" not in sql.lower()
    return Statement(sql, _first_word(text), named["format"] if named else None, plain)


class _Cut(NamedTuple):
    """Where the SETTINGS of an INSERT begin and end, and where its data begin."""

    settings: int
    end: int
    format: str
    data: int


def _insert(text: bytes, cut: _Cut, data: bytes) -> Insert:
    head = text[: cut.settings].decode()
    return Insert(head, text[cut.settings : cut.end].decode(), cut.format, data)


def _first_word(text: bytes) -> str:
    for token in _TOKEN.finditer(text):
        if token["word"]:
            return token["word"].decode().upper()
    return ""


def _cut_insert(text: bytes) -> _Cut | None:
    """Return where to split an INSERT with data; None for every other statement."""
    depth = 0
    settings: int | None = None
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
            return _Cut(settings or token.start(), token.start(), "Values", token.end())
        elif depth == 0 and word == b"SETTINGS":
            settings = token.start()
        elif depth == 0 and word == b"FORMAT":
            name = _FORMAT_NAME.match(text, token.end())
            if name is None:
                return None
            begin = settings or token.start()
            return _Cut(begin, token.start(), name[1].decode(), name.end())
    return None
