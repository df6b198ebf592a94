"""A field of a schema is a column: its type, its values, its meaning."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

import sinks.record_columns
from schemas.definitions import Definition
from sinks.record_columns import RecordColumn, record_columns

PROOF = {
    "type": "record",
    "name": "P",
    "fields": [
        {"name": "topic", "type": ["null", "string"], "doc": "Topic; null: none."},
        {"name": "partition", "type": "int", "doc": "Partition."},
    ],
}
KIND = {"type": "enum", "name": "K", "symbols": ["A", "B"], "doc": "B: the other."}


def columns_of(monkeypatch: pytest.MonkeyPatch, *fields: Any) -> dict[str, RecordColumn]:
    schema = [{"name": name, "type": kind, "doc": f"{name}."} for name, kind in fields]
    definition = Definition("R", json.dumps({"fields": schema}), {})
    monkeypatch.setattr(sinks.record_columns, "current", lambda: {"R": definition})
    monkeypatch.setattr(sinks.record_columns, "time_fields", lambda _: {"start", "end"})
    record_columns.cache_clear()
    try:
        return {column.name: column for column in record_columns("R")}
    finally:
        record_columns.cache_clear()


@pytest.mark.parametrize(
    ("field", "kind", "type_", "value", "written"),
    [
        ("a", "string", "LowCardinality(String)", "x", "x"),
        ("a", ["null", "string"], "LowCardinality(String)", None, ""),
        ("a", "int", "UInt32", 0, 0),
        ("a", "long", "Int64", 7, 7),
        ("a", "double", "Float64", 0.5, 0.5),
        ("a", ["null", "double"], "Nullable(Float64)", None, None),
        ("a", "boolean", "Bool", False, False),
        ("a", ["null", "bytes"], "Nullable(String)", b"", b""),
        ("a", KIND, "LowCardinality(String)", "B", "B"),
        ("a", {"type": "map", "values": "int"}, "Map(LowCardinality(String), UInt32)", {}, {}),
        ("a", {"type": "array", "items": "string"}, "Array(LowCardinality(String))", [], []),
        ("start", "long", "DateTime64(3, 'UTC')", 1, 1),
        ("end", ["null", "long"], "Nullable(DateTime64(3, 'UTC'))", None, None),
        ("id", "string", "UUID", "0" * 32, UUID(int=0)),
    ],
)
def test_field_becomes_a_column(
    monkeypatch: pytest.MonkeyPatch, field: str, kind: Any, type_: str, value: Any, written: Any
) -> None:
    column = columns_of(monkeypatch, (field, kind))[field]
    assert (column.type, column.values([{field: value}])) == (type_, [written])
    assert column.meaning.startswith(field)


def test_records_in_a_list_become_a_column_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    found = columns_of(monkeypatch, ("evidence", {"type": "array", "items": PROOF}))
    record = {"evidence": [{"topic": None, "partition": 0}, {"topic": "t", "partition": 3}]}
    assert [(name, column.type, column.values([record])) for name, column in found.items()] == [
        ("evidence.topic", "Array(String)", [["", "t"]]),
        ("evidence.partition", "Array(Int32)", [[0, 3]]),
    ]


def test_symbols_stand_in_the_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert columns_of(monkeypatch, ("a", KIND))["a"].meaning == "a (A, B). B: the other"


def test_type_without_a_column_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="field a has no column"):
        columns_of(monkeypatch, ("a", {"type": "array", "items": "int"}))
