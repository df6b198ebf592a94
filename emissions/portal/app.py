"""Puts the portal together: routes, errors, headers, and what is kept in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp

import emissions.portal.pages
from emissions.portal.access.door import Door, NotSignedInError
from emissions.portal.access.private_data import (
    LOGIN,
    AccessRecords,
    PrivateData,
    of_private_user,
)
from emissions.portal.access.provider import Provider, client_of
from emissions.portal.access.sessions import Session
from emissions.portal.address_form import refuse_odd_addresses
from emissions.portal.bundle_verifier import BundleVerifier
from emissions.portal.compression import with_compression
from emissions.portal.database import Database, DatabaseGoneError, Questions
from emissions.portal.header_form import with_single_headers
from emissions.portal.health import with_health
from emissions.portal.language import LANGUAGES, language_of, preferred
from emissions.portal.open_access import PREFIXES, OpenAccess, RateLimit
from emissions.portal.open_routes import open_routers, told
from emissions.portal.page_assets import static_file
from emissions.portal.page_cache import PASSED, PageCache
from emissions.portal.pages.sign_in import ROOT_HANDLERS
from emissions.portal.rendering import View
from emissions.portal.rule_book import read_rule_book
from emissions.portal.security_headers import with_security_headers
from emissions.verify.trusted_keys import read_keys
from streams.settings import Settings

log = structlog.get_logger()

Clock = Callable[[], datetime]


def page_handlers() -> list[HTTPRouteHandler]:
    """Return the routes of all pages: every module beside each other under ``pages/``."""
    found: list[HTTPRouteHandler] = []
    for module in iter_modules(emissions.portal.pages.__path__):
        found += import_module(f"emissions.portal.pages.{module.name}").handlers
    return found


@get("/", include_in_schema=False, sync_to_thread=False)
def choose_language(request: Request[Any, Any, Any]) -> Redirect:
    """Lead to the start page in the language that the browser prefers."""
    language = preferred(request.headers.get("accept-language", ""))
    return Redirect(f"/{language}/", status_code=302, headers={"vary": "accept-language"})


def create_app(
    settings: Settings,
    *,
    database: Questions | None = None,
    bundles: BundleVerifier | None = None,
    door: Door | None = None,
    clock: Clock | None = None,
) -> ASGIApp:
    """Create the portal over the ClickHouse of the settings; nothing is asked before a request.

    Raises KeysError for a file of trusted keys that cannot be used, UsersError for one of users,
    ProviderSettingsError for a provider of sign-ins that is not told whole.
    """
    asked = database or Database(settings)
    now = clock or (lambda: datetime.now(UTC))
    rule_book = read_rule_book(settings.rules)
    keys = settings.portal_keys_file
    trusted = [] if keys is None else [each.text for each in read_keys(Path(keys))]
    verifier = bundles or BundleVerifier(trusted)
    way_in = door or _door(settings, now)

    def view_of(request: Request[Any, Any, Any]) -> View:
        return replace(_view(request, asked, now), signing_in=way_in is not None)

    files = None if settings.portal_data_path is None else Path(settings.portal_data_path)

    def the_door() -> Door:
        if way_in is None:
            raise NotFoundException
        return way_in

    def session_of(request: Request[Any, Any, Any]) -> Session:
        return the_door().session_of(request)

    @asynccontextmanager
    async def closing(_: Litestar) -> AsyncIterator[None]:
        yield
        asked.close()
        if way_in is not None:
            way_in.data.close()
            if way_in.provider is not None:
                await way_in.provider.close()

    pages = page_handlers()
    app = Litestar(
        route_handlers=[
            choose_language,
            static_file,
            *ROOT_HANDLERS,
            *open_routers(),
            *(Router(path=f"/{each}", route_handlers=pages) for each in LANGUAGES),
        ],
        dependencies={
            "view": Provide(view_of, sync_to_thread=False),
            "door": Provide(the_door, sync_to_thread=False),
            "session": Provide(session_of, sync_to_thread=False),
            "data_path": Provide(lambda: files, sync_to_thread=False),
            "bundles": Provide(lambda: verifier, sync_to_thread=False),
            "rule_book": Provide(lambda: rule_book, sync_to_thread=False),
        },
        exception_handlers={
            HTTPException: lambda request, error: _refused(request, error, asked, now),
            NotSignedInError: _lead_to_sign_in,
            DatabaseGoneError: lambda request, error: _gone(request, error, asked, now),
            Exception: lambda request, error: _failed(request, error, asked, now),
        },
        logging_config=None,
        lifespan=[closing],
        openapi_config=None,
        request_max_body_size=16 * 1024 * 1024,
    )

    async def switch() -> bytes:
        try:
            return repr(await asked.publication()).encode()
        except DatabaseGoneError:
            return b"unknown"  # what was kept while it was known is not given out

    limit = RateLimit(settings.portal_requests_per_minute)
    answering = with_compression(PageCache(app, switch=switch), passed=PASSED)
    opened = OpenAccess(answering, limit)
    formed = with_single_headers(refuse_odd_addresses(with_health(opened)))
    return with_security_headers(formed)


def _door(settings: Settings, now: Clock) -> Door | None:
    """Return the door to what is not public; None where the settings name nobody to pass it."""
    known = client_of(settings)
    users = settings.portal_users_file
    if settings.portal_private_user is None or (users is None and known is None):
        return None

    def seconds() -> float:
        return now().timestamp()

    private = of_private_user(settings, settings.portal_private_user)
    data = PrivateData(Database(private, login=LOGIN), AccessRecords(private))
    return Door(
        None if users is None else Path(users),
        data,
        mark_s=settings.mark_deadline_s,
        clock=seconds,
        provider=None if known is None else Provider(known, clock=seconds),
    )


def _lead_to_sign_in(request: Request[Any, Any, Any], _: NotSignedInError) -> Redirect:
    path = request.scope["path"]
    language = language_of(path) or LANGUAGES[0]
    asked = quote(request.scope["raw_path"].decode("ascii", "replace")[len(language) + 1 :])
    return Redirect(
        f"/{language}/sign-in?next={asked}", status_code=303, headers={"cache-control": "no-store"}
    )


def _view(request: Request[Any, Any, Any], database: Questions, now: Clock) -> View:
    path = request.scope["raw_path"].decode("ascii", "replace")  # as addresses are written
    language = language_of(path)
    shown = path[len(language) + 1 :] if language else "/"
    asked = request.scope["query_string"].decode("ascii", "replace")
    return View(
        language or preferred(request.headers.get("accept-language", "")),
        shown or "/",
        asked,
        database,
        now,
    )


def _refused(
    request: Request[Any, Any, Any], error: HTTPException, database: Questions, now: Clock
) -> Response[str] | Response[bytes]:
    if request.scope["path"].startswith(PREFIXES):
        return told(request, error)
    view = _view(request, database, now)
    name = "not_found" if error.status_code == 404 else "bad_request"
    if error.status_code >= 500:
        name = "failed"
    else:  # there is no such page in other languages either: do not repeat what was asked for
        view = replace(view, path="/", query="")
    return _message(request, view, error.status_code, name)


def _gone(
    request: Request[Any, Any, Any], error: DatabaseGoneError, database: Questions, now: Clock
) -> Response[str]:
    log.warning("portal_question_failed", error=str(error))
    return _message(request, _view(request, database, now), 503, "no_database")


def _failed(
    request: Request[Any, Any, Any], error: Exception, database: Questions, now: Clock
) -> Response[str]:
    log.error("portal_request_failed", path=request.scope["path"], exc_info=error)
    return _message(request, _view(request, database, now), 500, "failed")


def _message(request: Request[Any, Any, Any], view: View, status: int, name: str) -> Response[str]:
    """Render what went wrong; in the language of the browser where the address has none."""
    answer = view.render("message.html", status=status, name=name)
    if language_of(request.scope["path"]) is None:
        answer.headers["vary"] = "accept-language"
    return answer
