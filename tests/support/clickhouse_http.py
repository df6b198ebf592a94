"""Asks the embedded ClickHouse over plain HTTP, as curl would."""

from __future__ import annotations

import base64
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

from deploy.embedded.clickhouse import EmbeddedClickHouse


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]


def ask(
    server: EmbeddedClickHouse,
    query: str | None = None,
    *,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    path: str = "/",
    key: str | None = "its own",
    **parameters: str,
) -> Reply:
    """GET, or POST with ``data``; with the server's key unless another (or None) is given."""
    sent = dict(headers or {})
    if key is not None:
        secret = server.key if key == "its own" else key
        sent["Authorization"] = "Basic " + base64.b64encode(f"default:{secret}".encode()).decode()
    if query is not None:
        parameters["query"] = query
    url = f"{server.address}{path}?{urllib.parse.urlencode(parameters)}"
    request = urllib.request.Request(url, data=data, headers=sent)  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - http on loopback
            return Reply(answer.status, answer.read(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.read(), dict(error.headers))
