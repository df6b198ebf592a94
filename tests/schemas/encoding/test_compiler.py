"""The generated encoders write what fastavro writes, whatever form the record has."""

from __future__ import annotations

import math
import textwrap
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions import current
from schemas.encoding import compiler as encoder
from schemas.encoding.compiler import compile_encoder, encoder_source
from schemas.encoding.primitives import (
    MAX_CHARACTERS,
    MAX_ENTRIES,
    EncodedLongs,
    EncodedStrings,
    varint,
)
from schemas.records import record_of
from tests.schemas.avro import long
from tests.schemas.examples import DEAD_LETTER, GAP, MEAN, READING, VIOLATION

ENCODERS = {name: compile_encoder(definition.parsed) for name, definition in current().items()}
DOES_NOT_FIT = (KeyError, TypeError, ValueError, AttributeError)

_LONGS = st.integers(-(2**63), 2**63 - 1)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["KZ-0000001", "SO2", "", "Ж" * 64, "Ж" * 65]) | st.text(max_size=80),
    "bytes": st.binary(max_size=80),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.sampled_from([1_772_305_200_000, 0, -1, 63, 64]) | _LONGS,
    "double": st.floats(width=64),
    "boolean": st.booleans(),
}


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a parsed schema, records as dicts."""
    if isinstance(schema, list):
        return st.one_of(st.none(), *(values(branch, named) for branch in schema[1:]))
    if isinstance(schema, str):
        return _VALUES[schema] if schema in _VALUES else values(named[schema], named)
    if "name" in schema:
        named[schema["name"]] = schema
    kind = schema["type"]
    if kind == "record":
        return st.fixed_dictionaries(
            {field["name"]: values(field["type"], named) for field in schema["fields"]}
        )
    if kind == "enum":
        return st.sampled_from(schema["symbols"])
    if kind == "array":
        return st.lists(values(schema["items"], named), max_size=3)
    if kind == "map":
        return st.dictionaries(_VALUES["string"], values(schema["values"], named), max_size=3)
    return values(kind, named)


def as_objects(value: Any, schema: Any) -> Any:
    """The same value with objects in the place of records."""
    if isinstance(schema, list):
        return None if value is None else as_objects(value, schema[1])
    if not isinstance(schema, dict):
        return value
    if schema["type"] == "array":
        return tuple(as_objects(item, schema["items"]) for item in value)
    if schema["type"] == "record":
        types = {field["name"]: field["type"] for field in schema["fields"]}
        return SimpleNamespace(**{k: as_objects(v, types[k]) for k, v in value.items()})
    return as_objects(value, schema["type"]) if isinstance(schema["type"], dict) else value


def written(schema: Any, record: Any) -> bytes:
    """What fastavro makes of a record."""
    body = BytesIO()
    fastavro.schemaless_writer(body, schema, record)
    return body.getvalue()


@pytest.mark.parametrize("name", sorted(ENCODERS))
@given(data=st.data())
def test_every_record_is_written_as_fastavro_writes_it(name: str, data: st.DataObject) -> None:
    schema = current()[name].parsed
    record = data.draw(values(schema, {}))
    assert ENCODERS[name](record) == written(schema, record)
    assert ENCODERS[name](as_objects(record, schema)) == written(schema, record)
    shorter = {
        field["name"]: record[field["name"]] for field in schema["fields"] if "default" not in field
    }
    assert ENCODERS[name](shorter) == written(schema, shorter)


@pytest.mark.parametrize(
    "value", [READING, MEAN, GAP, VIOLATION, DEAD_LETTER], ids=lambda value: type(value).__name__
)
def test_a_struct_is_written_as_its_record_is(value: msgspec.Struct) -> None:
    name = type(value).__name__.replace("Reading", "EmissionReading")
    assert ENCODERS[name](value) == ENCODERS[name](record_of(value))


@pytest.mark.parametrize("field", msgspec.structs.fields(MEAN), ids=lambda field: field.name)
def test_a_value_of_another_kind_does_not_fit(field: Any) -> None:
    nullable = field.type == float | None
    for wrong in (object(), b"x", [1], *([] if nullable else [None])):
        spoilt = {**record_of(MEAN), field.name: wrong}
        with pytest.raises(DOES_NOT_FIT):
            ENCODERS["WindowMean"](spoilt)
        with pytest.raises(DOES_NOT_FIT):
            ENCODERS["WindowMean"](SimpleNamespace(**spoilt))


def test_a_struct_without_a_field_does_not_fit() -> None:
    with pytest.raises(AttributeError):
        ENCODERS["WindowMean"](GAP)


def parsed(*fields: dict[str, Any], **types: Any) -> Any:
    """A record schema, its fields given whole or as name=type."""
    given_fields = [*fields, *({"name": name, "type": type_} for name, type_ in types.items())]
    return fastavro.parse_schema({"type": "record", "name": "Span", "fields": given_fields})


def test_the_source_is_the_one_in_the_docstring() -> None:
    span = parsed(
        {"name": "name", "type": "string"},
        {"name": "start", "type": "long"},
        {"name": "value", "type": ["null", "double"], "default": None},
    )
    assert encoder.__doc__ is not None
    assert textwrap.indent(encoder_source(span), "    ") in encoder.__doc__


def test_the_prefix_comes_first() -> None:
    assert compile_encoder(parsed(name="string"), b"\0\0")({"name": "A"}) == b"\0\0\2A"


@pytest.mark.parametrize("name", ["from", "class", "len", "dict", "value"])
def test_fields_may_be_called_as_python_calls_something(name: str) -> None:
    schema = parsed({"name": name, "type": "long"}, items={"type": "array", "items": "long"})
    record = {name: 3, "items": [4]}
    write = compile_encoder(schema)
    assert write(record) == write(SimpleNamespace(**record)) == written(schema, record)


@pytest.mark.parametrize(
    "schema",
    [
        parsed(at=["null", "long", "string"]),
        parsed(at=["long", "null"]),
        parsed(at="float"),
        parsed(at="long", inner=["null", "Span"]),
        parsed(at={"type": "fixed", "name": "Four", "size": 4}),
        parsed(_at="long"),
        parsed(),
        fastavro.parse_schema({"type": "array", "items": "long"}),
        parsed(
            one={"type": "enum", "name": "a.Kind", "symbols": ["X"]},
            two={"type": "enum", "name": "b.Kind", "symbols": ["Y"]},
        ),
    ],
    ids=str,
)
def test_a_schema_that_is_not_covered_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_encoder(schema)


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15).map(math.floor))
def test_a_whole_number_is_the_same_whatever_its_type_and_whatever_came_before(number: int) -> None:
    fresh, used = EncodedLongs(), EncodedLongs()
    assert used[number] == varint(number) == long(number)
    if float(number) == number:
        assert fresh[float(number)] == used[float(number)] == used[number]  # type: ignore[index]


@pytest.mark.parametrize("wrong", [1.5, math.nan, math.inf, -math.inf, "1", None, 2**63, [1]])
def test_what_is_no_long_is_refused(wrong: Any) -> None:
    numbers = EncodedLongs()
    assert numbers[1] == b"\2"
    with pytest.raises(DOES_NOT_FIT):
        numbers[wrong]


def test_what_is_kept_is_bounded() -> None:
    numbers, texts = EncodedLongs(), EncodedStrings()
    for number in range(MAX_ENTRIES + 10):
        assert numbers[number] == long(number)
        text = str(number)
        assert texts[text] == long(len(text)) + text.encode()
        assert max(len(numbers), len(texts)) <= MAX_ENTRIES
    before = len(texts)
    assert texts["x" * (MAX_CHARACTERS + 1)] == long(MAX_CHARACTERS + 1) + b"x" * (
        MAX_CHARACTERS + 1
    )
    assert len(texts) == before
