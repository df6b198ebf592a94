"""The routes of the API: every module beside each other under ``resources/``, and its document."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

import msgspec
import structlog
from litestar import Response, Router, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

import emissions.portal.api.resources
from emissions.portal.api.answer import ApiRequest, NotAcceptableError
from emissions.portal.api.cursor import CursorError
from emissions.portal.api.document import PREFIX, document
from emissions.portal.api.document_page import document_page
from emissions.portal.api.filters import MomentError
from emissions.portal.api.parameter_words import wrong_parameter
from emissions.portal.api.problem import problem
from emissions.portal.database import DatabaseGoneError

log = structlog.get_logger()

_KEPT: Final = {"cache-control": "public, max-age=300"}


def resource_handlers() -> list[HTTPRouteHandler]:
    """Return the routes of all resources, in the order of the names of their modules."""
    found: list[HTTPRouteHandler] = []
    for module in iter_modules(emissions.portal.api.resources.__path__):
        found += import_module(f"emissions.portal.api.resources.{module.name}").handlers
    return found


@cache
def api_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API; made once."""
    return document(resource_handlers())


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_json() -> Response[bytes]:
    """Send the OpenAPI document."""
    body = msgspec.json.format(msgspec.json.encode(api_document()), indent=1)
    return Response(body, media_type="application/vnd.oai.openapi+json", headers=_KEPT)


@get("/", include_in_schema=False, sync_to_thread=False)
def human_page() -> Response[str]:
    """Send the document as a page for people."""
    return Response(document_page(api_document()), media_type="text/html", headers=_KEPT)


def api_router() -> Router:
    """Return the routes of the API; whatever goes wrong is told as a problem."""
    return Router(
        path=PREFIX,
        route_handlers=[openapi_json, human_page, *resource_handlers()],
        # The application has its own for some: the nearest of a kind answers.
        exception_handlers=dict.fromkeys((HTTPException, DatabaseGoneError, Exception), told),
        before_request=refuse_unknown_parameters,
    )


def refuse_unknown_parameters(request: ApiRequest) -> Response[bytes] | None:
    """Refuse a query with a parameter that its route has not: a misspelt filter filters nothing."""
    if request.scope["path_template"] not in api_document()["paths"]:
        return None
    known = {each["name"] for each in _described(request) if each["in"] == "query"}
    unknown = sorted(set(request.query_params) - known)
    if not unknown:
        return None
    takes = ", ".join(sorted(known)) or "no parameters"
    return problem(400, f"{unknown[0][:40]} is no parameter here; this takes {takes}")


def told(request: ApiRequest, error: Exception) -> Response[bytes]:
    """Return the problem that tells of an error, without anything of its inside."""
    if isinstance(error, CursorError | MomentError):
        return problem(400, str(error))
    if isinstance(error, NotAcceptableError):
        return problem(406, str(error))
    if isinstance(error, DatabaseGoneError):
        log.warning("portal_question_failed", error=str(error))
        return problem(
            503, "the data store does not answer; ask again in a minute", {"retry-after": "60"}
        )
    if isinstance(error, HTTPException) and error.status_code < 500:
        return problem(error.status_code, _said(request, error))
    log.error("portal_request_failed", exc_info=error)
    return problem(500, "the fault is ours and was recorded; ask again later")


def _said(request: ApiRequest, error: HTTPException) -> str:
    if error.status_code == 404:
        return error.detail if error.detail != "Not Found" else "see /api/v1/ for what there is"
    extra = error.extra if isinstance(error.extra, list) else []
    told_of = {str(each.get("key")).rstrip("_") for each in extra if isinstance(each, dict)}
    values = {**request.query_params, **request.path_params}
    wrong = [
        wrong_parameter(each, values.get(each["name"]))
        for each in _described(request)
        if each["name"] in told_of
    ]
    return "; ".join(wrong) or "see /api/v1/ for what it takes"


def _described(request: ApiRequest) -> list[dict[str, Any]]:
    """Return what the document says of the parameters of the route; none for a wrong method."""
    route = api_document()["paths"].get(request.scope.get("path_template", ""))
    return [] if route is None else list(route["get"].get("parameters", ()))
