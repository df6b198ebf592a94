"""Check how long certificates are valid: those in files of the settings, and those of servers."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.counted import counted
from streams.settings import PREFIX, Settings

PART: Final = "certificates"
SOON_DAYS: Final = 30
"""A certificate that ends within so many days is reported."""

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


class Certificate(NamedTuple):
    """A certificate: where it was seen, and its validity."""

    where: str
    not_before: datetime
    not_after: datetime


async def look_at_certificates(settings: Settings) -> list[PartCheck]:
    """Check every certificate that this deployment uses; empty where it uses none. Never raises."""
    found, faults = files(settings)
    served = await asyncio.gather(*(_served(*place) for place in _tls_places(settings)))
    found += [each for each in served if each is not None]
    return [*faults, *judged(found, datetime.now(UTC))]


def judged(certificates: list[Certificate], now: datetime) -> Iterator[PartCheck]:
    """Judge certificates at a moment: one line for each that ends soon, one if none does."""
    well = []
    for each in sorted(certificates, key=lambda each: (each.not_after, each.where)):
        days = (each.not_after - now).days
        until = f"{each.not_after:%Y-%m-%d}"
        if each.not_before > now:
            what = f"{each.where} is valid from {each.not_before:%Y-%m-%d} on only"
            yield PartCheck(PART, "MISSING", what, "install one that is valid, or mend the clock")
        elif each.not_after <= now:
            what = f"{each.where} ended on {until}: nobody trusts it"
            yield PartCheck(PART, "MISSING", what, "install a new certificate")
        elif days < SOON_DAYS:
            what = f"{each.where} ends on {until}, in {counted(days, 'day')}"
            yield PartCheck(PART, "RISK", what, "install a new certificate before that day")
        else:
            well.append(until)
    if well:
        yield PartCheck(PART, "ok", f"{len(well)} valid, the first ends on {well[0]}")


def files(settings: Settings) -> tuple[list[Certificate], list[PartCheck]]:
    """Read the certificates in every file that a setting names; keys and lists have none."""
    found: list[Certificate] = []
    faults: list[PartCheck] = []
    for field in dataclasses.fields(settings):
        named = getattr(settings, field.name)
        if not field.name.endswith("_file") or not isinstance(named, str):
            continue
        variable = PREFIX + field.name.upper()
        try:
            held = Path(named).read_bytes()
            if _BEGIN not in held:
                continue
            parts = x509.load_pem_x509_certificates(held)
        except OSError as error:
            what = f"{named} cannot be read: {error.strerror or error}"
            faults.append(PartCheck(PART, "MISSING", what, f"correct {variable}, or its rights"))
            continue
        except ValueError:
            what = f"{named} holds a certificate that is damaged"
            faults.append(PartCheck(PART, "MISSING", what, f"replace the file of {variable}"))
            continue
        found += [Certificate(named, *_validity(each)) for each in parts]
    return found, faults


def _validity(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _tls_places(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Yield name, host and port of every server that is spoken to over TLS."""
    if settings.broker_tls:
        for address in settings.broker_addresses:
            host, _, port = address.rpartition(":")
            yield f"that of the broker {address}", host.strip("[]"), int(port)
    for name, url, usual in (
        ("ClickHouse", settings.clickhouse_url, 8443),
        ("the schema registry", settings.schema_registry_url, 443),
    ):
        parts = urlsplit(url or "")
        if parts.scheme == "https" and parts.hostname:
            yield f"that of {name}", parts.hostname, parts.port or usual


async def _served(where: str, host: str, port: int) -> Certificate | None:
    """Return the certificate that a server shows; nothing is sent to it but the handshake.

    None if it shows none: whether it is to be trusted, and why it is away, other checks tell.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.transport.abort()
        return Certificate(where, *_validity(x509.load_der_x509_certificate(shown)))
    except (OSError, TimeoutError, ValueError, TypeError):
        return None
