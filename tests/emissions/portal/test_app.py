"""The portal as a whole: languages, errors, headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from emissions.portal.app import page_handlers
from emissions.portal.language import LANGUAGES, words
from emissions.portal.page_cache import PageCache
from emissions.portal.queries.nation import Nation
from streams.settings import Settings
from tests.emissions.portal.support import Given, visitor

NATION = Nation(obliged=91, installed=77, connected=71, deferred=14)


@pytest.mark.parametrize(
    ("preference", "address"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "/ru/"),
        ("en;q=0.3,kk;q=0.9", "/kk/"),
        ("de", "/kk/"),
        ("", "/kk/"),
        ("en;q=nonsense,ru;q=0.1", "/ru/"),
    ],
)
async def test_the_root_leads_to_the_language_of_the_browser(preference: str, address: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get("/", headers={"accept-language": preference})
    assert (answer.status_code, answer.headers["location"]) == (302, address)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_start_page_tells_the_state_of_the_nation(language: str) -> None:
    async with visitor(Given(NATION)) as browser:
        answer = await browser.get(f"/{language}/")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert re.findall(r"<strong>(\d+)</strong>", answer.text)[:4] == ["91", "77", "71", "14"]
    for other in LANGUAGES:
        assert f'hreflang="{other}" href="/{other}/"' in answer.text


async def test_what_is_asked_twice_is_made_once_and_known_by_its_etag() -> None:
    given = Given(NATION)
    async with visitor(given) as browser:
        first = await browser.get("/en/")
        asked = len(given.asked)
        again = await browser.get("/en/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(given.asked) == asked


async def test_no_page_is_said_in_the_language_of_the_address() -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get("/ru/nothing-here")
    assert answer.status_code == 404
    assert words("ru")["message.not_found_title"] in answer.text


async def test_no_page_is_said_in_the_language_of_each_browser() -> None:
    async with visitor(Given()) as browser:
        for preference, language in (
            ("ru", "ru"),
            ("en-GB,ru;q=0.5", "en"),
            ("", "kk"),
            ("ru", "ru"),
        ):
            answer = await browser.get("/nothing", headers={"accept-language": preference})
            assert answer.status_code == 404
            assert f'<html lang="{language}">' in answer.text
            assert answer.headers["vary"] == "accept-language, accept-encoding"
        told = await browser.get("/ru/nothing", headers={"accept-language": "en"})
    assert told.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("path", ["/ru/{}", "/{}", "/ru/nothing?q={}"])
async def test_an_address_that_is_none_is_not_repeated(path: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(path.format("abcdef" * 1_000))
    assert answer.status_code == 404
    assert "abcdef" not in answer.text
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("path", ["/ru/{}", "/ru/?{}", "/data/{}", "/api/v1/means?source={}"])
async def test_an_address_that_is_too_long_is_refused(path: str) -> None:
    async with visitor(Given()) as browser:
        answer = await browser.get(path.format("x" * 8_001))
    assert answer.status_code == 414
    assert "8000 bytes" in answer.text
    assert len(answer.content) < 100


async def test_who_refuses_gzip_gets_none() -> None:
    async with visitor(Given(NATION)) as browser:
        for accepted, told in (("gzip;q=0", None), ("gzip;q=0.1", "gzip"), ("*;q=0", None)):
            answer = await browser.get("/en/", headers={"accept-encoding": accepted})
            assert answer.headers.get("content-encoding") == told
            assert answer.headers["vary"] == "accept-encoding"


async def test_an_answer_tells_its_charset_once(tmp_path: Path) -> None:
    (tmp_path / "LICENSE.txt").write_text("CC BY 4.0\n")
    settings = Settings(portal_data_path=str(tmp_path))
    async with visitor(Given(NATION), settings=settings) as browser:
        page = await browser.get("/en/")
        static = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        addresses = ("/en/", "/en/rules/KZ-30/2021-07-01.yaml", "/data/LICENSE.txt", "/livez",
                     "/feeds/nation.atom", "/en/nothing", *static)  # fmt: skip
        for address in addresses:
            answer = await browser.get(address)
            assert answer.headers["content-type"].count("charset=utf-8") == 1, address


async def test_a_database_that_does_not_answer_is_told_and_not_kept() -> None:
    given = Given(NATION, gone=True)
    async with visitor(given) as browser:
        answer = await browser.get("/en/")
        given.gone = False
        after = await browser.get("/en/")
    assert (answer.status_code, after.status_code) == (503, 200)
    assert "connection refused" not in answer.text


async def test_an_answer_that_sets_a_cookie_or_forbids_it_is_not_kept_for_others() -> None:
    answers = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal answers
        answers += 1
        kind = (b"set-cookie", b"a=b") if scope["path"] == "/a" else (b"cache-control", b"No-Store")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": str(answers).encode()})

    transport = httpx.ASGITransport(app=PageCache(app))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as browser:
        for path in ("/a", "/b"):
            first = await browser.get(path)
            browser.cookies.clear()  # a request with cookies goes past the cache anyway
            again = await browser.get(path)
            assert first.text != again.text


async def test_every_answer_forbids_foreign_content() -> None:
    async with visitor(Given(NATION)) as browser:
        for path in ("/en/", "/", "/en/nothing-here"):
            answer = await browser.get(path)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_page_names_no_other_host_and_its_style_may_be_kept_for_ever() -> None:
    async with visitor(Given(NATION)) as browser:
        page = await browser.get("/en/")
        addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert all(address.startswith(("/", "#")) for address in addresses)
        (style,) = (address for address in addresses if address.endswith(".css"))
        answer = await browser.get(style)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")


def test_every_page_has_an_address_of_its_own() -> None:
    asked = [
        (method, path)
        for handler in page_handlers()
        for path in handler.paths
        for method in handler.http_methods
    ]
    assert len(asked) == len(set(asked)) >= 1


async def test_it_lives_also_while_clickhouse_is_gone() -> None:
    async with visitor(Given(gone=True)) as browser:
        answer = await browser.get("/livez")
        head = await browser.head("/livez")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert (head.status_code, head.text) == (200, "")


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/publication",
        "//feeds/nation.atom",
        "//data/LICENSE.txt",
        "/en//rules",
        "/%2Fdata/x",
    ],
)
async def test_an_address_with_two_slashes_together_is_none_of_ours(path: str) -> None:
    async with visitor(Given(NATION)) as browser:
        answer = await browser.get(f"http://portal{path}")
    assert answer.status_code == 404
    assert "single slashes" in answer.text
    assert "content-security-policy" in answer.headers
