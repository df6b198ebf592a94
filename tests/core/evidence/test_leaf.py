"""The leaves of the log: one way to write them, and nothing else is read."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.evidence.leaf import KINDS, Leaf, read_entry


def test_a_leaf_is_one_line_that_anybody_can_write() -> None:
    leaf = Leaf.of("root", "SRC-1|2026-03-01", 2, b"value")
    assert leaf.entry() == (
        b'{"id":"SRC-1|2026-03-01","kind":"root","revision":2,"sha256":"'
        + sha256(b"value").hexdigest().encode()
        + b'"}'
    )


@given(st.sampled_from(KINDS), st.text(), st.integers(0, 1 << 62), st.binary())
def test_what_was_written_is_read(kind: str, identity: str, revision: int, value: bytes) -> None:
    try:
        identity.encode()
    except UnicodeEncodeError:
        return
    leaf = Leaf.of(kind, identity, revision, value)  # type: ignore[arg-type]
    assert read_entry(leaf.entry()) == leaf


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{}",
        b"[]",
        b'{"id":"a","kind":"violation","revision":1,"sha256":"zz"}',
        b'{"id":"a","kind":"other","revision":1,"sha256":""}',
        b'{"id":"a","kind":"violation","revision":1,"sha256":"00"}',
        b'{"kind":"violation","id":"a","revision":1,"sha256":"00"}',
        b'{"id": "a","kind":"violation","revision":1,"sha256":"00"}',
    ],
)
def test_anything_else_is_refused(entry: bytes) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        read_entry(entry)
