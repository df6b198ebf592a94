"""Addresses of sources: any id there and back, and every page that links to one."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import NotFoundException

from emissions.portal.queries.changes import RevisedGap, RevisedMeans
from emissions.portal.queries.sources import Source
from emissions.portal.source_address import id_of, segment_of
from tests.emissions.portal.nation import BIN, SOURCE, WHOLE
from tests.emissions.portal.source_rows import (
    CODES,
    MIDNIGHT,
    NAMES,
    day_row,
    gap,
    mean,
    revision,
    times,
)
from tests.emissions.portal.source_rows import source as source_row
from tests.emissions.portal.support import Given, visitor

ODD = ("a/b", "../x", "..", ".", "~", "~1", "~2~2", "a?b#c", "100%", "%2F", "a b", "\\", "//", "й",
       "...", "a&b=c", "<b>", "'\"", "\u0000", "\n", " ")  # fmt: skip


@given(st.text(min_size=1, max_size=100))
def test_every_id_comes_back(source_id: str) -> None:
    segment = segment_of(source_id)
    assert "/" not in segment
    assert "%2F" not in segment.upper()
    assert segment not in (".", "..")
    assert segment.isascii()
    assert id_of(unquote(segment)) == source_id


@pytest.mark.parametrize("source_id", ODD)
def test_odd_ids_come_back(source_id: str) -> None:
    assert id_of(unquote(segment_of(source_id))) == source_id


@pytest.mark.parametrize("segment", ["~", "~4", "a~", "~2~2~2", "a/b", "", "..", "x" * 201])
def test_a_source_has_one_address(segment: str) -> None:
    with pytest.raises(NotFoundException):
        id_of(segment)


def renamed(rows: tuple[msgspec.Struct, ...], source_id: str) -> list[msgspec.Struct]:
    return [
        msgspec.structs.replace(each, source_id=source_id)
        if getattr(each, "source_id", "") == SOURCE
        else each
        for each in rows
    ]


PAGES = ("/", "/regions/KZ-55", f"/enterprises/{BIN}", "/changes")
OF_SOURCE = ("", "/days/2026-06-14", "/months/2026-06", "/years/2026")


@pytest.mark.parametrize("source_id", ["a/b ?#%й~..", "..", ".", "~1", "%2F", "\\"])
async def test_every_page_that_links_to_a_source_leads_to_it(source_id: str) -> None:
    rows = renamed(WHOLE, source_id)
    rows += [
        RevisedMeans(source_id, day_row().day, 7, 4, ["SO2"], MIDNIGHT),
        RevisedGap(source_id, "", MIDNIGHT, None, "WITHDRAWN", 2, MIDNIGHT, "Asia/Almaty"),
        source_row(source_id=source_id), times(), mean(0), mean(1, 1000.0), gap(150, 180),
        day_row(), revision(), *CODES, *NAMES,
    ]  # fmt: skip
    given_ = Given(*rows)
    here = f"/sources/{segment_of(source_id)}"
    async with visitor(given_) as browser:
        pages = [f"/en{each}" for each in (*PAGES, *(here + each for each in OF_SOURCE))]
        found: set[str] = set()
        for page in pages:
            answer = await browser.get(page)
            assert answer.status_code == 200, page
            links = re.findall(r'href="(/en/(?:sources|means)/[^"]+)"', answer.text)
            assert links, page
            found.update(links)
        for link in sorted(found)[:40]:
            parts = urlsplit(link.replace("&amp;", "&")).path.split("/")
            assert id_of(unquote(parts[3])) == source_id
            given_.asked.clear()
            assert (await browser.get(link.replace("&amp;", "&"))).status_code in (200, 404)
            asked = [told for kind, told in given_.asked if kind is Source]
            assert all(told["source"] == source_id for told in asked)
