"""Check that each broker can be used, and explain why not.

Clients report every failure alike ("unable to bootstrap"), so each address is tried with the
client's own connection and its error is told apart.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, Final, NamedTuple

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from emissions.doctor.check import ANSWER_S
from streams.access_files import AccessFileError
from streams.kafka.client import client_options
from streams.kafka.patches.install import install_patches
from streams.kafka.tokens import TokenError
from streams.settings import Settings

_OTHER: Final = "start a broker there, or set EMISSIONS_BROKER"
_USER: Final = "set EMISSIONS_BROKER_USER and EMISSIONS_BROKER_PASSWORD"
_TLS: Final = "set EMISSIONS_BROKER_TLS=true, or EMISSIONS_BROKER to a listener without TLS"
_NO_TLS: Final = "unset EMISSIONS_BROKER_TLS, or set EMISSIONS_BROKER to the TLS listener"
_CA: Final = (
    "set EMISSIONS_BROKER_CA_FILE to the certificates of its authority, and name the broker as its "
    "certificate does"
)
_CERTIFICATE: Final = (
    "set EMISSIONS_BROKER_CERTIFICATE_FILE and EMISSIONS_BROKER_KEY_FILE to a certificate that the "
    "broker trusts and that is valid now"
)
_FILE: Final = "correct the file or the setting"


class Unreachable(NamedTuple):
    """Why an address cannot be used, and what to do."""

    why: str
    remedy: str


async def unreachable_brokers(settings: Settings) -> dict[str, Unreachable]:
    """Try every broker address of the settings; return the failing ones with reasons."""
    found = await asyncio.gather(
        *(_try(address, settings) for address in settings.broker_addresses)
    )
    return {
        address: why
        for address, why in zip(settings.broker_addresses, found, strict=True)
        if why is not None
    }


async def _try(address: str, settings: Settings) -> Unreachable | None:
    host, _, port = address.rpartition(":")
    place = host.strip("[]"), int(port)
    open_ = await _open(address, *place)
    if open_ is not None:
        return open_
    try:
        async with asyncio.timeout(ANSWER_S):
            return await _ask(address, *place, settings)
    except TimeoutError:
        if not settings.broker_tls and await _speaks_tls(*place):
            return Unreachable(f"{address} speaks TLS", _TLS)
        if settings.broker_tls and await _speaks_plainly(*place):
            return Unreachable(f"{address} does not speak TLS", _NO_TLS)
        return Unreachable(
            f"{address} accepts connections but does not answer for {ANSWER_S:g} s", _OTHER
        )


async def _open(address: str, host: str, port: int) -> Unreachable | None:
    """Try to open a TCP connection; return None on success."""
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        why = f"{address} does not answer within {ANSWER_S:g} s"
        return Unreachable(why, f"check for a firewall in between; or {_OTHER}")
    except socket.gaierror as error:
        why = f"the host of {address} is unknown: {error.strerror}"
        return Unreachable(why, "correct EMISSIONS_BROKER or the DNS of this machine")
    except ConnectionRefusedError:
        return Unreachable(f"nothing listens at {address}", _OTHER)
    except OSError as error:
        return Unreachable(f"{address} cannot be reached: {error.strerror or error}", _OTHER)
    writer.close()
    return None


async def _ask(address: str, host: str, port: int, settings: Settings) -> Unreachable | None:
    """Try a request with the client's settings; return None on success."""
    try:
        options = client_options(settings)
    except AccessFileError as error:
        return Unreachable(str(error), _FILE)
    install_patches()
    given = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    try:
        conn = await create_conn(host, port, request_timeout_ms=int(ANSWER_S * 1000), **given)
    except ssl.SSLError as error:
        return _tls(address, settings, error)
    except (TokenError, AccessFileError) as error:
        return Unreachable(str(error), "correct the token, its file or its endpoint")
    except UnsupportedSaslMechanismError:
        mechanism = settings.broker_mechanism
        what = "user and password (SASL/PLAIN)" if mechanism == "PLAIN" else f"SASL/{mechanism}"
        remedy = f"enable the mechanism {mechanism} on that listener"
        if mechanism == "PLAIN":
            return Unreachable(f"{address} does not accept {what}", remedy)
        remedy += ", or set EMISSIONS_BROKER_MECHANISM to one that it has"
        return Unreachable(f"{address} does not accept {what}", remedy)
    except IllegalSaslStateError:
        why = f"{address} does not ask for a user"
        return Unreachable(
            why, "unset EMISSIONS_BROKER_USER, or set EMISSIONS_BROKER to the SASL listener"
        )
    except (AuthenticationFailedError, SaslAuthenticationFailed) as error:
        return _refused(address, settings, str(error))
    except (KafkaError, OSError) as error:
        return await _closed(address, host, port, settings, error)
    try:
        await conn.send(MetadataRequest([], allow_auto_topic_creation=False))
    except (KafkaError, OSError) as error:
        if settings.broker_tls and not _logs_in(settings):
            return _certificate(address, settings)  # TLS 1.3 tells so after the handshake
        if not _logs_in(settings):
            return Unreachable(f"{address} requires a user and a password (SASL)", _USER)
        return _refused(address, settings, str(error))
    finally:
        conn.close()
    return None


def _refused(address: str, settings: Settings, said: str) -> Unreachable:
    """Explain a refused login; ``said`` is the broker's text, which never holds the password."""
    said = said.rpartition("SaslAuthenticationFailed: ")[2].strip()
    words = f": {said}" if said and "Connection at" not in said else ""
    if settings.broker_mechanism == "OAUTHBEARER":
        why = f"{address} rejects the token{words}"
        return Unreachable(why, "get a token of the issuer and audience that the broker expects")
    why = f"{address} rejects the user {settings.broker_user} or its password{words}"
    return Unreachable(why, f"correct it: {_USER}")


def _logs_in(settings: Settings) -> bool:
    """Return whether clients log in by SASL."""
    return settings.broker_user is not None or settings.broker_mechanism == "OAUTHBEARER"


def _certificate(address: str, settings: Settings) -> Unreachable:
    """Explain a connection that the broker ends once it has seen the client's certificate."""
    if settings.broker_certificate_file is None:
        why = f"{address} wants a certificate of the client, or a user (SASL)"
        return Unreachable(why, f"{_CERTIFICATE}, or {_USER}")
    return Unreachable(f"{address} rejects the certificate of this client", _CERTIFICATE)


def _tls(address: str, settings: Settings, error: ssl.SSLError) -> Unreachable:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"the certificate of {address} is not trusted: {error.verify_message}"
        return Unreachable(why, _CA)
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return Unreachable(f"{address} does not speak TLS", _NO_TLS)
    if "EOF" in (error.reason or ""):
        return Unreachable(f"{address} closes the connection in the TLS handshake", _NO_TLS)
    said = (error.reason or str(error)).replace("_", " ").lower()
    if "alert" in said and ("certificate" in said or "unknown ca" in said):
        return _certificate(address, settings)
    return Unreachable(f"{address} ends the TLS handshake: {said}", "check the log of the broker")


async def _closed(
    address: str, host: str, port: int, settings: Settings, error: Exception
) -> Unreachable:
    if not settings.broker_tls and await _speaks_tls(host, port):
        return Unreachable(f"{address} speaks TLS", _TLS)
    if settings.broker_tls and isinstance(error, KafkaConnectionError) and not _logs_in(settings):
        return _certificate(address, settings)
    if settings.broker_tls and not isinstance(error, KafkaConnectionError):
        return Unreachable(f"{address} closes the connection in the TLS handshake", _NO_TLS)
    if _logs_in(settings):
        return _refused(address, settings, "")
    return Unreachable(f"{address} closes the connection: not a Kafka broker", _OTHER)


async def _speaks_plainly(host: str, port: int) -> bool:
    """Return whether a broker answers without TLS; sends neither user nor password."""
    try:
        async with asyncio.timeout(ANSWER_S):
            conn = await create_conn(host, port, request_timeout_ms=int(ANSWER_S * 1000))
    except (KafkaError, OSError, TimeoutError):
        return False
    conn.close()
    return True


async def _speaks_tls(host: str, port: int) -> bool:
    """Return whether a TLS handshake succeeds; nothing is sent over it, so nothing is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return error.reason is not None and "ALERT" in error.reason  # it has an opinion
    except (OSError, TimeoutError):
        return False
    transport: Any = writer.transport
    transport.abort()
    return True
