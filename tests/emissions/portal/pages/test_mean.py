"""The explanation of a mean: its number, its limit and law, what was left out, its revisions."""

from __future__ import annotations

import re

import pytest

from emissions.portal.language import LANGUAGES
from emissions.portal.queries.roots import Root
from emissions.portal.queries.rules_of_mean import RuleOfMean
from tests.emissions.portal.source_rows import CODES, NAMES, revision, source
from tests.emissions.portal.support import Given, visitor

PATH = "/means/KZ-1/SO2/30min/2026-06-13T19:00Z"
RULE = RuleOfMean(
    "KZ-30", "Получасовая", "Жарты сағаттық", "Half hour", "ст. 202 п. 6 пп. 2", 2.0, "at_least"
)
ROOT = Root("emissions.readings", 3, 1, 99, 90, "ab" * 32, 2, True, True)


def given_mean() -> Given:
    mass = revision(unit="g/s", value=7.0, limit=None)
    revisions = [revision(3, final=True), revision(3), revision(1, value=1111.0)]
    return Given(source(), *revisions, mass, RULE, ROOT, *CODES, *NAMES)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page)).replace("\u00a0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_is_told_in_each_language(language: str) -> None:
    async with visitor(given_mean()) as browser:
        answer = await browser.get(f"/{language}{PATH}")
    assert answer.status_code == 200
    assert "ст. 202 п. 6 пп. 2" in answer.text
    assert ROOT.root in answer.text
    assert f'href="/{language}/rules/KZ-30"' in answer.text


async def test_it_says_value_limit_comparison_share_and_reasons() -> None:
    async with visitor(given_mean()) as browser:
        said = text_of((await browser.get(f"/en{PATH}")).text)
    assert "1,234.5 mg/m³" in said
    assert "Limit: 500 mg/m³, from 1 Jan 2024, without end." in said
    assert "at least 1,000 mg/m³ (2 × 500)" in said
    assert "without end. The value is 2.469 of the limit." in said
    assert "1,800 s less 0 s excused or not operating = 1,800 s. Of these 1,500 s are valid" in said
    assert "STATUS_M maintenance 300" in said
    assert "C × (T / 293.15 K) × (101.3 kPa / P) (F1)." in said
    assert "C × (21 − 6) / (21 − O₂) (F3)." in said


async def test_each_revision_stands_there_once() -> None:
    async with visitor(given_mean()) as browser:
        page = (await browser.get(f"/en{PATH}")).text
    assert re.findall(r'<th scope="row" class="n"[^>]*>(\d+)</th>', page) == ["3", "1"]


async def test_another_unit_of_the_same_mean_is_asked_for_by_name() -> None:
    async with visitor(given_mean()) as browser:
        page = (await browser.get(f"/en{PATH}?unit=g%2Fs")).text
        none = await browser.get(f"/en{PATH}?unit=kPa")
    assert "7 g/s" in text_of(page)
    assert 'href="?unit=mg%2Fm3"' in page
    assert none.status_code == 404


async def test_a_limit_that_was_registered_later_is_not_passed_off_as_that_of_the_time() -> None:
    async with visitor(Given(source(), revision(limit=400.0))) as browser:
        said = text_of((await browser.get(f"/en{PATH}")).text)
    assert "Limit: 400 mg/m³. The registration has changed since" in said


@pytest.mark.parametrize(
    "path",
    [
        "/means/KZ-1/SO2/30min/yesterday", "/means/KZ-1/SO2/30min/2026-06-13",
        "/means/KZ-1/SO2/30min/2026-06-13T19:00", "/means/KZ-1/SO2/30min/0000-06-13T19:00Z",
        "/means/KZ-1/SO2/2h/2026-06-13T19:00Z",
    ],
)  # fmt: skip
async def test_an_address_that_names_no_mean_is_not_found(path: str) -> None:
    async with visitor(given_mean()) as browser:
        assert (await browser.get(f"/en{path}")).status_code == 404


async def test_a_mean_that_is_not_there_or_of_a_test_stream_is_not_found() -> None:
    for given in (Given(source()), Given(revision()), Given(source(test=True), revision())):
        async with visitor(given) as browser:
            assert (await browser.get(f"/en{PATH}")).status_code == 404
