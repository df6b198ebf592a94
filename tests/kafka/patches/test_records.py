"""Fetched records have everything that aiokafka's own have."""

from __future__ import annotations

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.kafka.patches.records import FetchedRecord, _aiokafka, fetch_light_records

PLACE = TopicPartition("readings", 3)


def written(records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=100_000,
    )  # fmt: skip
    for at, (key, value, headers) in enumerate(records):
        builder.append(at, 1_780_000_000_000 + at, key, value, headers)
    return bytes(builder.build())


def read(kind: type, data: bytes, **deserializers: object) -> list[object]:
    given = {"key_deserializer": None, "value_deserializer": None, **deserializers}
    return list(
        kind(
            PLACE, fetcher.MemoryRecords(data), [], 0, check_crcs=True,
            isolation_level=fetcher.READ_UNCOMMITTED, **given,
        )
    )  # fmt: skip


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> type:
    monkeypatch.setattr(fetcher, "PartitionRecords", _aiokafka)
    fetch_light_records()
    fetch_light_records()
    found: type = fetcher.PartitionRecords
    return found


def test_fetched_records_have_the_fields_of_a_consumer_record(light: type) -> None:
    data = written(
        [(b"key", b"value", [("h", b"1"), ("h", b"")]), (None, b"", []), (b"", None, [])]
    )
    fetched, own = read(light, data), read(_aiokafka, data)
    assert len(fetched) == 3
    assert all(isinstance(record, FetchedRecord) for record in fetched)
    names = ConsumerRecord.__dataclass_fields__
    assert list(names) == list(FetchedRecord._fields)
    for record, known in zip(fetched, own, strict=True):
        assert {name: getattr(record, name) for name in names} == vars_of(known)


def vars_of(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in ConsumerRecord.__dataclass_fields__}


def test_a_deserializer_is_applied_to_the_value(light: type) -> None:
    (record,) = read(light, written([(b"k", b"7", [])]), value_deserializer=int)
    assert isinstance(record, ConsumerRecord)
    assert record.value == 7
