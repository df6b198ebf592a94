"""Check what a statement does, in ClickHouse's own canonical form, before it runs.

`formatQuery` is ClickHouse's parser: it refuses several statements in one text, drops comments and
writes every call as ``name(``. Its output is what is checked and what is run. Grants
(`clickhouse_users`) refuse nearly all of it again, but not what the client part of the engine does
by itself (INTO OUTFILE, FROM INFILE) and the function ``file``.
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
"""Table functions that stay inside the database; all others are refused."""

_REFUSED: Final = frozenset(("file", "disk", "executable", "catboostevaluate"))
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'
       |(?P<name>[A-Za-z_]\w*|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")(?P<call>\()?
       |.""",
    re.DOTALL | re.VERBOSE,
)
_SCOPE = re.compile(r": In scope SELECT formatQuerySingleLine\(.*\)\.", re.DOTALL)


class RefusedError(Exception):
    """The statement is not run; the text is as ClickHouse would send it."""


def refused_calls(table_functions: Iterable[str]) -> frozenset[str]:
    """Return the functions of the engine that no statement may call, in lower case."""
    return _REFUSED | {name.lower() for name in table_functions} - _TABLE_FUNCTIONS


def canonical(sql: str, ask: Callable[[str], str]) -> str:
    """Return the single statement of a text in canonical form; ``ask`` runs a SELECT.

    Raises `RefusedError` for several statements or none, and what ``ask`` raises.
    """
    quoted = "'" + sql.replace("\\", "\\\\").replace("'", "\\'") + "'"
    try:
        return ask(f"SELECT formatQuerySingleLine({quoted})")
    except Exception as error:  # chdb raises its own types and plain RuntimeError alike
        raise RefusedError(_SCOPE.sub(".", str(error))) from None


def check(text: str, refused: frozenset[str], *, readonly: bool) -> str:
    """Return the verb of a canonical statement. Raises `RefusedError` for what is not allowed.

    ``refused`` are the calls of `refused_calls`; with ``readonly`` only reading statements pass.
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
