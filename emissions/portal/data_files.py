"""Serves the open data that `emissions open-data export` wrote, with ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from litestar import HttpMethod, Request, Response, Router, get, route
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter
from litestar.response import Redirect, Stream

from emissions.portal.language import preferred

_PARQUET: Final = "application/vnd.apache.parquet"
_KINDS: Final = {
    ".parquet": _PARQUET,
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".txt": "text/plain",
    "": "text/plain",
}
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9=._-]{0,79}")
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_PART: Final = 256 * 1024

DataPath = NamedDependency[Path | None]
"""Directory of the files; None: none is served."""


class Span(NamedTuple):
    """Bytes of a file, from the first to the last."""

    first: int
    last: int


def file_at(root: Path, path: str) -> Path | None:
    """Return a published file by its path below the directory, None for anything else."""
    segments = path.strip("/").split("/")
    if len(segments) > 5 or not all(_SEGMENT.fullmatch(each) for each in segments):
        return None
    found = root.joinpath(*segments)
    if found.is_symlink() or not found.is_file() or found.suffix not in _KINDS:
        return None
    if not found.resolve().is_relative_to(root.resolve()):
        return None
    return found


def span_of(asked: str, size: int) -> Span | None:
    """Return the one range that a header asks for; None: the whole. Raises ValueError (416)."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":  # so many bytes of the end
        length = min(int(found[2]), size)
        if length == 0:
            raise ValueError(asked)
        return Span(size - length, size - 1)
    first = int(found[1])
    last = min(int(found[2]) if found[2] else size - 1, size - 1)
    if first >= size or last < first:
        raise ValueError(asked)
    return Span(first, last)


@get("/", sync_to_thread=False)
def lead_to_the_page(request: Request[Any, Any, Any]) -> Redirect:
    """Lead to the page that says what there is."""
    language = preferred(request.headers.get("accept-language", ""))
    return Redirect(f"/{language}/data", status_code=302, headers={"vary": "accept-language"})


@route("/{path:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=True)
def data_file(
    request: Request[Any, Any, Any],
    path: Annotated[str, PathParameter(max_length=300)],
    data_path: DataPath,
) -> Response[bytes] | Stream:
    """Send a file, or the range of it that is asked for."""
    found = None if data_path is None else file_at(data_path, path)
    if found is None:
        raise NotFoundException
    state = found.stat()
    size = state.st_size
    etag = f'"{size:x}-{state.st_mtime_ns:x}"'
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "public, max-age=300",
        "etag": etag,
    }
    kind = _KINDS[found.suffix]
    span = None
    asked = request.headers.get("range", "")
    if asked and request.headers.get("if-range", etag) == etag:
        try:
            span = span_of(asked, size)
        except ValueError:
            return Response(
                b"", status_code=416, headers={**headers, "content-range": f"bytes */{size}"}
            )
    sent = span or Span(0, size - 1)
    headers["content-length"] = str(sent.last - sent.first + 1)
    if span is not None:
        headers["content-range"] = f"bytes {span.first}-{span.last}/{size}"
    content = iter(()) if request.method == HttpMethod.HEAD else _parts(found, sent)
    return Stream(
        content,
        status_code=200 if span is None else 206,
        media_type=kind,
        headers=headers,
    )


def data_router() -> Router:
    """Return the routes under ``/data/``."""
    return Router(path="/data", route_handlers=[lead_to_the_page, data_file])


def _parts(file: Path, span: Span) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(span.first)
        left = span.last - span.first + 1
        while left > 0:
            part = opened.read(min(_PART, left))
            if not part:
                return
            left -= len(part)
            yield part
