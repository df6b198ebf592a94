"""Sign-in and sign-out of operators, inspectors and the authority."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from emissions.portal.access.door import (
    LOGIN,
    NONCE,
    SESSION,
    Door,
    DoorOfPortal,
    ForbiddenFormError,
    NotSignedInError,
    TooManyAttemptsError,
    cleared,
    login_cookie,
    refuse_other_sites,
    session_cookie,
)
from emissions.portal.access.provider import ProviderGoneError, RefusedError
from emissions.portal.access.provider_rights import RightsError
from emissions.portal.client_address import address_of
from emissions.portal.language import Language, preferred
from emissions.portal.rendering import PageView, View

log = structlog.get_logger()

PRIVATE: Final = {"cache-control": "no-store", "vary": "cookie"}
"""Headers of every answer to somebody who signs in, or has."""
_NEXT: Final = re.compile(r"/my(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9%._~-]{1,200}){0,5}")
_MOST_FORM: Final = 8 * 1024
_MOST_CODE: Final = 4 * 1024
TOLD_BY_ADDRESS: Final = frozenset(("form_over", "too_many", "no_provider", "refused", "no_rights"))
"""What the form tells where an address says so: sentences of ours, whoever wrote the address."""


@get("/sign-in")
async def sign_in_form(
    view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]
) -> Response[Any]:
    """Show the form, or lead on who has signed in already."""
    try:
        door.session_of(request)
    except NotSignedInError:
        told = request.query_params.get("said", "")
        said = told if told in TOLD_BY_ADDRESS else ""
        return _form(request, view, door, request.query_params.get("next", ""), said=said)
    return Redirect(f"/{view.language}/my", status_code=303, headers=PRIVATE)


@get("/sign-in/provider")
async def to_provider(
    view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]
) -> Redirect:
    """Lead to the provider of sign-ins; only who comes from here, so that nobody is sent there."""
    if door.provider is None:
        raise NotFoundException
    told = request.query_params.get("next", "")
    lead_to = told if _NEXT.fullmatch(told) else "/my"
    browser = secrets.token_urlsafe(32)
    try:
        refuse_other_sites(request)
        address = await door.lead_to_provider(browser, view.language, lead_to, address_of(request))
    except ForbiddenFormError:
        return _back(view.language, "form_over", lead_to)
    except TooManyAttemptsError:
        return _back(view.language, "too_many", lead_to)
    except ProviderGoneError as error:
        log.warning("portal_provider_gone", error=str(error))
        return _back(view.language, "no_provider", lead_to)
    return Redirect(
        address, status_code=303, headers=PRIVATE, cookies=[login_cookie(request, browser)]
    )


@get("/sign-in/return", include_in_schema=False)
async def from_provider(door: DoorOfPortal, request: Request[Any, Any, Any]) -> Redirect:
    """Open a session for who comes back from the provider, to whom the code belongs.

    Leads on in any case, so that no code stays in the address. What the provider says of an error
    is not shown: anybody can write an address that says it.
    """
    if door.provider is None:
        raise NotFoundException
    asked = request.query_params
    pending = door.pending.take(asked.get("state", ""), request.cookies.get(LOGIN, ""))
    if pending is None:
        return _back(preferred(request.headers.get("accept-language", "")), "form_over", "/my")
    said, code = "refused", asked.get("code", "")
    if code and "error" not in asked and len(code) <= _MOST_CODE:
        try:
            token = await door.sign_in_by_code(code, asked.get("iss"), pending)
        except ProviderGoneError as error:
            log.warning("portal_provider_gone", error=str(error))
            said = "no_provider"
        except RefusedError as error:
            log.warning("portal_sign_in_refused", error=str(error))
        except RightsError as error:
            log.warning("portal_sign_in_refused", error=str(error))
            said = "no_rights"
        else:
            if before := request.cookies.get(SESSION):
                door.sessions.end(before)
            return Redirect(
                f"/{pending.language}{pending.lead_to}", status_code=303, headers=PRIVATE,
                cookies=[*cleared(request, NONCE, LOGIN), session_cookie(request, token)],
            )  # fmt: skip
    answer = _back(pending.language, said, pending.lead_to)
    answer.cookies.extend(cleared(request, LOGIN))
    return answer


def _back(language: Language, said: str, lead_to: str) -> Redirect:
    """Lead back to the form, which tells in its own words what went wrong."""
    asked = urlencode({"said": said, "next": lead_to})
    return Redirect(f"/{language}/sign-in?{asked}", status_code=303, headers=PRIVATE)


@post("/sign-in", status_code=200, request_max_body_size=_MOST_FORM)
async def sign_in(
    view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]
) -> Response[Any]:
    """Open a session for a name and a password; both wrong ones are told alike."""
    form = await request.form()
    name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
    lead_to = str(form.get("next", ""))
    try:
        door.check_form(request, form)
        token = await door.sign_in(name, password, address_of(request))
    except ForbiddenFormError:
        return _form(request, view, door, lead_to, said="form_over", status=403)
    except TooManyAttemptsError as error:
        answer = _form(request, view, door, lead_to, said="too_many", status=429)
        answer.headers["retry-after"] = str(max(1, round(error.wait_s)))
        return answer
    if token is None:
        return _form(request, view, door, lead_to, said="wrong", status=403)
    if before := request.cookies.get(SESSION):
        door.sessions.end(before)
    led = lead_to if _NEXT.fullmatch(lead_to) else "/my"
    return Redirect(
        f"/{view.language}{led}", status_code=303, headers=PRIVATE,
        cookies=[*cleared(request, NONCE), session_cookie(request, token)],
    )  # fmt: skip


@post("/sign-out", status_code=200, request_max_body_size=_MOST_FORM)
async def sign_out(
    view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]
) -> Response[Any]:
    """End the session of the browser; of one by the provider, tell the way out there too."""
    form = await request.form()
    try:
        door.check_form(request, form)
    except ForbiddenFormError:
        return Redirect(f"/{view.language}/my", status_code=303, headers=PRIVATE)
    token = request.cookies.get(SESSION, "")
    session = door.sessions.find(token)
    door.sessions.end(token)
    if session is not None and session.provided and door.provider is not None:
        address = await door.provider.sign_out_address()
        answer = view.render("signed_out.html", address=address)
        answer.headers.update(PRIVATE)
        answer.cookies.extend(cleared(request, SESSION, NONCE))
        return answer
    return Redirect(
        f"/{view.language}/", status_code=303, headers=PRIVATE,
        cookies=cleared(request, SESSION, NONCE),
    )  # fmt: skip


def _form(
    request: Request[Any, Any, Any],
    view: View,
    door: Door,
    lead_to: str,
    *,
    said: str = "",
    status: int = 200,
) -> Response[str]:
    token, cookie = door.new_form(request)
    answer = view.render(
        "sign_in.html", status=status, said=said, token=token,
        lead_to=lead_to if _NEXT.fullmatch(lead_to) else "",
        by_file=door.has_users, by_provider=door.provider is not None,
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    answer.cookies.append(cookie)
    return answer


handlers: Final[list[HTTPRouteHandler]] = [sign_in_form, to_provider, sign_in, sign_out]
ROOT_HANDLERS: Final[list[HTTPRouteHandler]] = [from_provider]
"""Without a language before them: a provider knows one address to come back to."""
