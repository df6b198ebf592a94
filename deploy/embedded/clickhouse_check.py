"""Holds a statement against what a request may do, in the form in which ClickHouse reads it.

`formatQuery` is ClickHouse's own parser: it refuses several statements in one text, leaves
comments out and writes every call as ``name(``. What it returns is what is looked at and what is
run. Grants (`clickhouse_users`) refuse nearly all of it again; they do not cover what the client
part of the engine does by itself (INTO OUTFILE, FROM INFILE) and the function ``file``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

_READING: Final = frozenset(
    ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK")
)
_CHANGING: Final = frozenset(
    (
        *("INSERT", "CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "EXCHANGE", "OPTIMIZE"),
        *("DELETE", "UPDATE", "ATTACH", "DETACH", "UNDROP", "KILL", "SYSTEM", "SET", "USE"),
    )
)
_TABLE_FUNCTIONS: Final = frozenset(
    name.lower()
    for name in (
        *("numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateRandom"),
        *("generateSeries", "generate_series", "values", "view", "null", "merge", "format"),
        *("input", "mergeTreeIndex", "mergeTreeProjection", "loop"),
    )
)
"""Table functions that stay inside the database; every other one of the engine is refused."""

_REFUSED: Final = frozenset(("file", "disk", "executable", "catboostevaluate"))
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'
       |(?P<name>[A-Za-z_]\w*|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")(?P<call>\()?
       |.""",
    re.DOTALL | re.VERBOSE,
)
_SCOPE = re.compile(r": In scope SELECT formatQuerySingleLine\(.*\)\.", re.DOTALL)


class RefusedError(Exception):
    """A statement that is not run; the text is as ClickHouse would send it."""


def calls_refused(table_functions: Iterable[str]) -> frozenset[str]:
    """Names that no statement may call, of those that the engine has, in small letters."""
    return _REFUSED | {name.lower() for name in table_functions} - _TABLE_FUNCTIONS


def canonical(sql: str, ask: Callable[[str], str]) -> str:
    """The one statement in a text as ClickHouse writes it; ``ask`` runs a SELECT.

    Raises `RefusedError` for several statements or none, and what ``ask`` raises.
    """
    quoted = "'" + sql.replace("\\", "\\\\").replace("'", "\\'") + "'"
    try:
        return ask(f"SELECT formatQuerySingleLine({quoted})")
    except Exception as error:  # chdb raises its own types and plain RuntimeError alike
        raise RefusedError(_SCOPE.sub(".", str(error))) from None


def check(text: str, refused: frozenset[str], *, readonly: bool) -> str:
    """The verb of a canonical statement. Raises `RefusedError` for what is not served.

    ``refused`` are the calls of `calls_refused`; with ``readonly`` only reading statements pass.
    """
    verb, before = "", ""
    for token in _TOKEN.finditer(text):
        name = token["name"]
        if name is None:
            continue
        verb = verb or name
        if token["call"] and name.strip('`"').lower() in refused:
            raise _denied(f"{name.strip(chr(96))}() reaches out of the database")
        if (before, name) in (("INTO", "OUTFILE"), ("FROM", "INFILE")):
            raise _denied(f"{before} {name} reaches files")
        if name.startswith("ai") and token["call"] and name[2:3].isupper():
            raise _denied(f"{name}() reaches out of the database")
        before = name
    if verb == "ATTACH" and " FROM '" in text:
        raise _denied("ATTACH ... FROM reaches files")
    if verb not in _READING and verb not in _CHANGING:
        raise _denied(f"{verb or 'such a statement'} is not served")
    if readonly and verb not in _READING:
        raise RefusedError(
            "Code: 164. DB::Exception: default: Cannot execute query in readonly mode. (READONLY)"
        )
    return verb


def _denied(why: str) -> RefusedError:
    return RefusedError(
        f"Code: 497. DB::Exception: Not allowed in the embedded ClickHouse: {why}. (ACCESS_DENIED)"
    )
