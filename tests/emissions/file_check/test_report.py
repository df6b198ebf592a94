"""The report of a check: stable keys, words in three languages, a page without scripts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from emissions.cli.support.check_text import check_text
from emissions.cli.support.replay_input import zones_of
from emissions.cli.support.workspace import run_settings
from emissions.file_check.page import check_page
from emissions.file_check.report import Document, check_document
from emissions.file_check.run import check_input
from emissions.file_check.tables import length
from emissions.file_check.words import WORDS, code_text, track_text
from emissions.replay.survey import far_rows, survey_sources
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.law.quality_codes import CODES
from streams.registry.document import load_registry
from streams.rules.load import load_rules
from tests.emissions.offline.recorded import recorded
from tests.support.core_run import NOW

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
LANGUAGES = ("en", "ru", "kk")
KEYS = [
    "found", "files", "rule_set", "until", "rows", "used", "duplicates", "refused", "after_until",
    "sources", "outlying", "quality", "refused_by_reason", "refused_rows", "gaps", "violations",
    "findings",
]  # fmt: skip


def document(language: str = "en", file: Path = EXAMPLE / "input.csv") -> Document:
    enterprises = load_registry(EXAMPLE / "registry.yaml")
    tape, rules = recorded([file], enterprises), load_rules()
    checked = check_input(
        tape,
        enterprises,
        settings=run_settings(None, None),
        rules=rules,
        codec=Codec(FileIds()),
        until=None,
        now=NOW,
        report=lambda *_: None,
    )
    return check_document(
        tape,
        survey_sources(tape),
        far_rows(tape),
        checked,
        rules=rules,
        zones=zones_of(enterprises),
        language=language,
    )


@pytest.fixture(scope="module", name="found")
def found_in_the_example() -> Document:
    return document()


def test_the_document_has_everything_under_stable_keys(found: Document) -> None:
    assert list(found) == KEYS
    assert found["found"] is True
    (silence,) = found["gaps"]
    assert (silence["source_id"], silence["parameter"], silence["seconds"]) == (
        "EX-01-A", None, 2400,
    )  # fmt: skip
    sulphur = next(each for each in found["quality"] if each["parameter"] == "SO2")
    assert sulphur["seconds"] == sulphur["valid_seconds"] + sum(sulphur["codes"].values())
    day = next(each for each in found["violations"] if each["rule"] == "KZ-DAY")
    assert day["start_local"] == "2026-05-04T00:00:00+05:00"
    assert day["title"] == "Calendar-day mean concentration above the limit"


def test_a_source_without_a_reading_has_no_quality(tmp_path: Path) -> None:
    header, *lines = (EXAMPLE / "input.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "one.csv").write_text(header + "".join(x for x in lines if "EX-01-B" in x))
    one = document(file=tmp_path / "one.csv")
    assert {each["source_id"] for each in one["quality"]} == {"EX-01-B"}
    assert [each["source_id"] for each in one["sources"]] == ["EX-01-B"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_fits_eighty_columns(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = re.sub(r"\x1b\[\d+m", "", check_text(document(language), language))
    assert max(map(len, text.splitlines())) <= 80
    words = WORDS[language]
    for heading in (words.period, words.quality, words.refused_rows, words.gaps, words.violations):
        assert heading in text.splitlines()
    assert words.would_be_found.format(count=14) in text.splitlines()[-1]


class Reader(HTMLParser):
    """What a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        self.outside += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_needs_nothing_else(language: str) -> None:
    page = check_page(document(language), language)
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.tags
    assert reader.outside == []
    assert f'<html lang="{language}">' in page
    assert "@media print" in page
    titles = {rule.titles[language] for rule in load_rules().rules if rule.code == "KZ-3H"}
    assert all(title in page for title in titles)


def test_texts_of_a_file_are_no_markup(found: Document) -> None:
    page = check_page({**found, "files": ["<script>alert(1)</script>.csv"]}, "en")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.csv" in page


def test_every_code_and_track_has_words_in_every_language() -> None:
    for language in LANGUAGES:
        for code in CODES:
            assert code_text(code.code, language) != code.code
        for rule in load_rules().rules:
            assert track_text(rule.track, language) != rule.track
    assert code_text("STATUS_C", "en") != code_text("STATUS_D", "en")
    assert code_text("STATUS_?", "ru") == code_text("STATUS_", "ru")


def test_lengths_are_in_the_letters_of_the_language() -> None:
    said = [length(90_000, language) for language in LANGUAGES]
    assert said == ["1 day 1 h", "1 сут 1 ч", "1 тәул 1 сағ"]
    assert length(None, "ru") is None
