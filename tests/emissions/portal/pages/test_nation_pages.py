"""The pages of the nation: what they show, say where nothing is, and refuse."""

from __future__ import annotations

import gzip
import itertools
import re
from typing import Any

import msgspec
import pytest

from emissions.portal.language import LANGUAGES, words
from emissions.portal.queries.search import search_words
from tests.emissions.portal.nation import (
    ABOVE,
    BIN,
    EMPTY,
    FOUND,
    MASS,
    MEAN,
    SILENCE,
    WHOLE,
    duty,
    place,
)
from tests.emissions.portal.support import Given, visitor

PAGES = (
    "/", "/?map_of=exceedances", "/regions", "/regions/KZ-55", "/regions/KZ-10", "/enterprises",
    "/enterprises?region=KZ-55&monitoring=connected&sort=exceedances",
    f"/enterprises/{BIN}", "/transmission", "/transmission?month=2026-06", "/compliance",
    "/excuses", "/search", "/search?q=зауыт",
)  # fmt: skip
MANY = 400


async def page(path: str, *rows: msgspec.Struct, language: str = "en", status: int = 200) -> str:
    async with visitor(Given(*rows)) as browser:
        answer = await browser.get(f"/{language}{path}")
    assert answer.status_code == status, path
    return answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_are_well_formed_in_every_language(language: str) -> None:
    async with visitor(Given(*WHOLE)) as browser:
        for path in PAGES:
            answer = await browser.get(f"/{language}{path}")
            assert answer.status_code == 200, path
            well_formed(answer.text)


def well_formed(text: str) -> None:
    levels = [int(each) for each in re.findall(r"<h([1-6])\b", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert "style=" not in text
    assert "<script" not in text
    assert "<b>Север</b>" not in text
    assert text.count("<table ") == text.count("<caption>")
    assert re.search(r"<th(?=[ >])(?! scope)", text) is None
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    for name in re.findall(r'<label[^>]* for="([^"]*)"', text):
        assert name in ids
    assert len(gzip.compress(text.encode())) < 30_000


async def test_a_nation_without_data_has_its_pages() -> None:
    async with visitor(Given(*EMPTY)) as browser:
        for path in PAGES:
            if BIN in path or "month" in path or path == "/regions/KZ-55":
                continue
            answer = await browser.get(f"/en{path}")
            assert answer.status_code == 200, path
            well_formed(answer.text)
            if "search" not in path:
                assert words("en")["nation.empty"] in answer.text, path


async def test_the_start_page_tells_what_came_and_who_is_silent() -> None:
    text = await page("/", *WHOLE)
    figures = re.findall(r"<strong>([^<]*)</strong>", text)
    assert figures == ["91", "77", "71", "14", "75\xa0%", "75\xa0%", "1", "7"]
    assert 'aria-label="Pavlodar Region: 75\xa0%"><path class="s4"' in text
    assert 'aria-label="Abai Region: no data"><path class="unknown"' in text
    assert '<a href="/en/sources/KZ~11%20%3F%23%D0%B9">' in text
    assert "Cases in all: 20; with the name of the enterprise: 3." in text
    assert "No newer data have come" not in text
    assert 'aria-label="Pavlodar Region: 7"><path class="s3"' in await page(
        "/?map_of=exceedances", *WHOLE
    )


async def test_an_enterprise_shows_what_is_open_of_it() -> None:
    text = await page(f"/enterprises/{BIN}", *WHOLE)
    for shown in (
        "North Works", BIN, "812.5", "3.25 ▲", "15 Jun 2026, 11:30", "5.5", "50\xa0%",
        "29 Jun 2026",
        "1,234,567 ₸", "Code of Administrative Offences 328 (1)", "20 Apr 2026", "2.5", "10",
        f"/feeds/enterprises/{BIN}.atom?lang=en", "The source is silent now.",
        "/en/means/KZ~11%20%3F%23%D0%B9/SO2/30min/2026-06-15T06:30:00Z",
    ):  # fmt: skip
        assert shown in text, shown
    assert re.search(r'class="n"[^>]*>6</td></tr>', text)  # hours of the silence that lasts


async def test_an_enterprise_without_sources_says_so() -> None:
    rows = [each for each in WHOLE if not isinstance(each, type(place()))]
    assert words("en")["enterprise.no_sources"] in await page(f"/enterprises/{BIN}", *rows)


async def test_a_source_that_never_sent_is_told() -> None:
    kept = (SILENCE, MEAN, ABOVE, MASS)
    rows = [each for each in WHOLE if each not in kept and type(each).__name__ != "FirstData"]
    text = await page(f"/enterprises/{BIN}", *rows)
    assert words("en")["enterprise.never_sent"] in text
    assert "In the last 30 days no mean was above the limit." not in text  # nobody knows


async def test_no_case_is_not_called_no_violation() -> None:
    rows = [each for each in WHOLE if type(each).__name__ != "PublishedCase"]
    text = await page(f"/enterprises/{BIN}", *rows)
    assert words("en")["enterprise.no_cases"] in text
    assert words("en")["enterprise.cases_note"] in text


REFUSED = (
    ("/regions/KZ-00", 404),
    ("/regions/KZ-55%2F..", 404),
    ("/enterprises/990140000099x", 400),
    ("/enterprises?region=KZ-00", 404),
    ("/enterprises?page=2", 404),
    ("/enterprises?page=0", 400),
    ("/enterprises?page=x", 400),
    ("/enterprises?monitoring=good", 400),
    ("/enterprises?sort=bin", 400),
    ("/transmission?month=2026-13", 404),
    ("/transmission?month=2026-07", 404),
    ("/transmission?month=2026-06-01", 400),
    ("/?map_of=money", 400),
    ("/search?q=" + "x" * 101, 400),
)


async def test_a_wrong_address_is_refused_with_a_page() -> None:
    async with visitor(Given(*WHOLE)) as browser:
        for path, status in REFUSED:
            answer = await browser.get(f"/en{path}")
            assert answer.status_code == status, path
            assert "<h1>" in answer.text


async def test_an_enterprise_that_is_not_registered_is_not_found() -> None:
    await page("/enterprises/990140000099", *EMPTY, status=404)


async def test_the_list_is_filtered_sorted_and_paged() -> None:
    many = [duty(bin=f"{n:012}", name_en=f"Works {n:03}") for n in range(MANY)]
    rows = [each for each in WHOLE if not isinstance(each, type(duty()))]
    text = await page("/enterprises?page=8", *rows, *many)
    assert "Enterprises 351–400 of 400" in text
    assert re.findall(r"Works (\d+)</a>", text) == [str(n) for n in range(350, 400)]
    assert 'rel="prev" href="/en/enterprises?page=7"' in text
    assert 'rel="next"' not in text
    assert "no such enterprise" in await page("/enterprises?monitoring=none", *rows, *many)
    both = [*rows, *many, duty()]
    first = await page("/enterprises?sort=transmission", *both)
    assert first.index("North Works") < first.index("Works 000")
    assert 'href="/en/enterprises?sort=transmission&amp;page=2"' in first


@pytest.mark.parametrize("path", [f"/enterprises/{BIN}", "/transmission", "/regions/KZ-55"])
async def test_a_large_nation_stays_below_100_kilobytes(path: str) -> None:
    many: list[Any] = []
    for n in range(MANY):
        many += [
            duty(bin=f"{n:012}", name_en=f"Works {n * 7919 % 1000:03}"),
            place(source_id=f"S-{n:04}"),
            msgspec.structs.replace(SILENCE, source_id=f"S-{n:04}"),
            msgspec.structs.replace(MASS, source_id=f"S-{n:04}", mass_t=n * 1.7),
            *(
                msgspec.structs.replace(MEAN, source_id=f"S-{n:04}", parameter=f"P{p}", value=n / 7)
                for p in range(10)
            ),
        ]
    text = await page(path, *WHOLE, *many)
    assert len(gzip.compress(text.encode(), 6)) < 100_000


async def test_search_says_how_many_there_are_beyond_those_shown() -> None:
    text = await page("/search?q=pavlodar", *WHOLE)
    assert "Found: 77 enterprises, 77 sources." in text
    assert "The first 50 are shown." in text
    assert '<a href="/en/regions/KZ-55">Pavlodar Region</a>' in text
    assert "BIN 990140000011, Pavlodar Region, Aksu" in text
    nothing = await page("/search?q=нет", *[each for each in WHOLE if each is not FOUND])
    assert words("en")["search.nothing"] in nothing


async def test_what_was_asked_is_shown_as_text() -> None:
    text = await page("/search?q=%3Cscript%3E%22", *WHOLE)
    assert 'value="&lt;script&gt;&#34;"' in text
    assert "<script" not in text


def test_words_are_compared_small_and_with_plain_letters() -> None:
    assert search_words("  ҚАРАҒАНДЫ  Жылу-Ёлка ") == ["караганды", "жылу-елка"]
    assert len(search_words("a " * 20)) == 8
    assert search_words(" ") == []
