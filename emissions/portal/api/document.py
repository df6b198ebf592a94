"""The document of the API: OpenAPI 3.1, made from the routes and the types of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Contact, License

from emissions.portal.api.answer import FORMATS
from emissions.portal.api.problem import MEDIA_TYPE, Problem

Row = TypeVar("Row")

PREFIX: Final = "/api/v1"

_PROBLEMS: Final = {
    400: "A parameter is not of the form that is described, or the cursor is of another query",
    406: "None of the accepted media types is offered",
    429: "More requests than the policy allows; Retry-After tells when to ask again",
    503: "The data store does not answer, or the authority holds back cases and violations",
}

_ABOUT: Final = """\
Emissions of the large enterprises of Kazakhstan as their automatic systems send them: means, \
gaps, availability and compliance are open at once. Violations and cases are named after the \
term of appeal, and are counted before; `publication` tells when, and whether they are held back \
now. Raw readings are not public.

**Formats.** JSON, CSV and Parquet of one query hold the same values: by extension (`means.csv`) \
or by `Accept`. In CSV null is an empty field without quotes, lists and maps are JSON texts.

**Pages.** At most `limit` rows; `next` (and the header `Link`) leads to the following page. A \
page neither repeats nor skips rows that were there when the first one was asked for, whatever was \
added since.

**Times** are UTC (RFC 3339); `day` is the date on the clock of the source.

**Limits.** `RateLimit` and `RateLimit-Policy` (IETF draft-ietf-httpapi-ratelimit-headers) tell \
how many requests are left. Answers may be kept for 30 s and have an `ETag`.

**Licence.** CC BY 4.0: name the source.
"""


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A page of rows and the address of the next one."""

    data: Annotated[list[Row], msgspec.Meta(description="Rows in the order of their key")]
    next: Annotated[
        str | None, msgspec.Meta(description="Address of the next page; null: this is the last")
    ]


def documented(tag: str, row: type[Any], *, paged: bool = True) -> dict[str, Any]:
    """Return what a route tells the document: its subject, its rows, and its errors."""
    container = Page[row] if paged else row  # type: ignore[valid-type]
    return {
        "tags": [tag],
        "responses": {
            200: ResponseSpec(container, description="What was asked for", generate_examples=False),
            **{
                status: ResponseSpec(
                    Problem, description=text, media_type=MEDIA_TYPE, generate_examples=False
                )
                for status, text in (_PROBLEMS if paged else _WITHOUT_FORMATS).items()
            },
        },
        "raises": [],
    }


_WITHOUT_FORMATS: Final = {status: text for status, text in _PROBLEMS.items() if status != 406} | {
    404: "There is no such thing"
}


@cache
def _no_view() -> None:
    """Stand for the view: nothing is asked while the document is made."""


def document(handlers: Sequence[HTTPRouteHandler]) -> dict[str, Any]:
    """Return the OpenAPI document of the routes, as values of JSON."""
    app = Litestar(
        route_handlers=[Router(path=PREFIX, route_handlers=list(handlers))],
        dependencies={"view": Provide(_no_view, sync_to_thread=False)},
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Emission streams: open data",
            version="1",
            description=_ABOUT,
            license=License(name="CC BY 4.0", identifier="CC-BY-4.0"),
            contact=Contact(name="The authority that runs this portal"),
            create_examples=False,
        ),
    )
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    for path, item in made["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
            answers = operation["responses"]
            _with_formats(path, answers["200"])
            for status, answer in answers.items():
                answer["headers"] = _HEADERS if status != "429" else {**_HEADERS, **_RETRY}
    return made


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter holds where it is there: an address has no null."""
    found = dict(schema)
    for one in found.pop("oneOf", ()):
        if one.get("type") != "null":
            found |= one
    if isinstance(found.get("type"), list):
        (found["type"],) = (each for each in found["type"] if each != "null")
    if "enum" in found:
        found["enum"] = [each for each in found["enum"] if each is not None]
    return found


_HEADERS: Final[dict[str, Any]] = {
    "RateLimit": {
        "description": 'Requests left and seconds until they are whole: `"default";r=119;t=42`',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'Requests of an address in so many seconds: `"default";q=120;w=60`',
        "schema": {"type": "string"},
    },
}
_RETRY: Final[dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds until the next request is answered",
        "schema": {"type": "string"},
    }
}


def _with_formats(path: str, answer: dict[str, Any]) -> None:
    extension = path.rpartition("/")[2].partition(".")[2]
    (described,) = answer["content"].values()
    paged = "Page" in described["schema"].get("$ref", "")
    text = {"schema": {"type": "string", "description": "The same columns, with a header line"}}
    binary = {"schema": {"type": "string", "format": "binary", "description": "The same columns"}}
    every = {"json": described, "csv": text, "parquet": binary} if paged else {"json": described}
    answer["content"] = {
        FORMATS[form][1]: content
        for form, content in every.items()
        if not extension or form == extension
    }
