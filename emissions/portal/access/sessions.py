"""Sessions of those who signed in: kept here, known to the browser by a random token alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emissions.publication import Viewer

LASTS_S: Final = 8 * 3600
"""Seconds after which one must sign in again."""
PROVIDED_LASTS_S: Final = 3600
"""Seconds of one that a provider vouched for: it does not tell when it takes rights away."""
_MOST: Final = 10_000
_MOST_OF_ONE: Final = 10
FORM_S: Final = 3600
"""Seconds for which the form of the sign-in may be sent."""


@dataclass(frozen=True)
class Session:
    """Who signed in, as whom, until when (s), and the secret that their forms must tell.

    ``provided``: by a provider, so that no file of users is asked. ``password``: a digest of the
    kept hash with which they signed in; with another one the session is over.
    """

    who: str
    viewer: Viewer
    until: float
    form_secret: bytes
    provided: bool = False
    password: str = ""

    def new_form_token(self) -> str:
        """Return the secret of forms under a new mask, so that no two answers hold the same.

        An answer is compressed, and its length tells what is in it twice: a secret that stays
        could be guessed letter by letter.
        """
        mask = secrets.token_bytes(len(self.form_secret))
        return urlsafe_b64encode(mask + _masked(self.form_secret, mask)).decode()

    def is_form_token(self, told: str) -> bool:
        """Tell whether a token holds the secret, under whatever mask."""
        size = len(self.form_secret)
        try:
            found = urlsafe_b64decode(told)
        except ValueError:
            return False
        if len(found) != 2 * size:
            return False
        return hmac.compare_digest(_masked(found[size:], found[:size]), self.form_secret)


class Sessions:
    """Opens, finds and ends sessions, in memory: a restart of the portal ends them all.

    A token is 256 random bits; what is kept is its hash, so nothing here opens a session.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._key = secrets.token_bytes(32)

    def begin(self, who: str, viewer: Viewer, *, provided: bool = False, password: str = "") -> str:
        """Open a session with a new token, and return it; ``password`` is the kept hash of one.

        One that a provider vouches for lasts an hour: then it is asked for the rights again.
        """
        now = self._clock()
        for key in [key for key, each in self._open.items() if each.until <= now]:
            del self._open[key]
        of_one = [key for key, each in self._open.items() if each.who == who]
        for key in of_one[: max(0, len(of_one) - _MOST_OF_ONE + 1)]:
            del self._open[key]
        while len(self._open) >= _MOST:
            self._open.popitem(last=False)
        token = secrets.token_urlsafe(32)
        until = now + (PROVIDED_LASTS_S if provided else LASTS_S)
        self._open[_key(token)] = Session(
            who, viewer, until, secrets.token_bytes(32), provided, self._digest(password)
        )
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a token; None where it is unknown or over."""
        found = self._open.get(_key(token))
        if found is None:
            return None
        if found.until <= self._clock():
            del self._open[_key(token)]
            return None
        return found

    def end(self, token: str) -> None:
        """End the session of a token."""
        self._open.pop(_key(token), None)

    def is_password(self, session: Session, password: str) -> bool:
        """Tell whether a kept hash is still the one with which a session was opened."""
        return hmac.compare_digest(session.password, self._digest(password))

    def form_token(self, nonce: str) -> str:
        """Return the token of a form that is sent before a session is there."""
        said = f"{int(self._clock()) + FORM_S}"
        return f"{said}.{self._signed(said, nonce)}"

    def is_form_token(self, told: str, nonce: str) -> bool:
        """Tell whether a form was made here, for this browser, not longer ago than an hour."""
        said, _, signature = told.partition(".")
        if not nonce or not said.isascii() or not said.isdecimal() or len(said) > 12:
            return False
        known = hmac.compare_digest(signature.encode(), self._signed(said, nonce).encode())
        return known and int(said) > self._clock()

    def _digest(self, password: str) -> str:
        return hmac.new(self._key, b"password\n" + password.encode(), hashlib.sha256).hexdigest()

    def _signed(self, said: str, nonce: str) -> str:
        return hmac.new(self._key, f"{said}\n{nonce}".encode(), hashlib.sha256).hexdigest()


def _masked(secret: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(secret, mask, strict=True))


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
