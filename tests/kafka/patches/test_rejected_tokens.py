"""What a broker answers to a token that it rejects ends the log-in; see also tests/kafka."""

from __future__ import annotations

import pytest
from aiokafka import conn
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import SaslAuthenticationFailed

from streams.kafka.patches.rejected_tokens import notice_rejected_tokens


class Token(AbstractTokenProvider):  # type: ignore[misc]
    async def token(self) -> str:
        return "t"


async def test_an_empty_answer_is_the_end_of_the_log_in() -> None:
    notice_rejected_tokens()
    login = conn.OAuthAuthenticator(sasl_oauth_token_provider=Token())
    sent, _ = await login.step(None)
    assert sent == b"n,,\x01auth=Bearer t\x01\x01"
    assert await login.step(b"") is None


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b'{"status":"invalid_token"}', "invalid_token"),
        (b'{"status":"\\u001b[2J"}', "no reason given"),
        (b"[" * 100_000, "no reason given"),
        (b"\xff", "no reason given"),
    ],
)
async def test_any_other_answer_is_a_rejection(payload: bytes, said: str) -> None:
    notice_rejected_tokens()
    login = conn.OAuthAuthenticator(sasl_oauth_token_provider=Token())
    await login.step(None)
    with pytest.raises(SaslAuthenticationFailed, match=f"{said}$"):
        await login.step(payload)
