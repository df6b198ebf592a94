"""A finding is explained by what was published of it."""

from __future__ import annotations

import msgspec
import pytest

from emissions.explain.page import page_of
from emissions.explain.text import text_of
from streams.core.explanation.finding import explain_finding
from streams.core.records.findings import Finding
from streams.rules.finding_kinds import finding_kinds

AT = 1_777_846_200_000  # 2026-05-03T22:10:00Z
FOUND = Finding(
    "3e2f5f7d-0000-5000-8000-000000000001", 1, "OPEN", "FLATLINE", "990140001233", "A", "SO2", AT,
    None, "hours without a change", 5.0, 4.5, "h", "SO2 stood still: look at the log.", "", "",
    "kz-1", AT + 3_600_000,
)  # fmt: skip
CLOSED = msgspec.structs.replace(
    FOUND, revision=2, status="CLOSED", end=AT + 36_000_000, value=10.0
)
TITLES = {language: finding_kinds()["FLATLINE"].title(language) for language in ("ru", "kk", "en")}


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_facts_are_shown_and_nothing_is_claimed_to_be_equal(language: str) -> None:
    found = explain_finding([FOUND, CLOSED], TITLES, "Asia/Almaty", language)
    assert (found.equal, found.compared, found.differences) == (True, False, ())
    assert found.title == TITLES[language]
    assert found.nodes["finding.number"].value == 10.0
    assert found.nodes["finding.number"].numbers == {"threshold": 4.5}
    assert found.nodes["finding.look_at"].text == FOUND.detail
    assert found.nodes["finding.equality"].reason == "NOT_COMPARED"
    assert len(found.nodes["finding.revisions"].children) == 2
    text = text_of(found)
    assert "10 h" in text
    assert FOUND.detail.split(":")[0] in text
    assert max(map(len, text.splitlines())) <= 80
    assert FOUND.id in page_of(found)


def test_a_kind_without_titles_or_numbers_is_told_by_its_code() -> None:
    bare = msgspec.structs.replace(
        FOUND, kind="OTHER", statistic="", value=None, threshold=None, unit=None, source_id=None,
        parameter=None, basis="Order 208 n. 27", track="INSPECTION",
    )  # fmt: skip
    found = explain_finding([bare], None, "Asia/Almaty", "en")
    assert found.title == "OTHER"
    assert "finding.number" not in found.nodes
    assert found.nodes["finding.basis"].text == "Order 208 n. 27"
    assert found.nodes["finding.basis"].reason == "INSPECTION"
