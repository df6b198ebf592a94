"""Answers a query of the API in the format that was asked for, with the address of the next page.

The body is what ClickHouse writes: the formats differ in form, not in values. Lists and maps stand
in CSV as JSON texts, and what is null as an empty field without quotes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from emissions.portal.api.cursor import KeyValue, decode_cursor, encode_cursor, query_mark
from emissions.portal.api.resource import Filter, Query, Resource, edge_query, page_query
from emissions.portal.database import Questions

FORMATS: Final = {
    "json": ("JSONEachRow", "application/json"),
    "csv": ("CSVWithNames", "text/csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
}
"""Extension to the name in ClickHouse and the media type."""

CACHE_CONTROL: Final = "public, max-age=30"

ApiRequest = Request[Any, Any, Any]


class NotAcceptableError(Exception):
    """Of the media types that a client accepts the API has none."""


def paths(name: str) -> list[str]:
    """Return the addresses of a resource: by itself, and with each extension."""
    return [f"/{name}", *(f"/{name}.{form}" for form in FORMATS)]


def form_of(path: str, accept: str) -> str:
    """Return json, csv or parquet: by the extension, else by Accept, else json.

    Raises NotAcceptableError.
    """
    extension = path.rpartition("/")[2].rpartition(".")[2]
    if extension in FORMATS and path.rpartition("/")[2] != extension:
        return extension
    weighed = []
    for place, part in enumerate(accept[:500].split(",")):
        kind, *options = [each.strip().lower() for each in part.split(";")]
        weight = 1.0
        for option in options:
            if option.startswith("q="):
                try:
                    weight = float(option[2:])
                except ValueError:
                    weight = 0.0
        weighed.append((-weight, place, kind))
    for weight, _, kind in sorted(weighed):
        if weight == 0:
            continue
        if kind in ("", "*/*", "application/*", "application/json"):
            return "json"
        if kind in ("text/csv", "text/*"):
            return "csv"
        if kind in ("application/vnd.apache.parquet", "application/parquet"):
            return "parquet"
    raise NotAcceptableError("ask for application/json, text/csv or application/vnd.apache.parquet")


async def answered(
    request: ApiRequest,
    database: Questions,
    resource: Resource,
    filters: Sequence[Filter],
    *,
    limit: int,
    cursor: str | None,
) -> Response[bytes]:
    """Return a page of a resource. Raises CursorError, NotAcceptableError, DatabaseGoneError."""
    path = request.scope["path"]
    form = form_of(path, request.headers.get("accept", ""))
    asked = [(name, value) for name, value in request.query_params.multi_items()
             if name not in ("cursor", "limit")]  # fmt: skip
    mark = query_mark(resource.name, asked)
    kinds = [key.type for key in resource.key]
    after = decode_cursor(cursor, mark, kinds) if cursor else None
    name, media_type = FORMATS[form]
    following: str | None
    if form == "json":
        page = await _json_page(database, resource, filters, after, limit)
        following = _next(path, asked, limit, mark, page.last)
        body = b'{"data":[%b],"next":%b}' % (
            b",\n".join(page.lines),
            msgspec.json.encode(following),
        )
    else:
        query = page_query(resource, filters, after, limit, lists_as_text=form == "csv")
        body = await database.bytes(query.statement, name, query.parameters)
        edge = edge_query(resource, filters, after, limit)
        ends = await _lines(database, edge)
        last = _key(resource, ends[0]) if len(ends) == 2 else None
        following = _next(path, asked, limit, mark, last)
    headers = {
        "cache-control": CACHE_CONTROL,
        "vary": "accept",
        "etag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
    }
    if following is not None:
        headers["link"] = f'<{following}>; rel="next"'
    if form != "json":
        headers["content-disposition"] = f'attachment; filename="{resource.name}.{form}"'
    return Response(body, media_type=media_type, headers=headers)


class _Page(msgspec.Struct, frozen=True):
    lines: list[bytes]
    last: tuple[KeyValue, ...] | None


async def _json_page(
    database: Questions,
    resource: Resource,
    filters: Sequence[Filter],
    after: tuple[KeyValue, ...] | None,
    limit: int,
) -> _Page:
    query = page_query(resource, filters, after, limit + 1)
    lines = await _lines(database, query)
    if len(lines) <= limit:
        return _Page(lines, None)
    return _Page(lines[:limit], _key(resource, lines[limit - 1]))


async def _lines(database: Questions, query: Query) -> list[bytes]:
    written = await database.bytes(query.statement, "JSONEachRow", query.parameters)
    return [line for line in written.split(b"\n") if line]


def _key(resource: Resource, line: bytes) -> tuple[KeyValue, ...]:
    row = msgspec.json.decode(line)
    return tuple(row[key.name] for key in resource.key)


def _next(
    path: str,
    asked: Sequence[tuple[str, str]],
    limit: int,
    mark: str,
    last: tuple[KeyValue, ...] | None,
) -> str | None:
    if last is None:
        return None
    query = [*asked, ("limit", str(limit)), ("cursor", encode_cursor(mark, last))]
    return f"{path}?{urlencode(query)}"
