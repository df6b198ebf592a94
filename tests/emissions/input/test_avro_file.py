"""Avro container files, also of schemas that are not today's."""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from collections import deque
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import cramjam
import fastavro
import pytest

from emissions.input.avro_container import MOST_BLOCK
from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import InputError, ReadingRow
from schemas.definitions import current
from schemas.reading import Reading
from tests.schemas.avro import long

UUID_TEXT = "8b7a1c1e-58a1-4d0e-9d58-0d6d3f8b9a11"
RECORD = {
    "source_id": "A",
    "measured_at": 1_777_834_800_000,
    "period_s": 60,
    "state": "STARTUP",
    "device_serial": None,
    "values": {"SO2": 1.5},
    "flags": {"SO2": "D"},
}


def schema() -> dict[str, Any]:
    return dict(json.loads(current()["EmissionReading"].text))


def write(path: Path, writer: dict[str, Any], records: list[dict[str, Any]]) -> Path:
    with path.open("wb") as file:
        fastavro.writer(file, writer, records)
    return path


def test_todays_schema(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avro", schema(), [RECORD, RECORD])
    reading = Reading("A", 1_777_834_800_000, 60, "STARTUP", None, {"SO2": 1.5}, {"SO2": "D"})
    assert list(read_inputs([path], ())) == [
        ReadingRow(1, reading, None),
        ReadingRow(2, reading, None),
    ]


def test_another_writers_schema_is_resolved(tmp_path: Path) -> None:
    other = schema()
    other["fields"] = [f for f in other["fields"] if f["name"] != "device_serial"]
    other["fields"].append({"name": "operator", "type": "string"})
    record = {**RECORD, "operator": "x"}
    del record["device_serial"]
    (row,) = read_inputs([write(tmp_path / "a.avro", other, [record])], ())
    assert row.reading.device_serial is None
    assert row.reading.values == {"SO2": 1.5}


def test_a_schema_of_something_else_is_refused(tmp_path: Path) -> None:
    other = {"type": "record", "name": "Weather", "fields": [{"name": "t", "type": "int"}]}
    path = write(tmp_path / "a.avro", other, [{"t": 1}])
    with pytest.raises(InputError, match=r"a\.avro, row 1, cannot read an EmissionReading"):
        list(read_inputs([path], ()))


def test_a_damaged_block_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avro", schema(), [RECORD] * 5)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"a\.avro, row \d, cannot read an EmissionReading"):
        list(read_inputs([path], ()))


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_every_codec_of_avro_is_read(tmp_path: Path, codec: str) -> None:
    path, records = tmp_path / "a.avro", [{**RECORD, "period_s": at} for at in range(5000)]
    with path.open("wb") as file:
        fastavro.writer(file, schema(), records, codec=codec)
    assert [row.reading.period_s for row in read_inputs([path], ())] == list(range(5000))


def with_type(name: str, kind: Any) -> dict[str, Any]:
    found = schema()
    for field in found["fields"]:
        if field["name"] == name:
            field["type"] = kind
    return found


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize(
    ("name", "kind", "written", "read"),
    [
        (
            "source_id",
            {"type": "string", "logicalType": "uuid"},
            UUID_TEXT,
            UUID_TEXT,
        ),
        ("measured_at", {"type": "long", "logicalType": "timestamp-millis"}, 7, 7),
        ("measured_at", {"type": "long", "logicalType": "timestamp-micros"}, 7999, 7),
        ("measured_at", {"type": "long", "logicalType": "local-timestamp-millis"}, 7, 7),
        ("measured_at", {"type": "long", "logicalType": "timestamp-nanos"}, 7_999_999, 7),
        ("measured_at", {"type": "long", "logicalType": "local-timestamp-nanos"}, 7_999_999, 7),
        ("period_s", {"type": "int", "logicalType": "date"}, 60, 60),
        ("device_serial", ["null", {"type": "string", "logicalType": "own"}], "x", "x"),
    ],
)
def test_logical_types_are_judged_by_their_base_type(
    tmp_path: Path, name: str, kind: Any, written: Any, read: Any, other: bool
) -> None:
    writer, record = with_type(name, kind), {**RECORD, name: written}
    if other:
        writer["fields"].insert(0, {"name": "more", "type": {"type": "int", "logicalType": "date"}})
        record["more"] = 3
    path = write(tmp_path / "a.avro", writer, [record])
    (row,) = read_inputs([path], ())
    assert getattr(row.reading, name) == read


def test_a_schema_without_namespace_is_read(tmp_path: Path) -> None:
    writer = {key: value for key, value in schema().items() if key != "namespace"}
    assert len(list(read_inputs([write(tmp_path / "a.avro", writer, [RECORD])], ()))) == 1


def container(codec: str, *blocks: tuple[int, bytes]) -> bytes:
    """A file of blocks that may be anything."""
    header = BytesIO(b"")
    fastavro.schemaless_writer(
        header,
        {"type": "map", "values": "bytes"},
        {"avro.schema": current()["EmissionReading"].text.encode(), "avro.codec": codec.encode()},
    )
    parts = [b"Obj\x01", header.getvalue(), b"s" * 16]
    for count, packed in blocks:
        parts += [long(count), long(len(packed)), packed, b"s" * 16]
    return b"".join(parts)


def packed(codec: str, data: bytes) -> bytes:
    match codec:
        case "deflate":
            made = zlib.compressobj(9, zlib.DEFLATED, -15)
            return made.compress(data) + made.flush()
        case "bzip2":
            return bz2.compress(data)
        case "xz":
            return lzma.compress(data)
        case "zstandard":
            return bytes(cramjam.zstd.compress(data))
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4, "big")
        case _:
            return data


CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]


@pytest.mark.parametrize("codec", CODECS)
def test_a_block_that_unpacks_to_more_than_memory_is_one_sentence(
    tmp_path: Path, codec: str
) -> None:
    path = tmp_path / "a.avro"
    path.write_bytes(container(codec, (1, packed(codec, bytes(MOST_BLOCK + 1)))))
    with pytest.raises(
        InputError, match=r"a\.avro, row 1, cannot read an EmissionReading.* (64 MiB|allowed)"
    ):
        list(read_inputs([path], ()))


def test_many_blocks_that_unpack_to_more_than_memory_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emissions.input.avro_container.MOST_BLOCK", 1 << 20)
    body = BytesIO()
    fastavro.schemaless_writer(body, schema(), RECORD)
    count = (1 << 20) // len(body.getvalue())
    block = packed("zstandard", body.getvalue() * count)
    path = tmp_path / "a.avro"
    path.write_bytes(container("zstandard", *[(count, block)] * 50))
    rows = deque[ReadingRow](maxlen=1)
    with pytest.raises(InputError, match="decompresses to more than 100 times its size"):
        rows.extend(read_inputs([path], ()))
    assert rows[0].row < 3 * count


@pytest.mark.parametrize("codec", CODECS)
def test_damage_anywhere_is_one_sentence(tmp_path: Path, codec: str) -> None:
    body = BytesIO()
    fastavro.schemaless_writer(body, schema(), RECORD)
    whole = container(codec, (2, packed(codec, body.getvalue() * 2)))
    path, cut = tmp_path / "a.avro", tmp_path / "b.avro"
    path.write_bytes(whole)
    assert len(list(read_inputs([path], ()))) == 2
    ends_well = len(container(codec))
    for at in range(4, len(whole), 7):
        cut.write_bytes(whole[:at])
        if at != ends_well:
            with pytest.raises(InputError, match=r"b\.avro, row 1"):
                list(read_inputs([cut], ()))
        cut.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with suppress(InputError):
            list(read_inputs([cut], ()))


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([(2**40, b"")], "claims"),
        ([(-1, b"")], "claims"),
        ([(1, b"\xff" * 40)], "cannot read an EmissionReading"),
        ([(0, b"more")], "4 bytes follow"),
    ],
)
def test_a_block_that_says_what_is_not_so_is_one_sentence(
    tmp_path: Path, blocks: list[tuple[int, bytes]], why: str
) -> None:
    path = tmp_path / "a.avro"
    path.write_bytes(container("null", *blocks))
    with pytest.raises(InputError, match=why):
        list(read_inputs([path], ()))


def test_an_unknown_codec_is_named_with_those_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.avro"
    path.write_bytes(container("lzo", (1, b"")))
    with pytest.raises(
        InputError, match="compression is 'lzo'; supported are null, deflate, snappy, zstandard"
    ):
        list(read_inputs([path], ()))
