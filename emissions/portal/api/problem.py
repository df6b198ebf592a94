"""Errors of the API as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Response

MEDIA_TYPE: Final = "application/problem+json"

_TITLES: Final = {
    400: "The request was not understood",
    404: "There is no such thing",
    405: "The API is read with GET and HEAD alone",
    406: "No such format",
    413: "The request is too large",
    429: "Too many requests",
    503: "The data are not available now",
}


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a request, and what to do."""

    title: Annotated[str, msgspec.Meta(description="What is wrong, the same for its status")]
    status: Annotated[int, msgspec.Meta(description="Status of the answer")]
    detail: Annotated[str, msgspec.Meta(description="What is wrong here, and what to do")]
    type: Annotated[str, msgspec.Meta(description="Always about:blank: the status tells it")] = (
        "about:blank"
    )


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return the answer that tells of an error; ``detail`` is one sentence."""
    title = _TITLES.get(status, "The request could not be answered")
    body = msgspec.json.encode(Problem(title, status, detail))
    return Response(
        body,
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **(headers or {})},
    )
