"""One node of Apache Kafka that asks who is there: TLS, every mechanism, and an authorizer.

Nobody but the super user may do anything until rights are given. Every user of SCRAM has the same
password: what one may do is told apart, not what one knows.
"""

from __future__ import annotations

import base64
import datetime
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from deploy.embedded.child import LOOPBACK, stable_port
from deploy.embedded.kafka import KafkaCluster
from emissions.admin.acl_apply import client_config
from streams.settings import Settings
from tests.support.certificates import Authority, keystore

ADMIN: Final = "admin"
PASSWORD: Final = "s3cret"  # noqa: S105 - of a broker of the tests
_LOGIN: Final = "org.apache.kafka.common.security"


class SecuredKafka(NamedTuple):
    """Where it is, and the files with which it is reached."""

    address: str
    certified: str  # host:port of the listener that wants a certificate and no user
    directory: str
    pid: int

    @property
    def ca(self) -> str:
        """Its authority."""
        return f"{self.directory}/authority.pem"

    def settings(self, user: str, **more: Any) -> Settings:
        """Settings with which a user reaches it by SCRAM-SHA-512, unless more says otherwise."""
        given = {
            "broker": self.address,
            "broker_tls": True,
            "broker_ca_file": self.ca,
            "broker_mechanism": "SCRAM-SHA-512",
            "broker_user": user,
            "broker_password": PASSWORD,
            "tick_s": 0.0,
            **more,
        }
        return Settings(**given)

    def certificate(self, name: str) -> dict[str, Any]:
        """Settings of access by one of its certificates: ``certified`` or ``expired``."""
        return {
            "broker": self.certified,
            "broker_mechanism": "PLAIN",
            "broker_user": None,
            "broker_password": None,
            "broker_certificate_file": f"{self.directory}/{name}.crt",
            "broker_key_file": f"{self.directory}/{name}.key",
        }

    def add_users(self, *names: str) -> None:
        """Make users known to both mechanisms of SCRAM."""
        add_users(self.settings(ADMIN, broker_mechanism="PLAIN"), names)


class SecuredNode:
    """Starts and stops it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        authority = Authority(self._directory)
        server = keystore(*authority.certificate("server"))
        authority.certificate("certified")
        authority.certificate("expired", ends=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC))
        ports = [stable_port() for _ in range(3)]
        self._cluster = self._ends.enter_context(
            KafkaCluster(
                self._directory / "kafka",
                ports=ports[:1],
                config=_config(ports, server, authority.ca),
            )
        )
        self.found = SecuredKafka(
            self._cluster.address,
            f"{LOOPBACK}:{ports[1]}",
            str(self._directory),
            self._cluster.node(1).pid,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.close()


def _config(ports: list[int], server: Path, ca: Path) -> dict[str, str]:
    logins = {
        "plain": f'plain.PlainLoginModule required username="{ADMIN}" password="{PASSWORD}" '
        f'user_{ADMIN}="{PASSWORD}" user_plain="{PASSWORD}";',
        "scram-sha-256": "scram.ScramLoginModule required;",
        "scram-sha-512": "scram.ScramLoginModule required;",
        "oauthbearer": "oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="broker";',
    }
    clients = f"SASL://{LOOPBACK}:{ports[0]},CERT://{LOOPBACK}:{ports[1]}"
    return {
        "listeners": f"{clients},CONTROLLER://{LOOPBACK}:{ports[2]}",
        "advertised.listeners": clients,
        "controller.quorum.voters": f"1@{LOOPBACK}:{ports[2]}",
        "listener.security.protocol.map": "SASL:SASL_SSL,CERT:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SASL",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        **{
            f"listener.name.sasl.{name}.sasl.jaas.config": f"{_LOGIN}.{login}"
            for name, login in logins.items()
        },
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
        "listener.name.cert.ssl.client.auth": "required",
        "listener.name.cert.ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:ANONYMOUS",  # the latter: only its controller
    }


def add_users(admin: Settings, names: Sequence[str]) -> None:
    """Make users known to both mechanisms of SCRAM, all with the same password."""
    from confluent_kafka.admin import (
        AdminClient,
        ScramCredentialInfo,
        ScramMechanism,
        UserScramCredentialUpsertion,
    )

    client = AdminClient(client_config(admin))  # it must live until it has answered
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        known = ScramCredentialInfo(mechanism, 4096)
        made = [
            UserScramCredentialUpsertion(name, known, PASSWORD.encode(), None) for name in names
        ]
        for each in client.alter_user_scram_credentials(made).values():
            each.result(timeout=120)
    while True:  # it confirms before it knows them
        told = client.describe_user_scram_credentials(list(names))
        if all(_mechanisms(each) == 2 for each in told.values()):
            return
        time.sleep(0.02)


def _mechanisms(answer: Any) -> int:
    """For how many mechanisms a user is known."""
    from confluent_kafka import KafkaException

    try:
        return len(answer.result(timeout=120).scram_credential_infos)
    except KafkaException:  # unknown as yet
        return 0


def token(subject: str, seconds: int = 600) -> str:
    """A token without a signature, as this broker takes them."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": subject, "iat": now, "exp": now + seconds})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join(part.rstrip("=") for part in encoded) + "."
