"""A logical type never changes what is read, but for the unit of a time."""

from __future__ import annotations

import json
from copy import deepcopy
from io import BytesIO
from typing import Any

import fastavro
import pytest

from schemas.codec import Codec
from schemas.definitions import current, define, same_on_the_wire, time_fields
from schemas.errors import UnknownSchema
from schemas.reading import Reading, Rejected
from tests.schemas.examples import READING, RECORDS
from tests.schemas.versions import GrowingIds

OURS: dict[str, Any] = json.loads(current()["EmissionReading"].text)
MORE = {"name": "operator", "type": ["null", "string"], "default": None}

LONG_TYPES = (
    "timestamp-millis", "timestamp-micros", "timestamp-nanos", "local-timestamp-millis",
    "local-timestamp-micros", "local-timestamp-nanos", "time-micros", "time-millis", "date",
    "decimal", "uuid", "duration", "of-our-own", 7, None, {"a": "b"},
)  # fmt: skip
FACTORS = {"micros": 1_000, "nanos": 1_000_000}


def factor(logical: object) -> int:
    text = str(logical)
    return FACTORS.get(text.rpartition("-")[2], 1) if "timestamp" in text else 1


def with_types(**types: Any) -> dict[str, Any]:
    """The reading's schema with other types of fields."""
    schema = deepcopy(OURS)
    for field in schema["fields"]:
        field["type"] = types.get(field["name"], field["type"])
    return schema


def written(schema: dict[str, Any], **values: Any) -> tuple[Codec, bytes]:
    """A codec that knows the schema as id 9, and the reading written with its base types."""
    ids = GrowingIds()
    definition = define(json.dumps(schema))
    ids.add(9, definition)
    assert definition is not None
    plain = json.loads(json.dumps(schema), object_hook=_bare)
    body = BytesIO()
    fastavro.schemaless_writer(
        body, fastavro.parse_schema(plain), {**RECORDS["EmissionReading"], **values}
    )
    return Codec(ids), b"\0\0\0\0\x09" + body.getvalue()


def _bare(node: dict[str, Any]) -> Any:
    if set(node) == {"type"} and not isinstance(node["type"], str):
        return node["type"]
    return {key: value for key, value in node.items() if key not in ("logicalType", "default")}


def read(codec: Codec, message: bytes) -> Reading | Rejected:
    """What every way of decoding agrees on: alone, in a small batch, and in one with columns."""
    alone = codec.decode_reading(message)
    assert isinstance(alone, Reading | Rejected)
    for size in (1, 3, 40):
        decoded = codec.decode_readings([message] * size)
        if isinstance(alone, Rejected):
            assert list(decoded.others.values()) == [alone] * size
            continue
        assert sum(len(block.rows) for block in decoded.blocks) == size
        for block in decoded.blocks:
            assert set(block.measured_at.tolist()) == {alone.measured_at}
            assert set(block.source_ids) == {alone.source_id}
            assert (block.pattern.period_s, block.pattern.state) == (alone.period_s, alone.state)
            assert block.values.tolist() == [list(alone.values.values())] * size
    return alone


@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another difference"])
@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("logical", LONG_TYPES, ids=str)
def test_a_logical_type_of_the_time_changes_its_unit_at_most(
    logical: object, nullable: bool, other: bool
) -> None:
    kind: Any = {"type": "long", "logicalType": logical}
    schema = with_types(measured_at=["null", kind] if nullable else kind)
    if other:
        schema["fields"].append(MORE)
    moment = READING.measured_at * factor(logical) + factor(logical) - 1
    codec, message = written(schema, measured_at=moment)
    assert read(codec, message) == READING


def test_a_time_before_1970_belongs_to_the_millisecond_it_lies_in() -> None:
    schema = with_types(measured_at={"type": "long", "logicalType": "timestamp-micros"})
    codec, message = written(schema, measured_at=-1)
    found = read(codec, message)
    assert isinstance(found, Reading)
    assert found.measured_at == -1


OTHERS: dict[str, dict[str, Any]] = {
    "source_id": {"type": "string", "logicalType": "uuid"},
    "period_s": {"type": "int", "logicalType": "time-millis"},
    "device_serial": {"type": "string", "logicalType": "uuid"},
    "date": {"type": "int", "logicalType": "date"},
    "map": {"type": "map", "values": {"type": "double", "logicalType": "decimal", "precision": 4}},
}


@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another difference"])
@pytest.mark.parametrize("where", OTHERS)
def test_logical_types_of_other_fields_are_nothing(where: str, other: bool) -> None:
    field = {"date": "period_s", "map": "values"}.get(where, where)
    kind: Any = OTHERS[where]
    if field == "device_serial":
        kind = ["null", kind]
    schema = with_types(**{field: kind})
    if other:
        schema["fields"].insert(3, {"name": "more", "type": "boolean", "default": "wrong"})
    codec, message = written(schema, **({"more": True} if other else {}))
    assert read(codec, message) == READING


EXTRA: tuple[tuple[Any, Any], ...] = (
    ({"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}, b"\x01\x02"),
    ({"type": "bytes", "logicalType": "decimal", "precision": -1, "scale": 2}, b""),
    ({"type": "fixed", "name": "D", "size": 4, "logicalType": "decimal", "precision": 9}, b"abcd"),
    ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, b"u" * 16),
    ({"type": "fixed", "name": "Z", "size": 12, "logicalType": "duration"}, b"d" * 12),
    ({"type": "string", "logicalType": "uuid"}, "no uuid"),
    ({"type": "long", "logicalType": "timestamp-micros"}, 2**62),
    ({"type": "long", "logicalType": "timestamp-millis"}, 2**62),
    ({"type": "int", "logicalType": "date"}, -(2**31)),
    ({"type": "int", "logicalType": "time-millis"}, -5),
    ({"type": "array", "items": {"type": "long", "logicalType": "local-timestamp-nanos"}}, [2**62]),
    ({"type": "map", "values": {"type": "int", "logicalType": "date"}}, {"a": 2**31 - 1}),
    (["null", {"type": "string", "logicalType": "uuid"}], "no uuid"),
    ({"type": "double", "logicalType": "timestamp-millis"}, 1.5),
    ({"type": "enum", "name": "E", "symbols": ["A"], "logicalType": "x"}, "A"),
    ({"type": {"type": "string", "logicalType": "uuid"}}, "no uuid"),
)


@pytest.mark.parametrize(("kind", "value"), EXTRA, ids=[json.dumps(kind) for kind, _ in EXTRA])
def test_a_field_that_nobody_asked_for_may_be_anything(kind: Any, value: Any) -> None:
    schema = with_types()
    schema["fields"].insert(2, {"name": "extra", "type": kind})
    schema["fields"].append({"name": "again", "type": ["null", deepcopy(kind)]})
    if isinstance(kind, dict) and "name" in kind:
        schema["fields"][-1]["type"] = ["null", kind["name"]]
    codec, message = written(schema, extra=value, again=None)
    assert read(codec, message) == READING


def test_a_field_whose_base_type_is_another_has_an_unknown_schema() -> None:
    for kind in (
        {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"},
        {"type": "long", "logicalType": "timestamp-millis"},
    ):
        codec, message = written(with_types(source_id=kind), source_id=b"u" * 16
                                 if kind["type"] == "fixed" else 5)  # fmt: skip
        found = read(codec, message)
        assert isinstance(found, Rejected)
        assert found.reason == "UNKNOWN_SCHEMA"


def test_only_a_time_of_another_unit_keeps_a_schema_off_the_fast_path() -> None:
    ours = current()["EmissionReading"]
    for logical in LONG_TYPES:
        schema = with_types(measured_at={"type": "long", "logicalType": logical})
        found = define(json.dumps(schema))
        assert found is not None
        assert same_on_the_wire(found, ours) == (factor(logical) == 1)


def test_every_long_field_of_a_record_is_a_time_an_offset_or_an_amount() -> None:
    for name, definition in current().items():
        times = time_fields(name)
        for field in definition.parsed["fields"]:
            if field["type"] in ("long", ["null", "long"]):
                said = json.dumps(field.get("doc", "")).lower()
                no_time = "offset of the" in said or "whole tenge" in said
                assert (field["name"] in times) != no_time, field
    assert time_fields("EmissionReading") == {"measured_at"}
    assert time_fields("DeadLetter") == {"timestamp"}


def test_results_of_another_writer_have_their_times_converted_too() -> None:
    schema = json.loads(current()["DataGap"].text)
    for field in schema["fields"]:
        if field["name"] == "end":
            field["type"] = ["null", {"type": "long", "logicalType": "timestamp-micros"}]
    ids = GrowingIds()
    definition = define(json.dumps(schema))
    ids.add(9, definition)
    assert definition is not None
    body = BytesIO()
    plain = fastavro.parse_schema(json.loads(current()["DataGap"].text))
    fastavro.schemaless_writer(body, plain, {**RECORDS["DataGap"], "end": 5_999})
    _, record = Codec(ids).decode(b"\0\0\0\0\x09" + body.getvalue())
    assert record["end"] == 5
    assert record["start"] == RECORDS["DataGap"]["start"]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "3", "null", '{"type": "record", "name": 3, "fields": []}',
        '{"type": "record", "name": "A"}', '{"type": "record", "name": "A", "fields": [3]}',
        '{"type": "record", "name": "A", "fields": [{"name": "a"}]}',
        '{"type": "record", "name": "A", "fields": [{"name": "a", "type": "B"}]}',
        '{"type": "fixed", "name": "A", "size": "4"}', '{"type": "fixed", "name": "A", "size": -4}',
        '{"type": "enum", "name": "A", "symbols": 4}', '{"type": "array"}', '{"type": "map"}',
        "[" * 100_000 + "]" * 100_000, '{"type": ' * 150 + '"int"' + "}" * 150,
        '{"type": "record", "name": "A", "fields": [{"name": "a", "type": '
        '{"type": "enum", "name": "A", "symbols": ["A"]}}]}',
        '"' + "a" * (1 << 20) + '"',
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_a_text_that_is_no_schema_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="no Avro schema"):
        define(text)
    with pytest.raises(ValueError, match="no Avro schema"):
        define(current()["DataGap"].text, [text])


def test_a_registered_schema_of_any_text_is_a_value_to_the_codec() -> None:
    class Refusing(GrowingIds):
        def schema_of(self, number: int) -> None:
            raise UnknownSchema(f"schema id {number} cannot be used: why")

    found = Codec(Refusing()).decode_reading(b"\0\0\0\0\x09")
    assert found == Rejected("UNKNOWN_SCHEMA", "schema id 9 cannot be used: why")
