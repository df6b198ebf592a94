"""The codec: what is written is read, fastavro agrees, and no message can break it."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.definitions import current
from schemas.errors import SchemaRegistryError
from schemas.ids import FileIds
from schemas.reading import STATES, Reading, Rejected, Tick
from schemas.records import record_of
from streams.core.records.findings import DataGap, WindowMean
from tests.schemas.avro import long
from tests.schemas.examples import MEAN, READING, RECORDS
from tests.schemas.versions import GrowingIds, older, version

LONG = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(max_size=80)
DOUBLE = st.floats(width=64)

readings = st.builds(
    Reading,
    source_id=st.sampled_from(["A", "KZ-0001-01", "Ж" * 31, "Ж" * 32, ""]) | TEXT,
    measured_at=st.integers(1_700_000_000_000, 1_900_000_000_000) | LONG,
    period_s=st.sampled_from([60, 1200]) | st.integers(-(2**31), 2**31 - 1),
    state=st.sampled_from(STATES),
    device_serial=st.none() | TEXT,
    values=st.dictionaries(st.sampled_from(["SO2", "NO", "O2"]) | TEXT, DOUBLE),
    flags=st.dictionaries(st.sampled_from(["SO2", "NO"]), st.sampled_from(["C", "B"]) | TEXT),
)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(FileIds())


def framed(name: str, record: dict[str, Any]) -> bytes:
    """A message as any other producer would write it."""
    body = BytesIO()
    fastavro.schemaless_writer(body, current()[name].parsed, _lists(record))
    return b"\x00" + FileIds().id_of(name).to_bytes(4, "big") + body.getvalue()


def _lists(value: Any) -> Any:
    """Tuples as lists: fastavro takes a pair for a choice within a union."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def same(one: Any, other: Any) -> bool:
    """Equal, where NaN equals NaN."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_records_are_written_as_fastavro_writes_them(codec: Codec, name: str) -> None:
    message = codec.encode(name, RECORDS[name])
    assert message == framed(name, RECORDS[name])
    decoded_name, record = codec.decode(message)
    assert decoded_name == name
    assert codec.encode(name, record) == message


@given(st.lists(readings, min_size=1, max_size=8))
def test_readings_survive_whatever_came_before_them(batch: list[Reading]) -> None:
    codec = Codec(FileIds())
    for reading in batch + batch:
        message = codec.encode("EmissionReading", record_of(reading))
        assert message == framed("EmissionReading", record_of(reading))
        assert same(codec.decode_reading(message), reading)


@given(readings, st.lists(DOUBLE, min_size=1, max_size=5), LONG)
def test_a_known_layout_gives_what_decoding_field_by_field_gives(
    reading: Reading, doubles: list[float], moment: int
) -> None:
    warm = Codec(FileIds())
    warm.decode_reading(warm.encode("EmissionReading", record_of(reading)))
    for double in doubles:
        other = msgspec.structs.replace(
            reading, measured_at=moment, values=dict.fromkeys(reading.values, double)
        )
        message = warm.encode("EmissionReading", record_of(other))
        assert same(warm.decode_reading(message), other)


def test_decoded_readings_share_no_mutable_part(codec: Codec) -> None:
    message = codec.encode("EmissionReading", record_of(READING))
    for _ in range(3):
        found = codec.decode_reading(message)
        assert isinstance(found, Reading)
        assert found == READING
        found.flags["O2"] = "F"
        found.values.clear()


@given(
    st.builds(
        WindowMean,
        **{
            **dict.fromkeys(("source_id", "parameter", "unit", "window", "rule_set"), TEXT),
            **dict.fromkeys(("start", "end", "stream_time"), LONG),
            **dict.fromkeys(("value", "raw_value", "min", "max", "limit"), st.none() | DOUBLE),
            "seconds_by_code": st.dictionaries(TEXT, st.integers(0, 86400)),
            "status": st.sampled_from(["VALID", "INSUFFICIENT", "NOT_OPERATING"]),
            "final": st.booleans(),
            "validated_value": st.none(),
        },
        **{
            name: st.integers(0, 90_000)
            for name in ("count", "valid_s", "due_s", "excused_s", "revision")
        },
    )
)
def test_means_round_trip(mean: WindowMean) -> None:
    codec = Codec(FileIds())
    message = codec.encode("WindowMean", record_of(mean))
    assert message == framed("WindowMean", record_of(mean))
    assert same(msgspec.convert(codec.decode(message)[1], WindowMean), mean)


def test_a_tick_is_a_tick(codec: Codec) -> None:
    assert codec.decode_reading(codec.encode("StreamTick", {"sent_at": -1})) == Tick()


def test_foreign_and_misplaced_schemas_are_unknown(codec: Codec) -> None:
    found = codec.decode_reading(b"\x00\x00\x00\x00\x01\x02A")
    assert found == Rejected("UNKNOWN_SCHEMA", "schema id 1 is not known")
    gap = codec.encode("DataGap", RECORDS["DataGap"])
    found = codec.decode_reading(gap)
    assert isinstance(found, Rejected)
    assert found.reason == "UNKNOWN_SCHEMA"
    assert "DataGap" in found.detail


GOOD = (
    b"\x00" + FileIds().id_of("EmissionReading").to_bytes(4, "big") + b"\x02A\x00\x78" + b"\x00" * 4
)


def test_another_version_of_the_reading_is_resolved() -> None:
    ids = GrowingIds()
    codec = Codec(ids)
    message = b"\x00\x00\x00\x00\x07" + long(1) + b"A" + long(3) + b"red" + long(5) + long(60)
    assert isinstance(codec.decode_reading(message + b"\x00"), Rejected)  # not registered yet
    ids.add(7, older())
    found = codec.decode_reading(message + b"\x00")
    assert found == Reading("A", 5, 60, "NORMAL", None, {}, {})
    assert isinstance(codec.decode_reading(message), Rejected)


def test_a_reading_that_cannot_be_resolved_has_an_unknown_schema() -> None:
    ids = GrowingIds()
    ids.add(8, version('{"name": "source_id", "type": "string"}'))
    found = Codec(ids).decode_reading(b"\x00\x00\x00\x00\x08" + long(1) + b"A")
    assert isinstance(found, Rejected)
    assert found.reason == "UNKNOWN_SCHEMA"


def test_an_outage_of_the_schema_registry_makes_no_dead_letters() -> None:
    ids = GrowingIds()
    codec = Codec(ids)
    ids.fails = True
    with pytest.raises(SchemaRegistryError):
        codec.decode_reading(GOOD)
    ids.fails = False
    assert isinstance(codec.decode_reading(GOOD), Reading)
    ids.fails = True  # what is known needs no registry
    assert isinstance(codec.decode_reading(GOOD), Reading)


def test_what_does_not_fit_its_schema_is_not_written(codec: Codec) -> None:
    good = record_of(MEAN)
    for bad in (
        {**good, "status": "MAYBE"},
        {**good, "start": 2**63},
        {**good, "unit": None},
        {name: value for name, value in good.items() if name != "unit"},
    ):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            codec.encode("WindowMean", bad)
    with pytest.raises(KeyError):
        codec.encode("Weather", {})


def test_fields_left_out_are_written_as_their_defaults(codec: Codec) -> None:
    reading = {"source_id": "A", "measured_at": 0, "period_s": 60, "values": {"SO2": math.inf}}
    found = codec.decode_reading(codec.encode("EmissionReading", reading))
    assert found == Reading("A", 0, 60, "NORMAL", None, {"SO2": math.inf}, {})


def test_a_gap_decodes_to_its_struct(codec: Codec) -> None:
    gap = DataGap("id", 1, "OPEN", "A", None, 1, None, 2)
    _, record = codec.decode(codec.encode("DataGap", record_of(gap)))
    assert msgspec.convert(record, DataGap) == gap
