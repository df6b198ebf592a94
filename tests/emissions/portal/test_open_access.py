"""How often an address may ask, who may read from another page, and what is sent again."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from emissions.portal.app import create_app
from emissions.portal.open_access import RateLimit
from streams.settings import Settings
from tests.emissions.portal.api.written import Written
from tests.emissions.portal.support import NOW, visitor

ROWS = b'{"code":"KZ-10","name_ru":"a","name_kk":"b","name_en":"c"}\n'


def test_an_address_is_answered_so_often_a_minute() -> None:
    now = [0.0]
    limit = RateLimit(2, clock=lambda: now[0])
    assert [limit.ask("10.0.0.1").allowed for _ in range(3)] == [True, True, False]
    assert limit.ask("10.0.0.2").allowed
    now[0] = 59.5
    assert limit.ask("10.0.0.1") == (0, 1, False)
    now[0] = 60.0
    assert limit.ask("10.0.0.1") == (1, 60, True)


def test_the_addresses_of_one_ipv6_network_count_together() -> None:
    limit = RateLimit(1)
    assert limit.ask("2001:db8:1:2::1").allowed
    assert not limit.ask("2001:db8:1:2:ffff::9").allowed
    assert limit.ask("2001:db8:1:3::1").allowed


def test_the_memory_of_addresses_is_bounded() -> None:
    limit = RateLimit(1, clock=lambda: 0.0)
    for number in range(20_001):
        limit.ask(f"client {number}")
    assert not limit.ask("client 1").allowed
    assert limit.ask("client 0").allowed, "the one asked longest ago was let go"


async def test_too_many_requests_are_told_when_to_come_again() -> None:
    settings = replace(Settings(), portal_requests_per_minute=1)
    app = create_app(settings, database=Written(ROWS), clock=lambda: NOW)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        first = await client.get("/api/v1/regions")
        refused = await client.get("/api/v1/regions")
        page = await client.get("/nowhere")
    assert (first.status_code, refused.status_code, page.status_code) == (200, 429, 404)
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"default";q=1;w=60'
    assert refused.headers["ratelimit"].startswith('"default";r=0;t=')


async def test_every_page_of_another_host_may_read() -> None:
    async with visitor(Written(ROWS)) as client:
        answer = await client.get("/api/v1/regions", headers={"origin": "https://example.org"})
        asked = await client.options(
            "/api/v1/regions", headers={"access-control-request-method": "GET"}
        )
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "link" in answer.headers["access-control-expose-headers"]
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize("rows", [ROWS, ROWS * 30_000], ids=["small", "large"])
async def test_what_a_client_has_is_not_sent_again(rows: bytes) -> None:
    async with visitor(Written(rows)) as client:
        first = await client.get("/api/v1/regions?limit=50000")
        headers = {"if-none-match": first.headers["etag"]}
        again = await client.get("/api/v1/regions?limit=50000", headers=headers)
        head = await client.head("/api/v1/regions?limit=50000")
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")


async def test_cookies_reach_no_open_answer() -> None:
    written = Written(ROWS)
    async with visitor(written) as client:
        await client.get("/api/v1/regions", headers={"cookie": "session=1"})
        await client.get("/api/v1/regions")
    assert len(written.asked) == 1, "the answer is the same for everybody and is made once"
