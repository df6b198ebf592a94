"""Every word is there in three languages, with the same numbers in it."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from streams.core.explanation import words
from streams.core.explanation.words import LANGUAGES, Words, length_text, number_text
from streams.core.records.findings import Article
from tests.core.examples import local


@pytest.mark.parametrize("key", sorted(words._WORDS))
def test_a_word_has_the_same_numbers_in_each_language(key: str) -> None:
    texts = words._WORDS[key]
    assert len(texts) == len(LANGUAGES)
    fields = [sorted({name or "" for _, name, _, _ in Formatter().parse(text)}) for text in texts]
    assert fields[0] == fields[1] == fields[2] or set(fields[0]) - {""} == set(fields[1]) - {""}
    assert {*fields[1]} - {""} == {*fields[2]} - {""}
    assert all(texts)


def test_every_word_that_is_asked_for_is_there() -> None:
    import streams.core.explanation as room

    asked = set()
    for path in map(str, room.__path__):
        from pathlib import Path

        for file in Path(path).glob("*.py"):
            asked |= set(re.findall(r"words\(\s*\"(\w+)\"", file.read_text("utf-8")))
    assert asked <= words._WORDS.keys()


def test_numbers_lengths_and_places() -> None:
    assert [number_text(value) for value in (1309.0, 0.5, None, 12, 1e-9)] == [
        "1309", "0.5", "—", "12", "1e-09",
    ]  # fmt: skip
    assert length_text(3 * 3_600_000 + 1_800_000, "ru") == "3 ч 30 мин"
    assert length_text(86_400_000, "kk") == "1 тәул"
    place = Article("КоАП РК № 235-V", "328", part="1")
    assert [Words(language, "UTC").citation(place) for language in LANGUAGES] == [
        "КоАП РК № 235-V art. 328 part 1",
        "КоАП РК № 235-V ст. 328 ч. 1",
        "КоАП РК № 235-V 328-бап 1-бөлік",
    ]
    said = Words("en", "Asia/Almaty").span(local("2026-05-04 12:00"), local("2026-05-04 12:30"))
    assert said == "2026-05-04 12:00 – 12:30 (UTC+05:00)"
