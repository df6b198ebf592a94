"""OAUTHBEARER at a broker that checks tokens: who signed them, for whom, and until when."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAuthorizationFailedError

from deploy.embedded.child import LOOPBACK, stable_port
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable
from emissions.doctor.reach import unreachable_brokers
from streams.kafka.client import client_options
from streams.settings import Settings
from tests.support.broker import unique
from tests.support.certificates import Authority, keystore
from tests.support.signed_tokens import SECRET, Issuer, encoded, providing

pytestmark = [pytest.mark.process, pytest.mark.long]
AUDIENCE: Final = "kafka"
_LOGIN: Final = "org.apache.kafka.common.security"
_CHECK: Final = f"{_LOGIN}.oauthbearer.OAuthBearerValidatorCallbackHandler"


class Checking(NamedTuple):
    """A broker that checks, and who signs what it takes."""

    settings: Settings
    issuer: Issuer
    url: str

    def by(self, token: str, directory: Path) -> Settings:
        """Settings of access with this token."""
        file = directory / unique("token")
        file.write_text(token)
        file.chmod(0o600)
        return replace(
            self.settings,
            broker_token_file=str(file),
            broker_token_url=None,
            broker_client_id=None,
            broker_client_secret=None,
        )

    def token(self, **changes: Any) -> str:
        told = {"subject": "worker", "audience": AUDIENCE, "issuer": self.url, **changes}
        return self.issuer.token(**told)


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checking]:
    directory = tmp_path_factory.mktemp("signed")
    authority, issuer = Authority(directory), Issuer()
    server = keystore(*authority.certificate("server"))
    ports = [stable_port() for _ in range(2)]
    with providing(issuer, AUDIENCE) as provider:
        keys = f"{provider.url}/keys"
        config = {
            "listeners": f"SASL://{LOOPBACK}:{ports[0]},CONTROLLER://{LOOPBACK}:{ports[1]}",
            "advertised.listeners": f"SASL://{LOOPBACK}:{ports[0]}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{ports[1]}",
            "listener.security.protocol.map": "SASL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.enabled.mechanisms": "PLAIN,OAUTHBEARER",
            "listener.name.sasl.plain.sasl.jaas.config": f"{_LOGIN}.plain.PlainLoginModule required"
            ' username="broker" password="b" user_broker="b";',
            "listener.name.sasl.oauthbearer.sasl.jaas.config": f"{_LOGIN}.oauthbearer."
            "OAuthBearerLoginModule required;",
            "listener.name.sasl.oauthbearer.sasl.server.callback.handler.class": _CHECK,
            "listener.name.sasl.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": keys,
            "listener.name.sasl.oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
            "listener.name.sasl.oauthbearer.sasl.oauthbearer.expected.issuer": provider.url,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(server),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:broker;User:ANONYMOUS;User:worker",
        }
        allowed = f"org.apache.kafka.sasl.oauthbearer.allowed.urls={keys}"
        try:
            cluster = KafkaCluster(
                directory / "kafka", ports=ports[:1], config=config, java_properties=[allowed]
            )
            with cluster:
                settings = Settings(
                    broker=cluster.address,
                    broker_tls=True,
                    broker_ca_file=str(authority.ca),
                    broker_mechanism="OAUTHBEARER",
                    broker_token_url=f"{provider.url}/token",
                    broker_client_id="worker",
                    broker_client_secret=SECRET,
                )
                yield Checking(settings, issuer, provider.url)
        except KafkaUnavailable as missing:
            pytest.skip(str(missing))


async def carried(settings: Settings) -> bytes:
    """Send a message and read it back, as our producers and consumers log in."""
    topic, options = unique("signed"), client_options(settings)
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(topic, b"seen")
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
    async with consumer:
        return bytes((await consumer.getone()).value)


async def test_a_token_that_is_signed_for_it_opens_the_broker(
    checking: Checking, tmp_path: Path
) -> None:
    assert await carried(checking.settings) == b"seen", "a token of the endpoint"
    assert await carried(checking.by(checking.token(), tmp_path)) == b"seen", "one of a file"


async def test_every_other_token_is_rejected_in_a_sentence(
    checking: Checking, tmp_path: Path
) -> None:
    header, claims, signature = checking.token().split(".")
    unsigned = encoded(json.dumps({"alg": "none"}).encode())
    nobody = Issuer()
    refused = {
        "expired": checking.token(seconds=-120),
        "signed by a foreign key of the same name": nobody.token(
            "worker", AUDIENCE, issuer=checking.url
        ),
        "for somebody else": checking.token(audience="another"),
        "of another issuer": checking.token(issuer="https://other.test"),
        "changed after it was signed": f"{header}.{_named(claims, 'broker')}.{signature}",
        "not signed": f"{unsigned}.{claims}.",
        "of a key that nobody knows": Issuer("key-2").token(
            "worker", AUDIENCE, issuer=checking.url
        ),
    }
    for name, token in refused.items():
        settings = checking.by(token, tmp_path)
        found = await unreachable_brokers(settings)
        assert "rejects the token" in found[settings.broker].why, name
        assert token not in f"{found}", name
    assert await unreachable_brokers(checking.by(checking.token(), tmp_path)) == {}


async def test_who_the_token_names_has_its_rights_and_no_more(
    checking: Checking, tmp_path: Path
) -> None:
    settings = checking.by(checking.token(subject="stranger"), tmp_path)
    assert await unreachable_brokers(settings) == {}, "it may log in"
    async with AIOKafkaProducer(**client_options(settings)) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(unique("closed"), b"never")


def _named(claims: str, subject: str) -> str:
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return encoded(json.dumps({**told, "sub": subject}).encode())
