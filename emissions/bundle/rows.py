"""Reads records back from the tables that hold them, field by field as their schema says.

The tables have a column a field (`sinks.record_columns`): a text that is null is empty there, a
list of records one array a field of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from schemas.definitions import current

Rows = Callable[..., Sequence[Sequence[Any]]]
"""Answers a read-only question with parameters by name."""


_TIME: Final = "DateTime64"
_TYPES: Final = (
    "SELECT name, type FROM system.columns "
    "WHERE database = currentDatabase() AND table = {table:String}"
)


class _Field(NamedTuple):
    """A field: the expressions that select it, and how its value is made of theirs."""

    name: str
    columns: tuple[str, ...]
    value: Callable[[Sequence[Any]], Any]


class RecordTable:
    """Selects records from a table, and makes them of its rows."""

    def __init__(self, rows: Rows, record: str, table: str, beside: Sequence[str] = ()) -> None:
        """Look up the types of the columns; ``rows`` asks for them.

        Expressions ``beside`` the record's fields stand at the end of each row.
        """
        self._table = table
        self._beside = beside
        types: dict[str, str] = {str(name): str(kind) for name, kind in rows(_TYPES, table=table)}
        self._fields = list(_fields(record, types))

    def select(self, condition: str = "1", order: str = "", *, final: bool = False) -> str:
        """Return the question; ``final``: of rows with one key the last alone."""
        own = (column for field in self._fields for column in field.columns)
        columns = ", ".join((*own, *self._beside))
        of_each = " FINAL" if final else ""
        ordered = f" ORDER BY {order}" if order else ""
        return f"SELECT {columns} FROM {self._table}{of_each} WHERE {condition}{ordered}"  # noqa: S608

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return the record of a row of the answer."""
        return _record(self._fields, row)


def read_records(
    rows: Rows, record: str, table: str, condition: str, order: str, **parameters: Any
) -> list[dict[str, Any]]:
    """Return the records of a table, each revision that it holds whole."""
    chosen = RecordTable(rows, record, table)
    sql = chosen.select(condition, order, final=True)
    return [chosen.record(row) for row in rows(sql, **parameters)]


def _record(fields: Sequence[_Field], row: Sequence[Any]) -> dict[str, Any]:
    found, at = {}, 0
    for field in fields:
        found[field.name] = field.value(row[at : at + len(field.columns)])
        at += len(field.columns)
    return found


def _fields(record: str, types: Mapping[str, str]) -> Iterator[_Field]:
    schema = json.loads(current()[record].text)
    for field in schema["fields"]:
        name = field["name"]
        kind, nullable = _plain(field["type"])
        if isinstance(kind, dict) and kind["type"] == "array":
            items, _ = _plain(kind["items"])
            if isinstance(items, dict) and items["type"] == "record":
                yield _list(name, items, types)
            else:
                yield _Field(name, (f"arrayMap(x -> toString(x), `{name}`)",), _first)
        elif isinstance(kind, dict) and kind["type"] == "map":
            yield _Field(name, (f"`{name}`",), _first)
        elif _is_text(kind):
            value = _text if nullable else _first
            yield _Field(name, (f"toString(`{name}`)",), value)
        else:
            column = f"toUnixTimestamp64Milli(`{name}`)" if _TIME in types[name] else f"`{name}`"
            yield _Field(name, (column,), _first)


def _list(name: str, items: dict[str, Any], types: Mapping[str, str]) -> _Field:
    parts = [(part["name"], *_plain(part["type"])) for part in items["fields"]]
    columns = []
    for part, kind, _ in parts:
        column = f"`{name}.{part}`"
        if _is_text(kind):
            column = f"arrayMap(x -> toString(x), {column})"
        elif _TIME in types[f"{name}.{part}"]:
            column = f"arrayMap(x -> toUnixTimestamp64Milli(x), {column})"
        columns.append(column)

    def value(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [
            {
                part: each or None if nullable and _is_text(kind) else each
                for (part, kind, nullable), each in zip(parts, item, strict=True)
            }
            for item in zip(*found, strict=True)
        ]

    return _Field(name, tuple(columns), value)


def _plain(kind: Any) -> tuple[Any, bool]:
    """Return the type of a field without its null, and whether it may be null."""
    if isinstance(kind, list):
        return next(branch for branch in kind if branch != "null"), True
    return kind, False


def _is_text(kind: Any) -> bool:
    return kind == "string" or (isinstance(kind, dict) and kind["type"] == "enum")


def _first(found: Sequence[Any]) -> Any:
    return found[0]


def _text(found: Sequence[Any]) -> Any:
    return found[0] or None
