"""Answers that grow old: who is given them, who makes the next, and when that fails."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from emissions.portal.page_cache import PageCache


class Pages:
    """An application whose answers are numbers; it waits at its gate before each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = 0
        self.status = 200
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.cache = PageCache(self, kept_s=10, stale_s=20, clock=lambda: self.now)
        transport = httpx.ASGITransport(app=self.cache)  # type: ignore[arg-type]
        self.browser = httpx.AsyncClient(transport=transport, base_url="http://portal")

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        await self.gate.wait()
        if self.broken:
            raise RuntimeError("broken")
        self.made += 1
        said = str(self.made).encode()
        await send({"type": "http.response.start", "status": self.status, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": said})  # type: ignore[operator]

    async def get(self) -> str:
        return (await self.browser.get("/")).text

    async def settle(self) -> None:
        """Let what runs behind the answers end."""
        while running := list(self.cache._renewing.values()):
            await asyncio.gather(*running, return_exceptions=True)
            await asyncio.sleep(0)


async def test_what_is_old_is_given_at_once_while_one_makes_the_next() -> None:
    pages = Pages()
    assert [await pages.get(), await pages.get()] == ["1", "1"]
    pages.now = 10
    pages.gate.clear()
    assert await asyncio.gather(*(pages.get() for _ in range(20))) == ["1"] * 20
    pages.gate.set()
    await pages.settle()
    assert await pages.get() == "2"
    assert pages.made == 2


async def test_what_is_too_old_is_made_before_it_is_given() -> None:
    pages = Pages()
    await pages.get()
    pages.now = 30
    assert await pages.get() == "2"


async def test_what_cannot_be_renewed_is_given_until_it_is_too_old() -> None:
    pages = Pages()
    await pages.get()
    pages.now = 15
    pages.status = 503
    assert await pages.get() == "1"
    await pages.settle()
    pages.broken = True
    assert await pages.get() == "1"
    await pages.settle()
    assert await pages.get() == "1"
    pages.broken, pages.now = False, 30
    assert (await pages.browser.get("/")).status_code == 503


@pytest.mark.parametrize(
    ("headers", "made"),
    [
        ({"cookie": "x=1"}, 1),
        ({"cookie": "portal_form=abc"}, 1),
        ({"cookie": "a=b; portal_session=abc"}, 2),
        ({"authorization": "Basic abc"}, 2),
    ],
)
async def test_who_signed_in_goes_past_it_and_nobody_else(
    headers: dict[str, str], made: int
) -> None:
    pages = Pages()
    await pages.get()
    answer = await pages.browser.get("/", headers=headers)
    assert answer.text == str(made)
