"""Checkpoints and proofs as texts: read back as written, and refused otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.checkpoint import (
    Checkpoint,
    FormError,
    Proof,
    parse_checkpoint,
    parse_proof,
)

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint("log.example/emissions", 20_852_163, ROOT)
TEXT = "log.example/emissions\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


def test_a_checkpoint_is_three_lines() -> None:
    assert CHECKPOINT.text == TEXT
    assert parse_checkpoint(TEXT) == CHECKPOINT
    assert parse_checkpoint(TEXT + "an extension\n") == CHECKPOINT


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("20852163", "020852163", "is no number"),
        ("20852163", "-1", "is no number"),
        ("20852163", "١", "is no number"),
        ("AAEC", "AAE", "is not base64"),
        ("Hh8=", "Hh9=", "is not base64 as it is written"),
        ("AAECAwQF", "", "is no hash of 32 bytes"),
        ("log.example/emissions", "", "names its origin"),
        ("20852163\n", "", "three lines"),
    ],
)
def test_another_form_is_refused(before: str, after: str, said: str) -> None:
    with pytest.raises(FormError, match=said):
        parse_checkpoint(TEXT.replace(before, after))


@given(
    st.integers(0, 1 << 40),
    st.lists(st.binary(min_size=32, max_size=32), max_size=40).map(tuple),
    st.binary(max_size=40),
)
def test_a_proof_is_read_as_it_was_written(
    place: int, hashes: tuple[bytes, ...], extra: bytes
) -> None:
    proof = Proof(place, hashes, TEXT + "\n— log.example/emissions c2ln\n", extra)
    assert parse_proof(proof.text) == proof


def test_a_proof_is_a_text_of_the_specification() -> None:
    proof = Proof(7, (ROOT,), TEXT)
    assert proof.text == (
        "c2sp.org/tlog-proof@v1\nindex 7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n" + TEXT
    )
    for text, said in (
        (proof.text.replace("@v1", "@v2"), "begins with"),
        (proof.text.replace("\n\n", "\n"), "ends with a checkpoint"),
        (proof.text.replace("index 7\n", ""), "names the index"),
        (proof.text.replace("index 7", "index 07"), "is no number"),
    ):
        with pytest.raises(FormError, match=said):
            parse_proof(text)
