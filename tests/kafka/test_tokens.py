"""Tokens of OAUTHBEARER: from a file that is replaced, and from an endpoint, kept while valid."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from streams.access_files import AccessFileError
from streams.kafka.tokens import EndpointTokens, FileTokens, TokenError
from streams.settings import Settings
from tests.support.certificates import Authority
from tests.support.token_provider import Provider, listening

pytestmark = pytest.mark.process


def settings(server: Provider, scheme: str = "http", **more: Any) -> Settings:
    return Settings(
        broker_mechanism="OAUTHBEARER",
        broker_token_url=f"{scheme}://127.0.0.1:{server.server_port}/token",
        broker_client_id="worker: 1",
        broker_client_secret="s3cret/+",  # noqa: S106
        **more,
    )


async def test_a_token_file_is_read_at_each_connection(tmp_path: Path) -> None:
    file = tmp_path / "token"
    tokens = FileTokens(str(file))
    with pytest.raises(AccessFileError, match="BROKER_TOKEN_FILE"):
        await tokens.token()
    for text in ("first", "second"):
        file.write_text(f"{text}\n")
        file.chmod(0o600)
        assert await tokens.token() == text


async def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    now = [0.0]
    with listening() as server:
        scoped = settings(server, broker_token_scope="kafka")  # noqa: S106
        tokens = EndpointTokens(scoped, lambda: now[0])
        assert [await tokens.token(), await tokens.token()] == ["t1", "t1"]
        assert server.asked == [
            (
                "Basic d29ya2VyJTNBJTIwMTpzM2NyZXQlMkYlMkI=",
                "grant_type=client_credentials&scope=kafka",
            )
        ]
        server.answer = {"access_token": "t2", "expires_in": 10}
        now[0] = 69.9
        assert await tokens.token() == "t1"
        now[0] = 70.0
        assert await tokens.token() == "t2"
        now[0] = 75.0  # half of a short life
        assert await tokens.token() == "t2"
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, {"error": "invalid_client", "secret": "s3cret"}, "refuses: 401 invalid_client: look"),
        (400, {"error": "s3cret/+"}, "refuses: 400: look at EMISSIONS_BROKER_CLIENT_ID"),
        (503, {}, "refuses: 503$"),
        (200, {"token": "s3cret"}, "gives no token: its answer has no access_token"),
        (200, {"access_token": "a\nb"}, "its access_token is no token"),
        (302, {}, "refuses: 302"),
    ],
)
async def test_an_endpoint_that_gives_none_is_a_sentence(
    status: int, answer: dict[str, Any], said: str
) -> None:
    with listening() as server, listening() as elsewhere:
        server.status, server.answer = status, answer
        server.headers = {"Location": f"http://127.0.0.1:{elsewhere.server_port}/"}
        with pytest.raises(TokenError, match=said) as caught:
            await EndpointTokens(settings(server)).token()
    assert "s3cret" not in str(caught.value)
    assert elsewhere.asked == []


async def test_the_endpoint_is_checked_by_its_own_authority(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certificate("provider"))
    with listening(tls) as server:
        right = settings(server, "https", broker_token_ca_file=str(authority.ca))
        assert await EndpointTokens(right).token() == "t1"
        wrong = settings(server, "https", broker_token_ca_file=str(other.ca))
        with pytest.raises(TokenError, match="certificate verify failed"):
            await EndpointTokens(wrong).token()
    assert len(server.asked) == 1
