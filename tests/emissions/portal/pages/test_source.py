"""Pages of a source: what it emits now, and its days, months and years."""

from __future__ import annotations

import gzip
import json
import re

import msgspec
import pytest

from emissions.portal.language import LANGUAGES, words
from emissions.portal.queries.changes import RevisedMeans
from emissions.portal.queries.roots import Root
from emissions.portal.series import WINDOWS
from tests.emissions.portal.source_rows import (
    CODES,
    MIDNIGHT,
    NAMES,
    day_row,
    gap,
    mean,
    source,
    times,
)
from tests.emissions.portal.support import Given, visitor

HERE = "/sources/KZ-1"
DAY = f"{HERE}/days/2026-06-14"
ROOT = Root("emissions.readings", 3, 1, 99, 90, "ab" * 32, 2, True, True)
REVISED = RevisedMeans("KZ-1", day_row().day, 7, 4, ["SO2"], MIDNIGHT)


def given_day() -> Given:
    means = [
        mean(0),
        mean(1, 1000.0),
        mean(2, 600.0, valid_s=1500, seconds_by_code={"STATUS_M": 300}),
        mean(3, 50.0, status="INSUFFICIENT", valid_s=300),
        mean(4, None, status="NOT_OPERATING", due_s=0, valid_s=0),
        mean(parameter="O2", unit="%", limit=None, value=6.5),
    ]
    rows: list[msgspec.Struct] = [source(), times(), *means, gap(150, 180), gap(0, 60, "SO2")]
    return Given(*rows, *CODES, *NAMES, day_row(), ROOT, REVISED)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", [HERE, DAY, f"{HERE}/months/2026-06", f"{HERE}/years/2026"]
)  # fmt: skip
async def test_each_page_is_whole_escaped_and_small(language: str, path: str) -> None:
    async with visitor(given_day()) as browser:
        answer = await browser.get(f"/{language}{path}")
    assert answer.status_code == 200
    page = answer.text
    assert "<b>" not in page
    assert "Труба &lt;1&gt;" in page
    assert "style=" not in page
    assert re.findall(r"<script(?! src=)(?! type=\"application/json\")", page) == []
    assert len(gzip.compress(answer.content)) < 60_000
    assert re.findall(r"<h([1-6])", page)[0] == "1"
    assert page.count("<table") == page.count("<caption")
    for table in re.findall(r"<thead>.*?</thead>", page, re.S):
        assert "<th>" not in table
    assert '<meta name="description" content="' in page


async def test_a_day_says_what_was_left_out_and_why_and_proves_it() -> None:
    async with visitor(given_day()) as browser:
        page = (await browser.get(f"/en{DAY}")).text
    assert 'id="code-STATUS_M"' in page
    assert "SO2 300" in page
    assert "maintenance" in page
    assert ROOT.root in page
    assert "Above the limit: 2, of them at least 2 times the limit: 1." in page
    assert "14 Jun 2026, 02:30" in re.sub(r"<[^>]*>", "", page)  # the gap, on the local clock
    assert "/means/KZ~11%20%3Cb%3E/SO2/30min/2026-06-13T19%3A00Z" in page


async def test_the_numbers_of_a_chart_are_those_of_its_table() -> None:
    async with visitor(given_day()) as browser:
        page = (await browser.get(f"/en{DAY}")).text
    (block, _) = re.findall(r'class="chart-data">(.*?)</script>', page)
    data = json.loads(block)
    assert data["v"] == [100.0, 1000.0, 600.0, None, None]
    assert data["u"] == [None, None, None, 50.0, None]
    assert data["t"] == [0, 1800, 3600, 5400, 7200]
    assert data["l"] == [500.0] * 5
    assert {span[0] for span in data["spans"]} == {"gap", "insufficient", "stopped"}


async def test_the_links_take_along_just_this_day() -> None:
    async with visitor(given_day()) as browser:
        page = (await browser.get(f"/en{DAY}")).text
    for form in ("csv", "json", "parquet"):
        assert f"/api/v1/means.{form}?source=KZ%2F1+%3Cb%3E&amp;window=30min&amp;" in page
    assert "from=2026-06-13T19%3A00%3A00Z&amp;to=2026-06-14T19%3A00%3A00Z" in page


async def test_only_days_with_data_are_neighbours() -> None:
    async with visitor(given_day()) as browser:
        page = (await browser.get(f"/en{DAY}")).text
        first = (await browser.get(f"/en{HERE}/days/2026-06-12")).text
    assert re.findall(r'rel="prev" href="[^"]*/days/([^"]*)"', page) == ["2026-06-13"]
    assert 'rel="prev"' not in first
    assert re.findall(r'rel="next" href="[^"]*/days/([^"]*)"', first) == ["2026-06-13"]


async def test_a_source_that_is_silent_says_so_first() -> None:
    given = Given(source(), times(), mean(), gap(60, None), *NAMES, *CODES)
    async with visitor(given) as browser:
        page = (await browser.get(f"/ru{HERE}")).text
    assert words("ru")["source.silent"] in page
    assert page.index(words("ru")["source.silent"]) < page.index("<table")


async def test_a_source_that_never_sent_has_a_page_that_says_so() -> None:
    async with visitor(Given(source())) as browser:
        page = await browser.get(f"/kk{HERE}")
        day = await browser.get(f"/kk{DAY}")
    assert words("kk")["source.never_sent"] in page.text
    assert words("kk")["source.no_means"] in day.text


async def test_the_latest_means_stand_beside_their_limit() -> None:
    rows = [mean(window=each, value=250.0) for each in WINDOWS]
    async with visitor(Given(source(), times(), *rows, *NAMES, *CODES)) as browser:
        page = (await browser.get(f"/en{HERE}")).text
    assert page.count("50 % of the limit".replace(" %", "\u00a0%")) == 4
    assert "V-7" in page
    assert "52.28 N, 76.97 E" in page


@pytest.mark.parametrize(
    "path",
    [
        f"{HERE}/days/2026-06-31", f"{HERE}/days/x", f"{HERE}/months/2026", f"{HERE}/years/26",
        f"{HERE}/weeks/2026",
    ],
)  # fmt: skip
async def test_an_address_that_names_no_period_is_not_found(path: str) -> None:
    async with visitor(given_day()) as browser:
        assert (await browser.get(f"/en{path}")).status_code == 404


async def test_unknown_sources_and_test_streams_are_not_found() -> None:
    for given in (Given(times(), mean()), Given(source(test=True), times(), mean())):
        async with visitor(given) as browser:
            for path in (HERE, DAY):
                assert (await browser.get(f"/en{path}")).status_code == 404


async def test_what_is_too_long_is_refused_without_asking() -> None:
    given = given_day()
    async with visitor(given) as browser:
        answer = await browser.get(f"/en/sources/{'x' * 401}")
        wrong = await browser.get(f"/en{DAY}?window={'x' * 11}")
    assert (answer.status_code, wrong.status_code) == (400, 400)
    assert given.asked == []
