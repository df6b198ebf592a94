"""A resource of the API as a value, and the statements that ask for a page of it.

Texts of statements are fixed here and in the modules of the resources; what comes from a request is
a parameter of the statement, never part of its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from emissions.portal.api.cursor import KeyValue

KeyKind = Literal["text", "number", "time", "date"]

_PARAMETER: Final[Mapping[KeyKind, str]] = {
    "text": "{%s:String}",
    "number": "{%s:Int64}",
    "time": "parseDateTime64BestEffort({%s:String}, 3, 'UTC')",
    "date": "toDate32({%s:String})",
}

_TYPE: Final[Mapping[KeyKind, type]] = {
    "text": str,
    "number": int,
    "time": datetime,
    "date": date,
}

SAME_IN_EVERY_FORMAT: Final = (
    " SETTINGS date_time_output_format = 'iso', format_csv_null_representation = '', "
    "output_format_json_escape_forward_slashes = 0, output_format_json_quote_64bit_integers = 0, "
    "output_format_json_quote_denormals = 0"
)


@dataclass(frozen=True)
class KeyColumn:
    """A column by which the rows are ordered; all of them together name one row."""

    name: str
    kind: KeyKind = "text"

    @property
    def type(self) -> type:
        """What a cursor holds of it; times and dates as texts."""
        return _TYPE[self.kind]


@dataclass(frozen=True)
class Filter:
    """A condition of the statement and the values of its parameters."""

    condition: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """What is asked: columns (each an expression or a name), a source of rows, and their key."""

    name: str
    columns: tuple[str, ...]
    source: str
    key: tuple[KeyColumn, ...]
    lists: frozenset[str] = frozenset()
    """Columns that hold lists or maps: in CSV they are JSON texts."""


@dataclass(frozen=True)
class Query:
    """A statement without its format, and its parameters."""

    statement: str
    parameters: Mapping[str, Any]


def page_query(
    resource: Resource,
    filters: Sequence[Filter],
    after: tuple[KeyValue, ...] | None,
    limit: int,
    *,
    lists_as_text: bool = False,
) -> Query:
    """Return the query for at most ``limit`` rows behind a key.

    ``lists_as_text``: for a format that has no lists and maps.
    """
    texts = resource.lists if lists_as_text else frozenset()
    columns = ", ".join(_selected(resource, texts))
    return _query(resource, columns, filters, after, f"LIMIT {int(limit)}")


def edge_query(
    resource: Resource, filters: Sequence[Filter], after: tuple[KeyValue, ...] | None, limit: int
) -> Query:
    """Return the query for the key of the last row of that page and of the one behind it."""
    names = [each.name for each in resource.key]
    columns = ", ".join(column for column in resource.columns if _name(column) in names)
    return _query(resource, columns, filters, after, f"LIMIT 2 OFFSET {int(limit) - 1}")


def _query(
    resource: Resource,
    columns: str,
    filters: Sequence[Filter],
    after: tuple[KeyValue, ...] | None,
    limit: str,
) -> Query:
    conditions = [each.condition for each in filters]
    parameters: dict[str, Any] = {}
    for each in filters:
        parameters |= each.parameters
    if after is not None:
        values = [_PARAMETER[key.kind] % f"after_{place}" for place, key in enumerate(resource.key)]
        names = ", ".join(key.name for key in resource.key)
        conditions.append(f"({names}) > ({', '.join(values)})")
        conditions.append(f"{resource.key[0].name} >= {values[0]}")  # what the index can use
        parameters |= {f"after_{place}": value for place, value in enumerate(after)}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ", ".join(key.name for key in resource.key)
    statement = f"SELECT {columns} FROM {resource.source}{where} ORDER BY {order} {limit}"  # noqa: S608
    return Query(statement + SAME_IN_EVERY_FORMAT, parameters)


def _name(column: str) -> str:
    return column.rpartition(" AS ")[2]


def _selected(resource: Resource, texts: frozenset[str]) -> list[str]:
    return [
        f"toJSONString({column}) AS {column}" if column in texts else column
        for column in resource.columns
    ]
