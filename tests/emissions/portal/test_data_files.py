"""Files of open data: whole, in ranges, and nothing that is not one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from emissions.portal.app import create_app
from emissions.portal.data_files import Span, file_at, span_of
from streams.settings import Settings
from tests.emissions.portal.support import NOW, Given

CONTENT = bytes(range(256)) * 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "means" / "day=2026-05-04").mkdir(parents=True)
    (root / "means" / "day=2026-05-04" / "means.parquet").write_bytes(CONTENT)
    (root / "SHA256SUMS").write_text("sums\n")
    (root / ".lock").write_text("")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    return root


@asynccontextmanager
async def visitor(root: Path | None) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(portal_data_path=None if root is None else str(root))
    app = create_app(settings, database=Given(), clock=lambda: NOW)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        yield client


FILE = "/data/means/day=2026-05-04/means.parquet"


async def test_a_file_is_sent_whole_and_known_by_its_etag(root: Path) -> None:
    async with visitor(root) as browser:
        answer = await browser.get(FILE)
        etag = answer.headers["etag"]
        known = (etag, f'"other", W/{etag}', "*")
        again = [await browser.get(FILE, headers={"if-none-match": each}) for each in known]
        other = await browser.get(FILE, headers={"if-none-match": '"other"'})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [each.status_code for each in again] == [304, 304, 304]
    assert (other.status_code, other.content) == (200, CONTENT)


async def test_the_size_of_a_file_can_be_asked_for_alone(root: Path) -> None:
    async with visitor(root) as browser:
        answer = await browser.head(FILE)
        whole = await browser.get(FILE)
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("content-length", "etag", "accept-ranges", "content-type"):
        assert answer.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=5000-", 5000, 5119), ("bytes=-7", 5113, 5119)],
)
async def test_a_range_is_sent_alone(root: Path, asked: str, first: int, last: int) -> None:
    async with visitor(root) as browser:
        answer = await browser.get(FILE, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"


async def test_a_range_beyond_the_end_is_refused(root: Path) -> None:
    async with visitor(root) as browser:
        answer = await browser.get(FILE, headers={"range": "bytes=5120-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */5120")


@pytest.mark.parametrize(
    "path",
    [
        "/data/.lock",
        "/data/link.txt",
        "/data/../secret.txt",
        "/data/%2e%2e/secret.txt",
        "/data/means/%2e%2e/%2e%2e/secret.txt",
        "/data/means",
        "/data/means/day=2026-05-04/",
        "/data/a/b/c/d/e/f/g.parquet",
        f"/data/{'x' * 200}.json",
        "/data/means%00.parquet",
    ],
)
async def test_nothing_else_is_sent(root: Path, path: str) -> None:
    async with visitor(root) as browser:
        answer = await browser.get(path)
    assert answer.status_code in (400, 404)
    assert b"secret" not in answer.content


async def test_without_a_directory_there_is_no_file_and_the_page_is_found() -> None:
    async with visitor(None) as browser:
        answer = await browser.get(FILE)
        page = await browser.get("/data/", headers={"accept-language": "ru"})
    assert answer.status_code == 404
    assert (page.status_code, page.headers["location"]) == (302, "/ru/data")


def test_a_path_is_looked_for_below_the_directory_alone(root: Path) -> None:
    assert file_at(root, "/SHA256SUMS") == root / "SHA256SUMS"
    for path in ("../secret.txt", "link.txt", "means", "", "/", "a//b", ".lock"):
        assert file_at(root, path) is None


def test_a_range_that_is_none_means_the_whole() -> None:
    assert span_of("bytes=0-0", 10) == Span(0, 0)
    assert span_of("bytes=3-99", 10) == Span(3, 9)
    for none in ("bytes=-", "lines=1-2", "bytes=1-2,5-6", ""):
        assert span_of(none, 10) is None
    for bad in ("bytes=10-", "bytes=5-4", "bytes=-0"):
        with pytest.raises(ValueError, match="bytes"):
            span_of(bad, 10)
