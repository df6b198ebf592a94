"""The door to what is not public: checks names and passwords, opens and finds sessions."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from emissions.portal.access.pending import LASTS_S as PENDING_S
from emissions.portal.access.pending import Pending, PendingSignIns
from emissions.portal.access.private_data import PrivateData
from emissions.portal.access.provider import Provider, ProviderGoneError
from emissions.portal.access.provider_rights import rights_of
from emissions.portal.access.sessions import FORM_S, LASTS_S, Session, Sessions
from emissions.portal.access.users import MOST_PASSWORD, NOBODY, User, matches, read_users
from emissions.portal.attempts import Attempts
from emissions.portal.language import Language

SESSION: Final = "portal_session"
NONCE: Final = "portal_form"
LOGIN: Final = "portal_login"
_AN_ADDRESS: Final = (20, 900.0)
_A_USER: Final = (8, 900.0)
_TO_PROVIDER: Final = (30, 900.0)
_TOLD: Final = re.compile(r"[A-Za-z0-9._@:-]{1,255}")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_AT_ONCE: Final = 2  # a hash takes 32 MiB


class NotSignedInError(Exception):
    """The page asks for a session, and there is none: the sign-in comes first."""


class ForbiddenFormError(Exception):
    """A form was not made here for this browser, or is too old."""


class TooManyAttemptsError(Exception):
    """Too many attempts to sign in; ``wait_s`` says how long to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class Door:
    """Knows the users, their sessions, and the data behind; there is one a portal."""

    def __init__(
        self,
        users_file: Path | None,
        data: PrivateData,
        *,
        mark_s: int,
        clock: Callable[[], float],
        provider: Provider | None = None,
    ) -> None:
        self.data = data
        self.mark_s = mark_s
        self.provider = provider
        self.pending = PendingSignIns(clock)
        self.sessions = Sessions(clock=clock)
        self._users_file = users_file
        self._of_address = Attempts(*_AN_ADDRESS, clock=clock)
        self._of_user = Attempts(*_A_USER, clock=clock)
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._to_provider = Attempts(*_TO_PROVIDER, clock=clock)
        self._users()  # a file that cannot be used is told at the start

    @property
    def has_users(self) -> bool:
        """Whether there is a file of users who sign in with a password."""
        return self._users_file is not None

    def _users(self) -> dict[str, User]:
        return {} if self._users_file is None else read_users(self._users_file)

    def session_of(self, request: Request[Any, Any, Any]) -> Session:
        """Return the session of a request. Raises NotSignedInError.

        A user who was removed, or has other rights or another password now, has none any more.
        """
        token = request.cookies.get(SESSION, "")
        found = self.sessions.find(token) if token else None
        if found is None:
            raise NotSignedInError
        if found.provided:
            return found
        user = self._users().get(found.who)
        if (
            user is None
            or user.viewer != found.viewer
            or not self.sessions.is_password(found, user.password)
        ):
            self.sessions.end(token)
            raise NotSignedInError
        return found

    async def sign_in(self, name: str, password: str, address: str) -> str | None:
        """Return the token of a new session, None for a wrong name or password alike.

        Raises TooManyAttemptsError, by address and by name, whether that is one or not.
        """
        # An address that is over its limit counts against no name: else it would lock others out.
        if wait_s := self._of_address.take(address) or self._of_user.take(name[:64]):
            raise TooManyAttemptsError(wait_s)
        user: User | None = self._users().get(name)
        kept = NOBODY if user is None else user.password
        async with self._hashing:
            right = await asyncio.to_thread(matches, password[:MOST_PASSWORD], kept)
        if user is None or not right or len(password) > MOST_PASSWORD:
            return None
        self._of_user.forget(name)
        return self.sessions.begin(user.name, user.viewer, password=user.password)

    async def lead_to_provider(
        self, browser: str, language: Language, lead_to: str, address: str
    ) -> str:
        """Return the address at the provider where a sign-in begins.

        ``browser`` is what the browser alone knows: only there the sign-in comes back. Raises
        ProviderGoneError, TooManyAttemptsError by address.
        """
        if self.provider is None:
            raise ProviderGoneError("the settings name no provider")
        if wait_s := self._to_provider.take(address):
            raise TooManyAttemptsError(wait_s)
        state, pending = self.pending.begin(browser, language, lead_to)
        return await self.provider.address_of(state, pending)

    async def sign_in_by_code(self, code: str, issuer: str | None, pending: Pending) -> str:
        """Return the token of a new session for a code of the provider.

        Raises ProviderGoneError, RefusedError, RightsError.
        """
        if self.provider is None:
            raise ProviderGoneError("the settings name no provider")
        claims = await self.provider.claims_for(code, issuer, pending)
        viewer = rights_of(claims, self.provider.client.claim)
        return self.sessions.begin(who_is(claims), viewer, provided=True)

    def check_form(self, request: Request[Any, Any, Any], form: Mapping[str, Any]) -> None:
        """Refuse a form that another site made the browser send. Raises ForbiddenFormError."""
        refuse_other_sites(request)
        told = str(form.get("token", ""))
        token = request.cookies.get(SESSION, "")
        session = self.sessions.find(token) if token else None
        if session is not None and session.is_form_token(told):
            return
        if not self.sessions.is_form_token(told, request.cookies.get(NONCE, "")):
            raise ForbiddenFormError

    def new_form(self, request: Request[Any, Any, Any]) -> tuple[str, Cookie]:
        """Return the token of a form before the sign-in, and the cookie that goes with it."""
        nonce = secrets.token_urlsafe(24)
        return self.sessions.form_token(nonce), _cookie(request, NONCE, nonce, FORM_S)


def who_is(claims: Mapping[str, Any]) -> str:
    """Return how somebody whom a provider vouches for is recorded: the name there and the subject.

    No name of the file of users has a space, so none can be taken for another.
    """
    name = claims.get("preferred_username")
    told = name if isinstance(name, str) and _TOLD.fullmatch(name) else "-"
    subject = str(claims["sub"])
    return f"{told} (provider, {subject if _TOLD.fullmatch(subject) else quote(subject)[:255]})"


def session_cookie(request: Request[Any, Any, Any], token: str) -> Cookie:
    """Return the cookie of a new session."""
    return _cookie(request, SESSION, token, LASTS_S)


def login_cookie(request: Request[Any, Any, Any], value: str) -> Cookie:
    """Return the cookie by which a browser is known again when it comes from the provider."""
    return _cookie(request, LOGIN, value, PENDING_S)


def cleared(request: Request[Any, Any, Any], *names: str) -> list[Cookie]:
    """Return cookies that take those of these names away."""
    return [_cookie(request, name, "", 0) for name in names]


def _cookie(request: Request[Any, Any, Any], name: str, value: str, lasts_s: int) -> Cookie:
    """Return a cookie that no script reads; in the clear it goes to this machine alone."""
    local = request.url.hostname in _LOOPBACK
    return Cookie(
        name, value=value, max_age=lasts_s, path="/", httponly=True, samesite="lax",
        secure=not local,
    )  # fmt: skip


def refuse_other_sites(request: Request[Any, Any, Any]) -> None:
    """Refuse what a browser says came from another site. Raises ForbiddenFormError."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenFormError
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise ForbiddenFormError


DoorOfPortal = NamedDependency[Door]
"""How a page asks for it: a parameter ``door``; without users the page is not found."""
SignedIn = NamedDependency[Session]
"""How a page asks for who signed in: a parameter ``session``."""
