"""Compression of what no cache keeps: who gets it, what it leaves alone, what a stranger learns."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.response import Stream

from emissions.portal.compression import accepts_gzip, with_compression

LONG = b"a line of a table\n" * 1_000


class Answering:
    """An application that sends one answer in parts, with headers of its own."""

    def __init__(self, *parts: bytes, kind: bytes = b"text/html; charset=utf-8") -> None:
        self.parts = parts
        self.headers = [(b"Content-Type", kind)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        for at, part in enumerate(self.parts, 1):
            more = at < len(self.parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    async def asked(
        self, accepted: str = "gzip", path: str = "/en/my", method: str = "GET"
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=with_compression(self, passed="/data/"))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
            headers = {"accept-encoding": accepted}
            return await client.request(method, path, headers=headers)


def length(answer: httpx.Response) -> int:
    return answer.num_bytes_downloaded


async def test_a_long_page_is_compressed_and_says_what_it_hangs_on() -> None:
    app = Answering(LONG)
    app.headers += [(b"content-length", str(len(LONG)).encode()), (b"vary", b"cookie")]
    answer = await app.asked()
    assert answer.content == LONG
    assert length(answer) < len(LONG) / 10
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "cookie, accept-encoding"
    assert "content-length" not in answer.headers


async def test_parts_are_sent_on_as_they_come() -> None:
    sent: list[dict[str, Any]] = []
    app = with_compression(Answering(*[LONG] * 50), passed="/data/")

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [(b"accept-encoding", b"gzip")]}  # fmt: skip # noqa: E501
    await app(scope, None, send)  # type: ignore[arg-type]
    assert gzip.decompress(b"".join(each["body"] for each in sent[1:])) == LONG * 50
    assert [each["more_body"] for each in sent[1:]][-1] is False
    assert len(sent) > 2


async def test_a_stream_of_litestar_ends() -> None:
    @get("/")
    async def streamed() -> Stream:
        return Stream(iter([LONG, LONG]), media_type="text/csv")

    app = with_compression(Litestar([streamed], openapi_config=None), passed="/data/")
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        answer = await client.get("/", headers={"accept-encoding": "gzip"})
    assert answer.content == LONG * 2
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip, deflate, br", True),
        ("GZIP", True),
        ("x-gzip;q=0.5", True),
        ("br;q=1, gzip ; q=0.2", True),
        ("*", True),
        ("identity;q=1, *;q=0.1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=nonsense", False),
        ("gzip;level=9", False),
        ("notgzip", False),
    ],
)
def test_who_takes_gzip(accepted: str, compressed: bool) -> None:
    assert accepts_gzip([(b"accept-encoding", accepted.encode())]) is compressed


def test_several_headers_are_one() -> None:
    told = [(b"accept-encoding", b"br"), (b"accept-encoding", b"gzip;q=0")]
    assert not accepts_gzip(told)
    assert not accepts_gzip([])


@pytest.mark.parametrize(
    ("app", "path", "method"),
    [
        (Answering(b"short"), "/en/my", "GET"),
        (Answering(LONG, kind=b"application/vnd.apache.parquet"), "/api/v1/means.parquet", "GET"),
        (Answering(LONG, kind=b"text/plain"), "/data/LICENSE.txt", "GET"),
        (Answering(b""), "/en/my", "HEAD"),
    ],
)
async def test_what_is_left_as_it_is(app: Answering, path: str, method: str) -> None:
    answer = await app.asked(path=path, method=method)
    assert "content-encoding" not in answer.headers
    assert answer.content == app.parts[0]


async def test_what_is_compressed_already_passes() -> None:
    app = Answering(gzip.compress(LONG))
    app.headers.append((b"content-encoding", b"gzip"))
    assert (await app.asked()).content == LONG
