"""The notices of the system: what was revised after it had been published."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emissions.portal.language import LANGUAGES, words
from emissions.portal.queries.changes import CHANGES_PER_PAGE, RevisedGap, RevisedMeans
from tests.emissions.portal.source_rows import MIDNIGHT, day_row
from tests.emissions.portal.support import Given, visitor

MEANS = RevisedMeans("KZ/1", day_row().day, 7, 4, ["SO2"], MIDNIGHT)
GAP = RevisedGap("KZ/1", "", MIDNIGHT, MIDNIGHT + timedelta(hours=1), "WITHDRAWN", 3, MIDNIGHT,
                 "Asia/Almaty")  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_says_what_was_changed_and_why(language: str) -> None:
    async with visitor(Given(MEANS, GAP)) as browser:
        answer = await browser.get(f"/{language}/changes")
    assert answer.status_code == 200
    assert words(language)["changes.withdrawn"] in answer.text
    assert f"/{language}/sources/KZ~11/days/2026-06-14" in answer.text
    assert 'rel="next"' not in answer.text


async def test_more_than_a_page_leads_on() -> None:
    async with visitor(Given(*[MEANS] * (CHANGES_PER_PAGE + 1))) as browser:
        page = (await browser.get("/en/changes?page=2")).text
    assert page.count("/days/2026-06-14") == CHANGES_PER_PAGE
    assert 'rel="prev" href="?page=1"' in page
    assert 'rel="next" href="?page=3"' in page


@pytest.mark.parametrize("page", ["0", "-1", "1001", "x", "9" * 40])
async def test_a_page_that_cannot_be_is_refused(page: str) -> None:
    async with visitor(Given(MEANS)) as browser:
        assert (await browser.get(f"/en/changes?page={page}")).status_code == 400


async def test_nothing_changed_is_told() -> None:
    async with visitor(Given()) as browser:
        page = (await browser.get("/en/changes")).text
    assert words("en")["changes.no_means"] in page
    assert words("en")["changes.no_gaps"] in page
