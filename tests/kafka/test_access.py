"""Every way to log in at a real broker, and the sentence for each way that fails."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from emissions.doctor.reach import unreachable_brokers
from streams.kafka.access import access_options
from streams.kafka.client import topic_partitions
from streams.settings import Settings
from streams.transport.faust_app import faust_credentials
from tests.support.broker import unique
from tests.support.certificates import Authority
from tests.support.secured_kafka import PASSWORD, SecuredKafka, token
from tests.support.token_provider import Provider, listening


def by_token(**more: Any) -> dict[str, Any]:
    return {
        "broker_mechanism": "OAUTHBEARER",
        "broker_user": None,
        "broker_password": None,
        **more,
    }


def endpoint(server: Provider) -> dict[str, Any]:
    return by_token(
        broker_token_url=f"http://127.0.0.1:{server.server_port}/token",
        broker_client_id="worker",
        broker_client_secret=PASSWORD,
    )


def in_file(directory: Path, text: str) -> str:
    file = directory / unique("secret")
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


async def test_each_way_to_log_in(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    user = unique("user")
    secured_kafka.add_users(user)
    scram = secured_kafka.settings(user)
    with listening() as server:
        server.answer = {"access_token": token("worker"), "expires_in": 600}
        ways = {
            "SCRAM-SHA-512": scram,
            "SCRAM-SHA-256": replace(scram, broker_mechanism="SCRAM-SHA-256"),
            "PLAIN": replace(scram, broker_mechanism="PLAIN", broker_user="plain"),
            "a password in a file": replace(
                scram, broker_password=None, broker_password_file=in_file(tmp_path, PASSWORD)
            ),
            "a token in a file": replace(
                scram, **by_token(broker_token_file=in_file(tmp_path, token("worker")))
            ),
            "a token of an endpoint": replace(scram, **endpoint(server)),
            "a certificate": replace(scram, **secured_kafka.certificate("certified")),
        }
        for name, settings in ways.items():
            assert await unreachable_brokers(settings) == {}, name
            assert await topic_partitions(settings) == {}, f"{name} has no right to see a topic"
    assert len(server.asked) == 2, "each client asked once, for all of its connections"


async def why(settings: Settings) -> str:
    found = (await unreachable_brokers(settings))[settings.broker]
    assert found.remedy
    assert PASSWORD not in f"{found}"
    return found.why.replace(settings.broker, "BROKER")


async def test_each_way_to_fail_is_a_sentence(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    user = unique("user")
    secured_kafka.add_users(user)
    right = secured_kafka.settings(user)
    stranger = Authority(tmp_path / "stranger")
    untrusted = replace(right, broker_ca_file=str(stranger.ca))
    assert (await why(untrusted)).startswith("the certificate of BROKER is not trusted: ")
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"):
        wrong = replace(right, broker_mechanism=mechanism, broker_password="s3cret2")  # noqa: S106
        assert (await why(wrong)).startswith(f"BROKER rejects the user {user} or its password")
    bad = base64.urlsafe_b64encode(b'{"alg":"none"}').decode() + ".e30."
    for text in (bad, token("worker", -60)):
        wrong = replace(right, **by_token(broker_token_file=in_file(tmp_path, text)))
        assert (await why(wrong)).startswith("BROKER rejects the token")
    with listening() as server:
        server.status, server.answer = 401, {"error": "invalid_client"}
        said = await why(replace(right, **endpoint(server)))
        assert said.startswith("the token endpoint http://127.0.0.1:")
        assert "refuses: 401 invalid_client" in said
    by_certificate = replace(right, **secured_kafka.certificate("certified"))
    certificate, key = stranger.certificate("certified")
    for wrong in (
        replace(by_certificate, broker_certificate_file=str(certificate), broker_key_file=str(key)),
        replace(right, **secured_kafka.certificate("expired")),
    ):
        assert await why(wrong) == "BROKER rejects the certificate of this client"
    nobody = replace(by_certificate, broker_certificate_file=None, broker_key_file=None)
    assert await why(nobody) == "BROKER wants a certificate of the client, or a user (SASL)"
    plainly = replace(right, broker_tls=False, broker_ca_file=None)
    assert await why(plainly) == "BROKER speaks TLS"
    anonymous = replace(right, broker_mechanism="PLAIN", broker_user=None, broker_password=None)
    assert await why(anonymous) == "BROKER wants a certificate of the client, or a user (SASL)"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"broker_tls": True},
        {"broker_user": "u", "broker_password": "p"},
        {
            "broker_user": "u",
            "broker_password": "p",
            "broker_tls": True,
            "broker_mechanism": "SCRAM-SHA-256",
        },
        {"broker_mechanism": "OAUTHBEARER", "broker_token_file": "/t", "broker_tls": True},
        {"broker_mechanism": "OAUTHBEARER", "broker_token_file": "/t"},
    ],
)
def test_faust_logs_in_as_all_other_clients_do(given: dict[str, Any]) -> None:
    ours = access_options(Settings(**given))
    theirs = dict(credentials_to_aiokafka_auth(faust_credentials(Settings(**given))))
    assert theirs.pop("ssl_context", None).__class__ == ours.pop("ssl_context", None).__class__
    ours.pop("sasl_oauth_token_provider", None)
    theirs.pop("sasl_oauth_token_provider", None)
    assert theirs == ours
