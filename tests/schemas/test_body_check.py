"""Bodies that lead fastavro astray are refused before it sees them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import fastavro
import pytest

from schemas.body_check import BodyCheck
from schemas.codec import Codec
from schemas.definitions import current, define
from schemas.errors import Undecodable
from schemas.reading import Reading, Rejected
from tests.schemas.avro import long
from tests.schemas.examples import READING, RECORDS
from tests.schemas.versions import GrowingIds

OURS: dict[str, Any] = json.loads(current()["EmissionReading"].text)


def codec_with(kind: Any) -> tuple[Codec, bytes]:
    """A codec whose id 9 has one more field at the end, and a message without that field."""
    schema = {**OURS, "fields": [*OURS["fields"], {"name": "more", "type": kind}]}
    ids = GrowingIds()
    ids.add(9, define(json.dumps(schema)))
    body = BytesIO()
    fastavro.schemaless_writer(
        body, current()["EmissionReading"].parsed, RECORDS["EmissionReading"]
    )
    return Codec(ids), b"\0\0\0\0\x09" + body.getvalue()


def refused(codec: Codec, message: bytes) -> str:
    found = codec.decode_reading(message)
    assert isinstance(found, Rejected)
    assert found.reason == "UNDECODABLE"
    return found.detail


NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
TREE = {"type": "record", "name": "Tree", "fields": [
    {"name": "inside", "type": {"type": "array", "items": "Tree"}}]}  # fmt: skip


def test_a_type_that_holds_its_own_kind_is_followed_to_a_depth() -> None:
    codec, begin = codec_with(["null", NODE])
    assert codec.decode_reading(begin + b"\x00") == READING
    assert codec.decode_reading(begin + b"\x02" * 100 + b"\x00") == READING
    for times in (5_000, 1_000_000):
        assert "inside each other" in refused(codec, begin + b"\x02" * times + b"\x00")


def test_an_array_of_its_own_kind_is_followed_to_a_depth() -> None:
    codec, begin = codec_with(TREE)
    nested = long(1) * 50 + b"\x00" * 51
    assert codec.decode_reading(begin + nested) == READING
    assert "inside each other" in refused(codec, begin + long(1) * 100_000 + b"\x00" * 100_001)


@pytest.mark.parametrize(
    "item",
    [
        "null",
        {"type": "fixed", "name": "N", "size": 0},
        {"type": "record", "name": "N", "fields": []},
        {"type": "record", "name": "N", "fields": [{"name": "a", "type": "null"}] },
    ],
    ids=str,
)  # fmt: skip
def test_things_without_bytes_are_counted(item: Any) -> None:
    codec, begin = codec_with({"type": "array", "items": item})
    assert codec.decode_reading(begin + long(1000) + b"\x00") == READING
    assert "more values than bytes" in refused(codec, begin + long(2**60) + b"\x00")
    assert "more values than bytes" in refused(codec, begin + long(-(2**60)) + long(0) + b"\x00")


def test_a_schema_that_grows_tenfold_with_each_type_is_followed_so_far() -> None:
    inner: Any = "null"
    for level in range(30):
        fields = [{"name": f"f{at}", "type": f"R{level - 1}"} for at in range(1, 10)]
        first = {"name": "f0", "type": inner}
        if level == 0:
            fields = [{"name": f"f{at}", "type": "null"} for at in range(1, 10)]
        inner = {"type": "record", "name": f"R{level}", "fields": [first, *fields]}
    codec, begin = codec_with(inner)
    assert "more values than bytes" in refused(codec, begin)


@pytest.mark.parametrize(
    ("kind", "bytes_", "why"),
    [
        ("string", long(-1), "has the length -1"),
        ("bytes", long(-(2**60)), "has the length"),
        ("bytes", long(2**60), "ends in the middle"),
        ({"type": "map", "values": "int"}, long(1) + long(-1), "has the length -1"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, long(-1), "symbol number -1"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, long(1), "symbol number 1"),
        (["null", "int"], long(-1), "branch -1"),
        (["null", "int"], long(2), "branch 2"),
        ("boolean", b"\x02", "neither true nor false"),
        ("long", b"\xff" * 11, "more than 64 bits"),
        ("double", b"\x00" * 7, "ends in the middle"),
        ({"type": "fixed", "name": "F", "size": 2**40}, b"\x00", "ends in the middle"),
        ("int", b"", "ends in the middle"),
        ("int", b"\x00\x00", "1 bytes follow the record"),
    ],
)
def test_malformed_bytes_are_named(kind: Any, bytes_: bytes, why: str) -> None:
    codec, begin = codec_with(kind)
    assert why in refused(codec, begin + bytes_)


def test_what_fastavro_writes_is_passed_to_its_end() -> None:
    for name, record in RECORDS.items():
        body = BytesIO()
        fastavro.schemaless_writer(body, current()[name].parsed, _lists(record))
        written = body.getvalue()
        check = BodyCheck(current()[name].parsed)
        assert check.end_of(written + b"behind", 0) == len(written)
        for size in range(len(written)):
            with pytest.raises(Undecodable):
                check.end_of(written[:size], 0)


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def test_a_good_message_beside_them_is_a_reading() -> None:
    codec, begin = codec_with("int")
    assert isinstance(codec.decode_reading(begin + long(3)), Reading)
