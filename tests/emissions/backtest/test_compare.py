"""What a draft changes, in a document, a text and a page."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from emissions.backtest.compare import Document, backtest_document
from emissions.backtest.page import backtest_page
from emissions.backtest.run import Judged, Window
from emissions.backtest.words import WORDS
from emissions.cli.support.backtest_text import backtest_text
from streams.core.records.findings import Violation
from streams.core.time.interval import DAY
from streams.rules.payment import load_payment
from tests.emissions.backtest.drafts import drafts
from tests.emissions.backtest.violations import DAY_OF, half_hour, violation

LANGUAGES = ("en", "ru", "kk")
KEYS = [
    "rules", "from", "to", "readings", "refused", "total", "by_rule", "by_enterprise", "by_region",
    "changes",
]  # fmt: skip


def compared(
    base: list[Violation],
    draft: list[Violation],
    window: Window = Window(),  # noqa: B008 (it cannot be changed)
    language: str = "en",
) -> Document:
    judged = Judged({each.id: each for each in base}, {each.id: each for each in draft}, 100, 1, {})
    return backtest_document(drafts(), judged, window, load_payment(), language=language)


DAILY, NEXT = violation(excess_mass_t=1.0), violation(DAY_OF + DAY, excess_mass_t=2.0)
OTHER = violation(bin="991240700404", source_id="B", region="KZ-11", excess_mass_t=4.0)


def test_gained_lost_altered_and_the_same() -> None:
    altered = replace(NEXT, limit=600.0, revision=3, detected_at=0)
    same = replace(OTHER, revision=2, detected_at=5, rule_set="kz-2")
    found = compared([DAILY, NEXT, OTHER], [half_hour(10, 0.5), altered, same])
    assert list(found) == KEYS
    kinds = {(each["change"], each["rule"], each["start"]) for each in found["changes"]}
    assert kinds == {
        ("gained", "KZ-30", "2026-05-04T05:00:00Z"),
        ("lost", "KZ-DAY", "2026-05-03T19:00:00Z"),
        ("altered", "KZ-DAY", "2026-05-04T19:00:00Z"),
    }
    total = found["total"]
    assert [total[name] for name in ("base", "draft", "gained", "lost", "altered")] == [
        3, 3, 1, 1, 1,
    ]  # fmt: skip
    assert (total["excess_mass_t_base"], total["excess_mass_t_draft"]) == (7.0, 6.5)
    assert total["fine_kzt_base"] - total["fine_kzt_draft"] == 20 * 4325 * 50
    json.dumps(found, allow_nan=False)


def test_sums_by_rule_enterprise_and_region() -> None:
    found = compared([DAILY, OTHER], [OTHER])
    assert [(each["rule"], each["base"], each["draft"]) for each in found["by_rule"]] == [
        ("KZ-DAY", 2, 1)
    ]
    of = {each["bin"]: each for each in found["by_enterprise"]}
    assert of["990140001233"]["lost"] == 1
    assert of["990140001233"]["fine_kzt_draft"] == 0
    assert of["991240700404"]["lost"] == 0
    assert [(each["name"], each["lost"]) for each in found["by_region"]] == [
        ("Akmola Region", 0), ("Pavlodar Region", 1),
    ]  # fmt: skip
    for name in ("base", "lost", "excess_mass_t_base", "fine_kzt_base"):
        assert sum(each[name] for each in found["by_region"]) == found["total"][name]


def test_a_mass_that_nobody_measured_is_not_zero() -> None:
    found = compared([violation(excess_mass_t=None)], [])
    (rule,) = found["by_rule"]
    assert (rule["excess_mass_t_base"], rule["excess_mass_t_draft"]) == (None, 0)
    assert found["total"]["not_in_fine_base"] == {"NOT_MEASURED": 1}


def test_only_the_window_is_compared_and_nothing_withdrawn() -> None:
    found = compared([DAILY, NEXT], [], Window(DAY_OF + DAY, None))
    assert [each["start"] for each in found["changes"]] == ["2026-05-04T19:00:00Z"]
    assert found["from"] == "2026-05-04T19:00:00Z"
    withdrawn = replace(DAILY, status="WITHDRAWN")
    assert compared([withdrawn], [])["changes"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_and_the_page(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    missing = violation(DAY_OF + 3 * DAY, excess_mass_t=None)
    found = compared([DAILY, OTHER], [half_hour(10, 0.5), OTHER, missing], language=language)
    words = WORDS[language]
    text = re.sub(r"\x1b\[\d+m", "", backtest_text(found, language))
    assert max(map(len, text.splitlines())) <= 80
    assert text.endswith(words.verdict.format(gained=2, lost=1, altered=0) + "\n")
    page = backtest_page(found, language)
    for word in (words.title, words.by_rule, words.by_region, words.by_enterprise, words.estimate):
        assert word in page
    assert words.missing.format(base=0, draft=1) in page


def test_nothing_that_changes_is_said() -> None:
    found = compared([DAILY], [DAILY])
    assert backtest_text(found, "en").splitlines()[-1].endswith("Nothing would change\x1b[0m")
    assert "Nothing would change" in backtest_page(found, "en")
