"""The form of heads: golden bytes, one way to write them, and the recipe of the documentation."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.chain.head import (
    NOTHING_BEFORE,
    READINGS_A_HEAD,
    Head,
    key_id_of,
    link,
    parse_head,
)
from streams.core.chain.writer import ChainEnd, sign_messages
from streams.signing.ed25519 import key_of, verify

KEY = key_of(bytes(range(32)))
MESSAGES = [b"first", b"second", b"third"]


def test_a_head_hashes_from_the_newest_message_to_the_oldest() -> None:
    last = sha256(NOTHING_BEFORE + b"third").digest()
    middle = sha256(last + b"second").digest()
    assert link(NOTHING_BEFORE, MESSAGES) == (
        sha256(middle + b"first").digest(),
        [middle, last, NOTHING_BEFORE],
    )


def test_the_bytes_of_the_headers_stand() -> None:
    """They are a protocol: stations in the field write them."""
    end, headers = sign_messages(
        ChainEnd(1_772_305_200_000), "KZ-0001-01", key_id_of(KEY.public), MESSAGES, KEY
    )
    assert end == (1_772_305_200_000, 3, link(NOTHING_BEFORE, MESSAGES).head)
    assert [name for name, _ in headers[0]] == ["chain", "sig"]
    assert [len(each) for each in headers] == [2, 1, 1]
    head = dict(headers[0])["sig"]
    assert head[:58].hex() == (
        "0101" + "56475aa75463474c" + "0000019ca59f3380" + "0" * 16 + "00" * 32
    )
    assert sha256(head).hexdigest() == (
        "7e60232b4e07b0f36145861f2cbfe943111b389ed898f097c1b1b2e2db362ea1"
    )


def test_the_statement_is_what_the_page_says() -> None:
    end, headers = sign_messages(ChainEnd(5, 7, b"h" * 32), "Котёл 1", b"k" * 8, [b"v"], KEY)
    sig = dict(headers[0])["sig"]
    statement = b"emission-streams station chain v1\n" + sig[:58] + end.head + "Котёл 1".encode()
    assert verify(KEY.public, sig[58:], statement)
    assert sig[1] == 0  # no anchor in the middle of a chain unless asked for


@given(
    st.binary(min_size=8, max_size=8),
    st.integers(0, 1 << 62),
    st.integers(0, 1 << 62),
    st.booleans(),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
)
def test_what_was_written_is_read(
    key_id: bytes, began: int, number: int, anchor: bool, previous: bytes, signature: bytes
) -> None:
    head = Head(key_id, began, number, anchor, previous, signature)
    assert parse_head(head.header) == head


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\x01" * 121,
        b"\x02" + bytes(121),
        b"\x01\x02" + bytes(120),
        b"\x01\x00" + bytes(8) + b"\xff" * 8 + bytes(104),
        b"\x01\x00" + bytes(16) + b"\xff" * 8 + bytes(96),
    ],
)
def test_anything_else_is_no_head(header: bytes) -> None:
    assert parse_head(header) is None


@pytest.mark.parametrize("many", [0, READINGS_A_HEAD + 1])
def test_a_head_covers_some_messages_and_not_too_many(many: int) -> None:
    with pytest.raises(ValueError, match="1 to 100 messages"):
        sign_messages(ChainEnd(0), "A", b"k" * 8, [b""] * many, KEY)
