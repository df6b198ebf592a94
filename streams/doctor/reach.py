"""Why a broker cannot be used: each reason has a sentence of its own and something to do.

The clients say the same of everything ("unable to bootstrap"), so each address is tried by hand,
with the client's own connection, and what it raises is told apart.
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

from streams.doctor.check import ANSWER_S
from streams.kafka import client_options
from streams.settings import Settings

_OTHER: Final = "start a broker there, or name another in EMISSIONS_BROKER"
_USER: Final = "set EMISSIONS_BROKER_USER and EMISSIONS_BROKER_PASSWORD"
_TLS: Final = "set EMISSIONS_BROKER_TLS=true, or name a listener without TLS in EMISSIONS_BROKER"
_NO_TLS: Final = "unset EMISSIONS_BROKER_TLS, or name the listener with TLS in EMISSIONS_BROKER"
_CA: Final = (
    "name the file of its certificate authority in SSL_CERT_FILE, and the broker by a name that "
    "its certificate has"
)


class Unreached(NamedTuple):
    """Why an address cannot be used, and what to do."""

    why: str
    remedy: str


async def unreached(settings: Settings) -> dict[str, Unreached]:
    """The addresses of the settings that cannot be used, each with the reason."""
    found = await asyncio.gather(
        *(_try(address, settings) for address in settings.broker_addresses)
    )
    return {
        address: why
        for address, why in zip(settings.broker_addresses, found, strict=True)
        if why is not None
    }


async def _try(address: str, settings: Settings) -> Unreached | None:
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
            return Unreached(f"{address} speaks TLS", _TLS)
        if settings.broker_tls and await _speaks_plainly(*place):
            return Unreached(f"{address} does not speak TLS", _NO_TLS)
        return Unreached(
            f"{address} accepts connections and says nothing for {ANSWER_S:g} s", _OTHER
        )


async def _open(address: str, host: str, port: int) -> Unreached | None:
    """None where a connection can be opened."""
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        why = f"{address} does not answer within {ANSWER_S:g} s"
        return Unreached(why, f"see whether a firewall is between; or {_OTHER}")
    except socket.gaierror as error:
        why = f"the host of {address} is not known: {error.strerror}"
        return Unreached(why, "correct EMISSIONS_BROKER, or the name service of this machine")
    except ConnectionRefusedError:
        return Unreached(f"nothing listens at {address}", _OTHER)
    except OSError as error:
        return Unreached(f"{address} cannot be reached: {error.strerror or error}", _OTHER)
    writer.close()
    return None


async def _ask(address: str, host: str, port: int, settings: Settings) -> Unreached | None:
    """None where a client of these settings gets an answer."""
    options = client_options(settings)
    given = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    try:
        conn = await create_conn(host, port, request_timeout_ms=int(ANSWER_S * 1000), **given)
    except ssl.SSLError as error:
        return _tls(address, error)
    except UnsupportedSaslMechanismError:
        why = f"{address} takes no user with a password (SASL/PLAIN)"
        return Unreached(why, "enable the mechanism PLAIN on that listener of the broker")
    except IllegalSaslStateError:
        why = f"{address} asks for no user"
        return Unreached(why, "unset EMISSIONS_BROKER_USER, or name the listener that asks for one")
    except (AuthenticationFailedError, SaslAuthenticationFailed) as error:
        return _refused(address, settings, str(error))
    except (KafkaError, OSError) as error:
        return await _closed(address, host, port, settings, error)
    try:
        await conn.send(MetadataRequest([], allow_auto_topic_creation=False))
    except (KafkaError, OSError) as error:
        if settings.broker_user is None:
            return Unreached(f"{address} asks for a user and a password (SASL)", _USER)
        return _refused(address, settings, str(error))
    finally:
        conn.close()
    return None


def _refused(address: str, settings: Settings, said: str) -> Unreached:
    """``said`` by the broker; nothing of the password is in it."""
    said = said.rpartition("SaslAuthenticationFailed: ")[2].strip()
    words = f": {said}" if said and "Connection at" not in said else ""
    why = f"{address} refuses the user {settings.broker_user} or its password{words}"
    return Unreached(why, f"correct what is wrong: {_USER}")


def _tls(address: str, error: ssl.SSLError) -> Unreached:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"the certificate of {address} is not trusted: {error.verify_message}"
        return Unreached(why, _CA)
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return Unreached(f"{address} does not speak TLS", _NO_TLS)
    if "EOF" in (error.reason or ""):
        return Unreached(f"{address} closes the connection in the TLS handshake", _NO_TLS)
    said = (error.reason or str(error)).replace("_", " ").lower()
    return Unreached(f"{address} ends the TLS handshake: {said}", "see the log of the broker")


async def _closed(
    address: str, host: str, port: int, settings: Settings, error: Exception
) -> Unreached:
    if not settings.broker_tls and await _speaks_tls(host, port):
        return Unreached(f"{address} speaks TLS", _TLS)
    if settings.broker_tls and not isinstance(error, KafkaConnectionError):
        return Unreached(f"{address} closes the connection in the TLS handshake", _NO_TLS)
    if settings.broker_user is not None:
        return _refused(address, settings, "")
    return Unreached(f"{address} closes the connection: it is no Kafka broker", _OTHER)


async def _speaks_plainly(host: str, port: int) -> bool:
    """Whether a broker answers there without TLS; neither user nor password is sent."""
    try:
        async with asyncio.timeout(ANSWER_S):
            conn = await create_conn(host, port, request_timeout_ms=int(ANSWER_S * 1000))
    except (KafkaError, OSError, TimeoutError):
        return False
    conn.close()
    return True


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a handshake of TLS gets on there; nothing is sent over it, so nothing is verified."""
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
