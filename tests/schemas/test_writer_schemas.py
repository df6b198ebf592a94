"""Random schemas of writers: a compatible one is read, any other is a value, none an exception."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import count
from typing import Any

import fastavro
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.definitions import current, define
from schemas.reading import Reading, Rejected, Tick
from sinks.decode import fetched_entries, routes
from sinks.readings.quality import quality_assessor
from streams.core.law.policy import Policy
from streams.core.sources.history import RegistryHistory
from streams.rules.country import home
from streams.settings import Settings
from streams.transport.batch import PartitionBatch
from tests.schemas.examples import READING, RECORDS
from tests.schemas.versions import GrowingIds
from tests.support.generated import examples

OURS: dict[str, Any] = json.loads(current()["EmissionReading"].text)
LOGICAL = st.sampled_from(
    ["timestamp-millis", "date", "time-micros", "decimal", "uuid", "duration", "local-timestamp-x",
     "own", None, 3]
)  # fmt: skip
NUMBERS = count()
PRIMITIVES = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
)


@st.composite
def annotated(draw: st.DrawFn) -> Any:
    kind: dict[str, Any] = {"type": draw(PRIMITIVES)}
    if draw(st.booleans()):
        kind |= {"logicalType": draw(LOGICAL), "precision": draw(st.integers(-2, 9)), "scale": 3}
    return kind


@st.composite
def types(draw: st.DrawFn, depth: int = 0) -> Any:
    """A type with an example of its values: ``(schema, value)``; names are made unique later."""
    form = draw(st.integers(0, 4 if depth > 3 else 9))
    if form <= 3:
        kind = draw(annotated())
        values: dict[str, Any] = {
            "null": None, "boolean": True, "int": 7, "long": 2**40, "float": 0.5, "double": 1.5,
            "bytes": b"ab", "string": "ab",
        }  # fmt: skip
        return kind, values[kind["type"]]
    name = f"T{next(NUMBERS)}"
    logical = {"logicalType": draw(LOGICAL)}
    if form == 4:
        if draw(st.booleans()):
            return {"type": "fixed", "name": name, "size": 3, **logical}, b"abc"
        return {"type": "enum", "name": name, "symbols": ["A", "B"], **logical}, "B"
    inner, value = draw(types(depth + 1))
    if form == 5:
        return {"type": "array", "items": inner, **logical}, [value] * draw(st.integers(0, 3))
    if form == 6:
        return {"type": "map", "values": inner}, {"a": value}
    if form == 7 and inner != {"type": "null"} and not isinstance(inner, list):
        return ["null", inner], None
    if form == 8:
        fields = [{"name": "next", "type": ["null", name], "aliases": ["x"]},
                  {"name": "a", "type": inner}]  # fmt: skip
        record = {"type": "record", "name": name, "fields": fields}
        return record, {"next": {"next": None, "a": value}, "a": value}
    return {"type": "record", "name": name, "fields": [{"name": "a", "type": inner}]}, {"a": value}


def bare(node: Any) -> Any:
    """The schema for fastavro as a writer, whose values are those of the base types."""
    if isinstance(node, list):
        return [bare(each) for each in node]
    if isinstance(node, dict):
        return {
            key: bare(each)
            for key, each in node.items()
            if key not in ("logicalType", "default", "precision", "scale")
        }
    return node


@st.composite
def compatible(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema by which ours can be read, and the example as it is written by it."""
    fields = [dict(field) for field in OURS["fields"]]
    record = dict(RECORDS["EmissionReading"])
    for field in fields:
        if field["name"] in ("measured_at", "period_s", "source_id") and draw(st.booleans()):
            field["type"] = {"type": field["type"], "logicalType": draw(LOGICAL)}
        if draw(st.booleans()) and not isinstance(field["type"], list):
            field["type"] = ["null", field["type"]]
        if draw(st.booleans()):
            field["default"] = draw(st.sampled_from([None, 3, "x", []]))
    for number in range(draw(st.integers(0, 4))):
        kind, value = draw(types())
        fields.insert(draw(st.integers(0, len(fields))), {"name": f"x{number}", "type": kind})
        record[f"x{number}"] = value
    fields = draw(st.permutations(fields))
    return {**OURS, "fields": fields, "doc": draw(st.text(max_size=5))}, record


def codec_of(schema: Any) -> Codec | None:
    ids = GrowingIds()
    try:
        ids.add(9, define(json.dumps(schema)))
    except (ValueError, AssertionError):
        return None
    return Codec(ids)


def framed(schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    body = BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(bare(schema)), record)
    return b"\0\0\0\0\x09" + body.getvalue()


@examples(150)
@given(compatible())
def test_whatever_a_compatible_schema_has_more_is_passed_over(
    given_: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    schema, record = given_
    codec = codec_of(schema)
    assert codec is not None
    assert codec.decode_reading(framed(schema, record)) == READING


@st.composite
def any_schema(draw: st.DrawFn) -> Any:
    """A schema with whatever may go wrong: types replaced, fields left out, names taken twice."""
    schema, _ = draw(compatible())
    fields = [dict(field) for field in schema["fields"]]
    for field in fields:
        chance = draw(st.integers(0, 9))
        if chance == 0:
            field["type"] = draw(types())[0]
        elif chance == 1:
            field["type"] = draw(st.sampled_from(
                ["EmissionReading", "kz.emissions.EmissionReading", ["null", "EmissionReading"],
                 {"type": "array", "items": "EmissionReading"}, [], ["null", "null"], "nothing",
                 {"type": "record", "name": "EmissionReading", "fields": []},
                 {"type": "enum", "name": "OperatingState", "symbols": ["NORMAL", "LATER"]},
                 {"type": "fixed", "name": "OperatingState", "size": 1}]
            ))  # fmt: skip
    del fields[: draw(st.integers(0, 2))]
    return {**schema, "fields": fields, "aliases": ["X"], "name": draw(
        st.sampled_from(["EmissionReading", "kz.emissions.StreamTick", "kz.emissions.DataGap"])
    )}  # fmt: skip


@examples(300)
@given(any_schema(), st.binary(max_size=60), st.booleans())
def test_no_schema_and_no_body_stops_a_worker(schema: Any, noise: bytes, ours: bool) -> None:
    codec = codec_of(schema)
    if codec is None:
        return
    body = codec.encode("EmissionReading", RECORDS["EmissionReading"])[5:]
    message = b"\0\0\0\0\x09" + (body + noise if ours else noise)
    alone = codec.decode_reading(message)
    assert isinstance(alone, Reading | Rejected | Tick)
    good = codec.encode("EmissionReading", RECORDS["EmissionReading"])
    values = [message, good] * 4
    decoded = codec.decode_readings(values)
    rows = sum(len(block.rows) for block in decoded.blocks)
    assert rows + len(decoded.others) == len(values)
    assert rows == (8 if isinstance(alone, Reading) else 4)
    topics = routes(Settings(), codec, quality_assessor(RegistryHistory(), Policy(), 4), home())
    for topic, route in topics.items():
        batch = PartitionBatch(topic, 0, [_record(topic, at, v) for at, v in enumerate(values)], 1)
        fetched_entries(batch, route)


def _record(topic: str, offset: int, value: bytes) -> ConsumerRecord:
    return ConsumerRecord(topic, 0, offset, 1_780_000_000_000, 1, b"k", value, None, 1, 1, ())
