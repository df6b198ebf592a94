"""Notices that a broker rejects the token of SASL/OAUTHBEARER, which aiokafka does not.

A broker answers a token that it rejects without an error code, and with the reason as data
(RFC 7628, 3.2.2). aiokafka takes that for a success; its first request is then taken for the end of
the log-in, and it reads the answer to that as one of its own: a cluster without brokers.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from aiokafka import conn
from aiokafka.errors import SaslAuthenticationFailed

_STATUS: Final = re.compile(r"[\w .-]{1,60}")


def notice_rejected_tokens() -> None:
    """Patch this process's clients; calling it again changes nothing."""
    conn.OAuthAuthenticator = _Authenticator


class _Authenticator(conn.OAuthAuthenticator):  # type: ignore[misc]
    """Looks at what the broker answers to the token."""

    async def step(self, payload: bytes | None) -> Any:
        """Return what to send next, None at the end; raise where the token was rejected."""
        if payload:
            raise SaslAuthenticationFailed(_reason(payload))
        return await super().step(payload)


def _reason(payload: bytes) -> str:
    try:
        status = json.loads(payload)["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        status = None
    return status if isinstance(status, str) and _STATUS.fullmatch(status) else "no reason given"
