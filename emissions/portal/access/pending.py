"""Sign-ins that are under way at the provider: each may come back once, to the same browser."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emissions.portal.language import Language

LASTS_S: Final = 600
"""Seconds in which one must come back."""
_MOST: Final = 5_000


@dataclass(frozen=True)
class Pending:
    """A sign-in under way: what proves that it is ours, and where it leads.

    ``verifier`` is that of PKCE (RFC 7636), ``lead_to`` a path without its language.
    """

    nonce: str
    verifier: str
    language: Language
    lead_to: str
    browser: bytes
    until: float

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


class PendingSignIns:
    """Keeps them in memory, bounded; of more than are kept the earliest is forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, Pending] = OrderedDict()

    def begin(self, browser: str, language: Language, lead_to: str) -> tuple[str, Pending]:
        """Return the state of a new sign-in and what is kept of it."""
        now = self._clock()
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._kept.popitem(last=False)
        while len(self._kept) >= _MOST:
            self._kept.popitem(last=False)
        state = secrets.token_urlsafe(32)
        made = Pending(
            secrets.token_urlsafe(32), secrets.token_urlsafe(48), language, lead_to,
            _hash(browser), now + LASTS_S,
        )  # fmt: skip
        self._kept[_hash(state)] = made
        return state, made

    def take(self, state: str, browser: str) -> Pending | None:
        """Return the sign-in of a state, once; None where it is unknown, over or another's."""
        found = self._kept.get(_hash(state))
        if found is None or not hmac.compare_digest(found.browser, _hash(browser)):
            return None  # another browser cannot take it away from the one that began it
        del self._kept[_hash(state)]
        return found if found.until > self._clock() else None


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
