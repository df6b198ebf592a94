"""Whatever bytes arrive, decoding ends at once in a value with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.definitions import current
from schemas.errors import Undecodable, UnknownSchema
from schemas.ids import FileIds
from schemas.reading import Reading, Rejected, Tick
from schemas.records import record_of
from tests.schemas.avro import long
from tests.schemas.examples import READING


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(FileIds())


HEAD = b"\x00" + FileIds().id_of("EmissionReading").to_bytes(4, "big")
BEGIN = HEAD + long(1) + b"A" + long(0) + long(60)
GOOD = BEGIN + b"\x00\x00\x00\x00"

HOSTILE = {
    "nothing": b"",
    "no room for an id": b"\x00\x00\x00",
    "no body": HEAD,
    "another magic byte": b"\x01" + GOOD[1:],
    "JSON": b'{"source_id": "A"}',
    "something behind": GOOD + b"\x00",
    "a state that does not exist": BEGIN + long(5) + b"\x00\x00\x00",
    "a negative state": BEGIN + long(-1) + b"\x00\x00\x00",
    "a branch that does not exist": BEGIN + b"\x00" + long(2) + b"\x00\x00",
    "a negative branch": BEGIN + b"\x00" + long(-1) + b"\x00\x00",
    "a text that is not UTF-8": HEAD + long(1) + b"\xff" + GOOD[len(HEAD) + 2 :],
    "a surrogate": HEAD + long(3) + b"\xed\xa0\x80" + GOOD[len(HEAD) + 2 :],
    "a text of negative length": HEAD + long(-1) + b"AAAAAAAAAAAAAAAAAAAA",
    "a text of 2^60 bytes": HEAD + long(2**60) + b"A",
    "a map of 2^60 entries": BEGIN + b"\x00\x00" + long(2**60) + long(1) + b"A",
    "a map of -2^60 entries": BEGIN + b"\x00\x00" + long(-(2**60)) + long(9) + long(1) + b"A",
    "an integer that does not end": HEAD + b"\xff" * 1000,
    "an integer of 65 bits": HEAD + long(1) + b"A" + long(2**64) + GOOD[len(HEAD) + 3 :],
    "half a double": BEGIN + b"\x00\x00" + long(1) + long(1) + b"A" + b"\x00" * 7,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_are_undecodable(codec: Codec, what: str) -> None:
    found = codec.decode_reading(HOSTILE[what])
    assert isinstance(found, Rejected)
    assert (found.reason, found.source_id) == ("UNDECODABLE", None)
    assert found.detail


def test_no_value_is_undecodable(codec: Codec) -> None:
    assert codec.decode_reading(None) == Rejected("UNDECODABLE", "the message has no value")


def test_the_good_message_beside_the_hostile_ones_is_good(codec: Codec) -> None:
    assert codec.decode_reading(GOOD) == Reading("A", 0, 60, "NORMAL", None, {}, {})
    sized = b"\x00\x00" + long(-1) + long(10) + long(1) + b"A" + b"\x00" * 8 + b"\x00\x00"
    assert codec.decode_reading(BEGIN + sized) == Reading(
        "A", 0, 60, "NORMAL", None, {"A": 0.0}, {}
    )


def test_a_message_cut_anywhere_is_undecodable(codec: Codec) -> None:
    message = codec.encode("EmissionReading", record_of(READING))
    for size in range(len(message)):
        found = codec.decode_reading(message[:size])
        assert isinstance(found, Rejected)
        assert found.reason == "UNDECODABLE"


@given(st.binary(max_size=60), st.sampled_from([*FileIds()._schemas, 0, 7]))
def test_noise_never_raises_anything_untyped(noise: bytes, number: int) -> None:
    codec = Codec(FileIds())
    message = b"\x00" + number.to_bytes(4, "big") + noise
    assert isinstance(codec.decode_reading(message), Reading | Tick | Rejected)
    try:
        name, record = codec.decode(message)
    except (Undecodable, UnknownSchema):
        return
    assert name in current()
    assert isinstance(record, dict)
