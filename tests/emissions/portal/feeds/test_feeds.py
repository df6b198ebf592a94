"""The feeds: valid Atom, ids that stay, bounded pages, three languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.database import Publication
from emissions.portal.feeds.atom import Entry, Feed, write_atom
from emissions.portal.language import LANGUAGES
from emissions.portal.queries.changes_feed import MOST_PAGES, PER_PAGE, Change, Owner
from tests.emissions.portal.support import Given, visitor

ATOM = "{http://www.w3.org/2005/Atom}"
GAP = Change(
    kind="gap", source_id="KZ-0001-01", bin="991240700008", parameter="", unit="",
    start=datetime(2026, 5, 4, 8, tzinfo=UTC), start_local="2026-05-04 13:00",
    end_local=None, value=None,
    limit=None, revision=1, status="OPEN", updated=datetime(2026, 5, 4, 9, tzinfo=UTC),
)  # fmt: skip
DAY = msgspec.structs.replace(
    GAP, kind="above", parameter="SO2", unit="mg/m3", value=750.0, limit=500.0, status="VALID"
)
OWNER = Owner("ТЭЦ & сыновья", "ЖЭО", "")


def parsed(written: bytes) -> Element:
    return fromstring(written)  # noqa: S314 - our own bytes


def texts(parent: Element, name: str) -> list[str]:
    return [each.text or "" for each in parent.iter(f"{ATOM}{name}")]


def links(parent: Element) -> dict[str, str]:
    return {each.attrib["rel"]: each.attrib["href"] for each in parent.findall(f"{ATOM}link")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "address", ["nation.atom", "regions/KZ-55.atom", "enterprises/991240700008.atom"]
)
async def test_a_feed_has_what_atom_demands(language: str, address: str) -> None:
    async with visitor(Given(GAP, DAY, OWNER)) as client:
        answer = await client.get(f"/feeds/{address}?lang={language}")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = parsed(answer.content)
    entries = feed.findall(f"{ATOM}entry")
    assert feed.tag == f"{ATOM}feed"
    assert len(entries) == 2
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            (found,) = element.findall(f"{ATOM}{name}")
            assert found.text
        assert "alternate" in links(element)
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    assert links(feed)["self"] == f"/feeds/{address}?lang={language}"
    assert len(set(texts(feed, "id"))) == 3
    assert "750" in answer.text


async def test_an_entry_keeps_its_id_when_its_gap_ends() -> None:
    closed = msgspec.structs.replace(
        GAP,
        status="CLOSED",
        revision=2,
        end_local="2026-05-04 15:00",
        updated=datetime(2026, 5, 5, tzinfo=UTC),
    )
    found = []
    for change in (GAP, closed):
        async with visitor(Given(change)) as client:
            answer = await client.get("/feeds/nation.atom?lang=en")
        (entry,) = parsed(answer.content).findall(f"{ATOM}entry")
        found.append((texts(entry, "id"), texts(entry, "updated")))
    assert found[0][0] == found[1][0]
    assert found[0][1] < found[1][1]


async def test_a_revised_day_is_an_entry_a_revision() -> None:
    days = [msgspec.structs.replace(DAY, kind="revised", revision=n) for n in (2, 3)]
    async with visitor(Given(*days)) as client:
        answer = await client.get("/feeds/nation.atom")
    assert len(set(texts(parsed(answer.content), "id"))) == 3


async def test_pages_are_bounded() -> None:
    many = [msgspec.structs.replace(GAP, source_id=f"S{n}") for n in range(PER_PAGE + 1)]
    async with visitor(Given(*many)) as client:
        first = parsed((await client.get("/feeds/nation.atom?lang=ru")).content)
        last = parsed((await client.get(f"/feeds/nation.atom?page={MOST_PAGES}")).content)
        beyond = await client.get(f"/feeds/nation.atom?page={MOST_PAGES + 1}")
    assert len(first.findall(f"{ATOM}entry")) == PER_PAGE
    assert links(first)["next"] == "/feeds/nation.atom?lang=ru&page=2"
    assert "next" not in links(last)
    assert links(last)["previous"].endswith(f"page={MOST_PAGES - 1}")
    assert beyond.status_code == 400


@pytest.mark.parametrize(
    "address",
    ["regions/KZ-99.atom", "regions/KZ-55", "enterprises/12.atom", "enterprises/٠٠٠٠٠٠٠٠٠٠٠٠.atom"],
)
async def test_nothing_of_that_name_is_told(address: str) -> None:
    async with visitor(Given()) as client:
        answer = await client.get(f"/feeds/{address}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_names_the_feed() -> None:
    async with visitor(Given()) as client:
        page = await client.get("/en/nothing-here")
    assert 'type="application/atom+xml"' in page.text
    assert 'href="/feeds/nation.atom?lang=en"' in page.text


FEED = Feed("k", "t", "a", "kk", "/f", "/", None, None, (), datetime(2026, 1, 1, tzinfo=UTC))


@given(st.text(max_size=50))
def test_any_text_makes_valid_xml(text: str) -> None:
    entry: Any = Entry(text, text, text, "/", datetime(2026, 1, 1, tzinfo=UTC))
    feed = parsed(write_atom(replace(FEED, title=text, entries=[entry])))
    assert len(feed.findall(f"{ATOM}entry")) == 1


CASE = msgspec.structs.replace(
    GAP, kind="case", source_id="", value=1_234_567.0, unit="KZT", status="CLOSED",
    id="0b0e1f5e-0000-5000-8000-000000000000", article="328 (1)", name_ru="ТЭЦ & сыновья",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_published_case_is_an_entry_and_leaves_no_trace_when_it_is_annulled(
    language: str,
) -> None:
    address = f"/feeds/enterprises/991240700008.atom?lang={language}"
    given = Given(CASE, GAP, OWNER)
    async with visitor(given) as client:
        before = await client.get(address)
    async with visitor(Given(GAP, OWNER)) as client:  # the view does not name it any more
        after = await client.get(address, headers={"if-none-match": before.headers["etag"]})
    (entry, _) = parsed(before.content).findall(f"{ATOM}entry")
    assert before.headers["cache-control"] == "public, no-cache"
    assert "328 (1)" in texts(entry, "title")[0]
    assert "234" in texts(entry, "summary")[0]
    assert links(entry)["alternate"] == f"/{language}/enterprises/991240700008"
    assert after.status_code == 200
    assert len(parsed(after.content).findall(f"{ATOM}entry")) == 1
    assert texts(entry, "id")[0] not in after.text


async def test_a_feed_that_was_kept_tells_no_case_once_it_is_held() -> None:
    given = Given(CASE, GAP)
    async with visitor(given) as client:
        before = await client.get("/feeds/nation.atom")
        given.switch = Publication(1, "AFTER_APPEAL", held=True)
        held = await client.get("/feeds/nation.atom")
    assert "328" in before.text
    assert "328" not in held.text
    assert len(parsed(held.content).findall(f"{ATOM}entry")) == 1


async def test_a_feed_leads_to_a_source_of_any_name() -> None:
    odd = msgspec.structs.replace(GAP, source_id="a/b ?#%й~..")
    async with visitor(Given(odd)) as client:
        feed = parsed((await client.get("/feeds/nation.atom?lang=en")).content)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert links(entry)["alternate"].startswith("/en/sources/a~1b%20%3F%23%25%D0%B9~0../days/")
