"""Sign-in and sign-out of operators, inspectors and the authority."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from emissions.portal.access.door import (
    NONCE,
    SESSION,
    Door,
    DoorOfPortal,
    ForbiddenFormError,
    NotSignedInError,
    TooManyAttemptsError,
    cleared,
    session_cookie,
)
from emissions.portal.client_address import address_of
from emissions.portal.rendering import PageView, View

PRIVATE: Final = {"cache-control": "no-store", "vary": "cookie"}
"""Headers of every answer to somebody who signs in, or has."""
_NEXT: Final = re.compile(r"/my(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9%._~-]{1,200}){0,5}")
_MOST_FORM: Final = 8 * 1024


@get("/sign-in")
async def sign_in_form(
    view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]
) -> Response[Any]:
    """Show the form, or lead on who has signed in already."""
    try:
        door.session_of(request)
    except NotSignedInError:
        return _form(request, view, door, request.query_params.get("next", ""))
    return Redirect(f"/{view.language}/my", status_code=303, headers=PRIVATE)


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


@post("/sign-out", status_code=303, request_max_body_size=_MOST_FORM)
async def sign_out(view: PageView, door: DoorOfPortal, request: Request[Any, Any, Any]) -> Redirect:
    """End the session of the browser."""
    form = await request.form()
    try:
        door.check_form(request, form)
    except ForbiddenFormError:
        return Redirect(f"/{view.language}/my", status_code=303, headers=PRIVATE)
    door.sessions.end(request.cookies.get(SESSION, ""))
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
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    answer.cookies.append(cookie)
    return answer


handlers: Final[list[HTTPRouteHandler]] = [sign_in_form, sign_in, sign_out]
