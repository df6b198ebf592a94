"""Counts in sentences agree with their nouns."""

from __future__ import annotations

import pytest

from streams.counted import counted


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (counted(1, "checkpoint"), "1 checkpoint"),
        (counted(0, "checkpoint"), "0 checkpoints"),
        (counted(2, "leaf", "leaves"), "2 leaves"),
        (counted(1, "leaf", "leaves"), "1 leaf"),
        (counted(12_345, "reading", form=","), "12,345 readings"),
    ],
)
def test_one_is_one_and_the_rest_are_several(told: str, words: str) -> None:
    assert told == words
