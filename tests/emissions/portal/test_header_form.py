"""A header sent twice means one thing to the cache and to what is behind it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope

from emissions.portal.header_form import MOST, with_single_headers
from emissions.portal.page_cache import PageCache


class Echo:
    """Answers with what it was asked: as an application that takes the first of each header."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Any) -> None:
        self.seen = list(scope["headers"])
        first = dict(reversed(self.seen)).get(b"accept", b"")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": first})


def browser(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://portal")


@pytest.mark.parametrize("name", ["accept", "accept-language", "authorization"])
async def test_of_a_header_sent_twice_the_first_is_seen(name: str) -> None:
    app = Echo()
    headers = [(name, "one"), ("x-other", "1"), (name, "two"), ("x-other", "2")]
    await browser(with_single_headers(app)).get("/", headers=headers)
    assert [value for key, value in app.seen if key == name.encode()] == [b"one"]
    assert [value for key, value in app.seen if key == b"x-other"] == [b"1", b"2"]


async def test_cookies_are_seen_together() -> None:
    app = Echo()
    headers = [("cookie", "portal_session=S"), ("cookie", "a=b")]
    await browser(with_single_headers(app)).get("/", headers=headers)
    cookies = [value for key, value in app.seen if key == b"cookie"]
    assert cookies == [b"portal_session=S; a=b"]


async def test_what_was_negotiated_for_one_is_not_kept_for_another() -> None:
    asked = browser(with_single_headers(PageCache(Echo())))
    poison = [("accept", "text/csv"), ("accept", "*/*")]
    assert (await asked.get("/api", headers=poison)).text == "text/csv"
    assert (await asked.get("/api", headers=[("accept", "*/*")])).text == "*/*"
    long = "a" * (MOST + 50)
    first = await asked.get("/api", headers=[("accept", long + "text/csv")])
    second = await asked.get("/api", headers=[("accept", long + "application/json")])
    assert first.text == second.text == "a" * MOST  # both see what the key has


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/ru/my", {}),
        ("/ru/my/looks", {"cookie": "a=b"}),
        ("/kk/compliance", {"cookie": "portal_session = S"}),
    ],
)
async def test_answers_to_somebody_are_asked_for_each_time_and_kept_nowhere(
    path: str, headers: dict[str, str]
) -> None:
    app = Echo()
    asked = browser(with_single_headers(PageCache(app)))
    for _ in range(2):
        app.seen = []
        answer = await asked.get(path, headers=headers)
        assert app.seen
        assert answer.headers["cache-control"] == "no-store"
        assert "cookie" in answer.headers["vary"]
