"""Signed notes: the vector of the specification, witnesses, and everything that does not hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.checkpoint import FormError
from streams.core.evidence.note import (
    LOG_KEY,
    WITNESS_KEY,
    PublicKey,
    Signature,
    Signed,
    note,
    open_note,
    parse_key,
    sign,
    split_note,
)
from streams.signing.ed25519 import key_of, verify

TEXT = "log.example\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
LOG = key_of(bytes(32))
WITNESS = key_of(bytes([1]) * 32)
LOG_PUBLIC = PublicKey("log.example", LOG_KEY, LOG.public)
WITNESS_PUBLIC = PublicKey("court.example/witness", WITNESS_KEY, WITNESS.public)
BOTH = (LOG_PUBLIC, WITNESS_PUBLIC)


def signed() -> str:
    return note(TEXT, [sign(TEXT, LOG_PUBLIC, LOG), sign(TEXT, WITNESS_PUBLIC, WITNESS, 1_800_000)])


def test_the_vector_of_the_specification() -> None:
    key = parse_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    text = "This is an example message.\n"
    below = (
        "\N{EM DASH} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZ"
        "XsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert open_note(f"{text}\n{below}", [key], verify) == (text, [Signed(key)])


def test_a_note_holds_with_the_time_of_its_witness() -> None:
    found = open_note(signed(), BOTH, verify)
    assert found == (TEXT, [Signed(LOG_PUBLIC), Signed(WITNESS_PUBLIC, 1_800_000)])
    assert open_note(signed(), [LOG_PUBLIC], verify) == (TEXT, [Signed(LOG_PUBLIC)])


def test_keys_are_one_word() -> None:
    for key in BOTH:
        assert parse_key(key.text) == key
    for text, said in (
        (LOG_PUBLIC.text.replace("log", "lag"), "its key has"),
        ("log.example+00000000+AAAA", "is no Ed25519 key"),
        ("a b+00000000+AAAA", "is no Ed25519 key"),
        ("nothing", "is no Ed25519 key"),
    ):
        with pytest.raises(FormError, match=said):
            parse_key(text)


def test_an_unknown_signature_is_ignored_and_a_known_one_must_hold() -> None:
    unknown = Signature("other.example", b"1234", bytes(64))
    text, signatures = split_note(signed())
    more = note(text, [unknown, *signatures])
    assert open_note(more, BOTH, verify)[1] == [
        Signed(LOG_PUBLIC),
        Signed(WITNESS_PUBLIC, 1_800_000),
    ]
    with pytest.raises(FormError, match="signed by no known key"):
        open_note(note(TEXT, [unknown]), BOTH, verify)
    wrong = sign(TEXT + "x\n", LOG_PUBLIC, LOG)
    with pytest.raises(FormError, match=r"the signature of log\.example does not hold"):
        open_note(note(TEXT, [*signatures, wrong]), BOTH, verify)


@given(st.data())
def test_one_changed_bit_is_found(data: st.DataObject) -> None:
    content = bytearray(signed().encode())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        text, found = open_note(content.decode(), BOTH, verify)
    except (FormError, UnicodeDecodeError):
        return
    # What still opens says the same by fewer known names: the id or name of one key was changed.
    assert text == TEXT
    assert len(found) == 1


def test_a_time_is_signed_too() -> None:
    text, (of_log, of_witness) = split_note(signed())
    later = of_witness._replace(signature=(1_800_001).to_bytes(8) + of_witness.signature[8:])
    with pytest.raises(FormError, match="does not hold"):
        open_note(note(text, [of_log, later]), BOTH, verify)
    with pytest.raises(ValueError, match="a witness signs a time"):
        sign(TEXT, WITNESS_PUBLIC, WITNESS)


@pytest.mark.parametrize("text", ["", "a\n", "a\n\n", "a\n\n— x\n", "a\n\n— x y\n", "a\n\nx y z\n"])
def test_another_form_is_no_note(text: str) -> None:
    with pytest.raises(FormError):
        open_note(text, BOTH, verify)
