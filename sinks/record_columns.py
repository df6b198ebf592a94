"""Derive the columns of a record's table from its schema.

A field of the schema (`schemas/*.avsc`) is a column with its name. A list of records becomes one
array column per field (``evidence.topic``), a nullable text an empty one, a time a DateTime64 in
milliseconds UTC. A new field needs a migration and no change here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from schemas.definitions import current, time_fields

RecordList = Sequence[dict[str, Any]]

TIME: Final = "DateTime64(3, 'UTC')"
TEXT: Final = "LowCardinality(String)"
NUMBER: Final = "Nullable(Float64)"

_TYPES: Final = {
    "string": TEXT,
    "bytes": "String",
    "int": "UInt32",
    "long": "Int64",
    "double": "Float64",
    "boolean": "Bool",
}
_MAPS: Final = {
    "int": "UInt32",
    "string": "String",
    "double": "Float64",
}
_BY_NAME: Final = {
    "id": "UUID",
    "category": "UInt8",
    "partition": "Int32",
    "readings": "UInt64",
    "detail": "String",
    "day": "String",
    "root": "String",
    "verification": "String",
    "notice_id": "String",
    "reason_given": "String",
    "withdraws": "String",
    "completes": "String",
    "withdrawn_by": "String",
    "case_id": "String",
    "reference": "String",
    "violation": "UUID",
    "violations": "UUID",
    "absorbed": "UUID",
    "related": "UUID",
    "systematic_with": "UUID",
    "repeat_of": "String",
}
"""Fields whose column type follows from their meaning: size of a number, or texts that do not
repeat. Of a list it is the type of its items.
"""

_GIVEN_IDS: Final = frozenset({"Measure"})
"""Records whose id people give: a text, and no UUID."""

_NESTED_TIMES: Final = {"items": ("start", "end", "verification_until")}
"""List of records -> its fields that are times."""


class RecordColumn(NamedTuple):
    """One column: name, ClickHouse type, getter of its values, and meaning.

    ``meaning`` comes from the schema, where "null" is the Avro null.
    """

    name: str
    type: str
    values: Callable[[RecordList], list[Any]]
    meaning: str


@cache
def record_columns(record: str) -> tuple[RecordColumn, ...]:
    """Derive the columns of a record's current schema, in the order of its fields.

    Raises KeyError for an unknown record, ValueError for an Avro type without a column type.
    """
    schema = json.loads(current()[record].text)
    times = time_fields(record)
    found = [
        column for field in schema["fields"] for column in _columns(field, field["name"] in times)
    ]
    if record in _GIVEN_IDS:
        found = [
            column._replace(type="String", values=_texts("id")) if column.name == "id" else column
            for column in found
        ]
    return tuple(found)


def _columns(field: dict[str, Any], is_time: bool) -> Iterator[RecordColumn]:
    name, kind, meaning = field["name"], field["type"], _sentence(field)
    nullable = isinstance(kind, list)
    if nullable:
        kind = next(branch for branch in kind if branch != "null")
    if isinstance(kind, str):
        yield _plain(name, kind, meaning, nullable=nullable, is_time=is_time)
    elif kind["type"] == "enum":
        listed = f"{meaning} ({', '.join(kind['symbols'])})"
        yield RecordColumn(name, TEXT, _getter(name), f"{listed}. {_sentence(kind)}")
    elif kind["type"] == "map" and (held := _map_values(kind["values"])):
        type_ = f"Map(LowCardinality(String), {held})"
        yield RecordColumn(name, type_, _getter(name), meaning)
    elif kind["type"] == "array" and kind["items"] == "string":
        type_ = _BY_NAME.get(name, TEXT)
        values = _lists_of_uuids(name) if type_ == "UUID" else _getter(name)
        yield RecordColumn(name, f"Array({type_})", values, meaning)
    elif kind["type"] == "array" and isinstance(kind["items"], dict):
        for part in kind["items"]["fields"]:
            yield _nested(name, part)
    else:
        raise ValueError(f"field {name} has no column: {kind}")


def _plain(name: str, kind: str, meaning: str, *, nullable: bool, is_time: bool) -> RecordColumn:
    type_ = _BY_NAME.get(name) or (TIME if is_time else _TYPES[kind])
    if type_ == "UUID":
        return RecordColumn(name, type_, _uuids(name), meaning)
    if nullable and kind == "string":
        return RecordColumn(name, type_, _texts(name), meaning)
    return RecordColumn(name, f"Nullable({type_})" if nullable else type_, _getter(name), meaning)


def _map_values(kind: str | list[str]) -> str | None:
    """Return the type of a map's values, None if there is none for it."""
    if isinstance(kind, str):
        return _MAPS.get(kind)
    held = _MAPS.get(next(branch for branch in kind if branch != "null"))
    return held and f"Nullable({held})"


def _nested(name: str, part: dict[str, Any]) -> RecordColumn:
    inner, kind = part["name"], part["type"]
    nullable = isinstance(kind, list)
    if nullable:
        kind = next(branch for branch in kind if branch != "null")
    text = kind == "string"
    type_ = _BY_NAME.get(inner) or ("String" if text else _TYPES[kind])
    if inner in _NESTED_TIMES.get(name, ()):
        type_ = TIME

    def values(records: RecordList) -> list[Any]:
        if type_ == "UUID":
            return [[uuid.UUID(item[inner]) for item in record[name]] for record in records]
        if text:
            return [[item[inner] or "" for item in record[name]] for record in records]
        return [[item[inner] for item in record[name]] for record in records]

    type_of_item = f"Nullable({type_})" if nullable and not text else type_
    return RecordColumn(f"{name}.{inner}", f"Array({type_of_item})", values, _sentence(part))


def _getter(name: str) -> Callable[[RecordList], list[Any]]:
    return lambda records: [record[name] for record in records]


def _texts(name: str) -> Callable[[RecordList], list[Any]]:
    return lambda records: [record[name] or "" for record in records]


def _uuids(name: str) -> Callable[[RecordList], list[Any]]:
    return lambda records: [uuid.UUID(record[name]) for record in records]


def _lists_of_uuids(name: str) -> Callable[[RecordList], list[Any]]:
    return lambda records: [[uuid.UUID(each) for each in record[name]] for record in records]


def _sentence(node: dict[str, Any]) -> str:
    """Return the doc of a field or type without its full stop."""
    return str(node["doc"]).rstrip(".")
