"""Each reason why a broker cannot be used has its own sentence, and something to do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.kafka import KafkaCluster
from emissions.doctor.reach import Unreachable, unreachable_brokers
from streams.settings import Settings
from tests.support.broker import TestBroker

pytestmark = pytest.mark.process

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'username="admin" password="a" user_admin="a" user_reader="r";'
)
SASL = {
    "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.plaintext.plain.sasl.jaas.config": JAAS,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:admin;User:ANONYMOUS",
}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody vouches for, with its key."""
    directory = tmp_path_factory.mktemp("certificate")
    found = directory / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kafka"),
            *("-keyout", str(directory / "key.pem"), "-out", str(found)),
        ],
        check=True,
        capture_output=True,
    )
    with found.open("a") as file:
        file.write((directory / "key.pem").read_text())
    return found


@asynccontextmanager
async def serving(serve: Serve, tls: Path | None = None) -> AsyncIterator[str]:
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


def user(name: str, password: str) -> dict[str, Any]:
    return {"broker_user": name, "broker_password": password}


async def why(settings: Settings) -> Unreachable | None:
    found = await unreachable_brokers(settings)
    return found.get(settings.broker)


async def reason(settings: Settings) -> str:
    found = await why(settings)
    assert found is not None
    assert found.remedy
    return found.why.replace(settings.broker, "BROKER")


async def test_nobody_listens() -> None:
    assert await reason(Settings(broker="127.0.0.1:1")) == "nothing listens at BROKER"


async def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio, "open_connection", unknown)
    said = await reason(Settings(broker="kafka.invalid:9092"))
    assert said == "the host of BROKER is unknown: Name or service not known"


async def test_one_of_two_addresses_is_enough_and_the_other_is_named(broker: TestBroker) -> None:
    found = await unreachable_brokers(Settings(broker=f"{broker.address},127.0.0.1:1"))
    assert set(found) == {"127.0.0.1:1"}


async def test_something_else_that_hangs_up() -> None:
    async with serving(hang_up) as address:
        said = await reason(Settings(broker=address))
    assert said == "BROKER closes the connection: not a Kafka broker"


async def test_a_certificate_that_nobody_vouches_for(certificate: Path) -> None:
    async with serving(hang_up, certificate) as address:
        said = await reason(Settings(broker=address, broker_tls=True))
    assert said.startswith("the certificate of BROKER is not trusted: self")


async def test_tls_where_none_was_expected(certificate: Path) -> None:
    async with serving(hang_up, certificate) as address:
        found = await why(Settings(broker=address))
    assert found is not None
    assert found.why == f"{address} speaks TLS"
    assert "EMISSIONS_BROKER_TLS=true" in found.remedy


async def test_no_tls_where_it_was_expected(any_broker: TestBroker) -> None:
    found = await why(Settings(broker=any_broker.address, broker_tls=True))
    assert found is not None
    assert "TLS" in found.why
    assert found.remedy.startswith("unset EMISSIONS_BROKER_TLS")


async def test_a_user_where_none_is_asked_for(kafka: TestBroker) -> None:
    said = await reason(Settings(broker=kafka.address, **user("u", "s3cret")))
    assert said == "BROKER does not ask for a user"


async def test_passwords_and_rights(kafka_cluster: Callable[..., KafkaCluster]) -> None:
    cluster = await asyncio.to_thread(kafka_cluster, config=SASL)
    nobody = Settings(broker=cluster.address)
    assert await reason(nobody) == "BROKER requires a user and a password (SASL)"
    wrong = replace(nobody, **user("reader", "s3cret"))
    said = await reason(wrong)
    assert said.startswith("BROKER rejects the user reader or its password")
    assert "s3cret" not in said
    assert await unreachable_brokers(replace(wrong, **user("reader", "r"))) == {}
