"""Advice in words: what is left to do, in three languages, from codes and numbers alone."""

from __future__ import annotations

from typing import Any

import pytest

from emissions.cli.support.advice_text import CSV, AdviceFilter, AdviceFormatter
from streams.core.records.advice import KINDS, TERMS
from tests.core.examples import local
from tests.schemas.examples import RECORDS

START = local("2026-04-01 08:00")
WINDOW: dict[str, Any] = RECORDS["Advice"] | {
    "start": START,
    "end": START + 1_800_000,
    "due": START + 1_800_000,
    "told_at": START + 660_000,
    "left_s": 1140,
    "stay_below": 899.25,
}
SILENCE = WINDOW | {
    "kind": "SILENCE", "parameter": None, "rule": "KZ-GAP", "window": None, "end": None,
    "value": 43_200.0, "limit": 86_400.0, "left_s": 43_200,
}  # fmt: skip
WORDS = AdviceFormatter("en", {"KZ-0001-01": "Asia/Almaty"}, "Asia/Almaty")


def test_a_window_says_what_the_rest_must_stay_below() -> None:
    said = WORDS.sentence(WINDOW)
    assert "SO2: the mean of the 30 min window from 2026-04-01 08:00 is 1100.5 mg/m3" in said
    assert said.endswith("19 min left: keep the mean of the rest below 899.25 mg/m3.")
    assert WORDS.sentence(WINDOW | {"certain": True, "stay_below": None}).endswith(
        "It is certain, even if all the rest were 0. 19 min left."
    )
    assert "no level of the rest is low enough" in WORDS.sentence(WINDOW | {"stay_below": None})


def test_a_silence_says_when_it_is_an_outage() -> None:
    assert WORDS.sentence(SILENCE) == (
        "Nothing has come since 2026-04-01 08:00, for 12 h. In 12 h it is KZ-GAP."
    )
    assert WORDS.sentence(SILENCE | {"parameter": "CO"}).startswith("CO: no valid value since")


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
@pytest.mark.parametrize("term", [*TERMS, None, "OF_A_LATER_VERSION"])
@pytest.mark.parametrize("kind", [*KINDS, "OF_A_LATER_VERSION"])
def test_everything_has_words_in_every_language(language: str, term: str, kind: str) -> None:
    words = AdviceFormatter(language, {}, "Asia/Almaty")
    record = WINDOW | {"kind": kind, "term": term, "basis": "Order 208 n. 24"}
    for said in (words.sentence(record), words.line(record), words.row(record)["advice"]):
        assert "{" not in said
        assert "None" not in said


def test_a_document_has_every_field_of_the_table_of_scripts() -> None:
    document = WORDS.document(WINDOW)
    assert set(CSV) <= document.keys()
    assert document["due"] == "2026-04-01T03:30:00Z"
    assert document["due_local"] == "2026-04-01T08:30:00+05:00"


def test_a_filter_takes_what_matches_all_of_it() -> None:
    assert WINDOW in AdviceFilter()
    assert WINDOW in AdviceFilter(kinds={"EXCEEDING"}, bin=WINDOW["bin"], source="KZ-0001-01")
    assert WINDOW in AdviceFilter(since=WINDOW["told_at"])
    assert WINDOW not in AdviceFilter(since=WINDOW["told_at"] + 1)
    assert WINDOW not in AdviceFilter(kinds={"SILENCE"})
    assert WINDOW not in AdviceFilter(source="B")
