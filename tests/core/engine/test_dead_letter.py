"""A dead letter holds the message as it came, and is hardly larger than it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.core.engine.dead_letter import dead_letter, letter_key
from streams.core.records.findings import DeadLetter
from streams.core.records.record import RawRecord

ROOM = 4096  # what a letter may add to its message
texts = st.text(st.characters(exclude_categories=["Cs"]))
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 400))
records = st.builds(
    RawRecord,
    offset=st.integers(0, (1 << 63) - 1),
    timestamp=st.integers(0, 1 << 45),
    key=st.none() | st.binary(max_size=2000),
    value=st.none() | st.binary(max_size=5000),
    headers=st.lists(st.tuples(texts, st.none() | st.binary(max_size=300))).map(tuple),
)


def bury(record: RawRecord, detail: str, source_id: str | None) -> DeadLetter:
    return dead_letter(
        record,
        topic="emissions.readings",
        partition=3,
        stage="validate",
        reason="UNKNOWN_SOURCE",
        detail=detail,
        source_id=source_id,
    )


def size(record: RawRecord) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + 4 for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


@given(records, long_texts, st.none() | long_texts)
def test_the_message_is_in_it_byte_for_byte_and_it_is_hardly_larger(
    record: RawRecord, detail: str, source_id: str | None
) -> None:
    letter = bury(record, detail, source_id)
    codec = Codec(FileIds())
    value = codec.encode("DeadLetter", record_of(letter))
    _, read = codec.decode(value)
    assert (read["key"], read["value"]) == (record.key, record.value)
    assert (read["topic"], read["partition"]) == ("emissions.readings", 3)
    assert (read["offset"], read["timestamp"]) == (record.offset, record.timestamp)
    headers = [(header["name"], header["value"]) for header in read["headers"]]
    assert headers == [(name, value or b"") for name, value in record.headers]
    assert len(value) + len(letter_key(letter)) <= size(record) + ROOM


def test_dead_letter_key_is_the_source_else_the_message_key_else_none() -> None:
    record = RawRecord(1, 2, b"\xff\x00", b"v", ())
    assert letter_key(bury(record, "", "KZ-0001-01")) == b"KZ-0001-01"
    assert letter_key(bury(record, "", None)) == b"\xff\x00"
    assert letter_key(bury(record._replace(key=None), "", None)) == b""


def test_a_truncated_text_ends_with_an_ellipsis() -> None:
    letter = bury(RawRecord(1, 2, None, None, ()), "d" * 501, "s" * 250)
    assert letter.detail == "d" * 499 + "…"
    assert letter.source_id == "s" * 248 + "…"
    whole = bury(RawRecord(1, 2, None, None, ()), "d" * 500, "s" * 249)
    assert (whole.detail, whole.source_id) == ("d" * 500, "s" * 249)
