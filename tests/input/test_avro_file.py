"""Avro container files, also of schemas that are not today's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from schemas.definitions import current
from streams.core.reading import Reading
from streams.input.read_inputs import read_inputs
from streams.input.reading_row import InputError, ReadingRow

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
    with pytest.raises(InputError, match=r"a\.avro, row 1, no EmissionReading can be read"):
        list(read_inputs([path], ()))


def test_a_damaged_block_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avro", schema(), [RECORD] * 5)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"a\.avro, row \d, no EmissionReading can be read"):
        list(read_inputs([path], ()))
