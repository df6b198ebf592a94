"""Checks an enterprise and its sources."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from streams.core.law.country import Country
from streams.core.law.policy import SIGNATURE_POLICIES, SIGNATURES_OFF
from streams.core.registry.enterprise import Enterprise, Location, Source
from streams.core.time import local_clock as calendar
from streams.registry.channels import check_channels
from streams.registry.criteria import check_criteria
from streams.registry.errors import Problem
from streams.registry.limits import check_limits
from streams.registry.moments import check_moment, check_period
from streams.registry.quantities import check_positive

BUSINESS_SIZES = ("small", "medium", "large")
LONG_CADENCES = (1200, 1800, 3600)


def check_enterprise(enterprise: Enterprise, country: Country, *, earlier: bool = False) -> None:
    """Raise Problem for the first thing that the specification does not allow.

    ``country`` says what its numbers and regions are, and in which zone its dates are.
    ``earlier``: but for what an earlier version allowed and nothing is judged by, so that what
    was registered then stays registered.
    """
    identity, zone = country.identity, country.zone
    if not identity.accepts(enterprise.bin):
        raise Problem("bin", f"{enterprise.bin!r} is no {identity.name} {identity.means}")
    if not country.knows_region(enterprise.region):
        raise Problem("region", f"{enterprise.region!r} is not a code of ISO 3166-2:{country.code}")
    if enterprise.category not in (1, 2, 3, 4):
        raise Problem("category", f"{enterprise.category} is not a category from 1 to 4")
    if enterprise.business_size not in BUSINESS_SIZES:
        raise Problem(
            "business_size",
            f"{enterprise.business_size!r} is none of {', '.join(BUSINESS_SIZES)}",
        )
    check_moment(zone, enterprise.commissioned_on, "commissioned_on")
    check_moment(zone, enterprise.asm.installed_on, "asm.installed_on")
    check_moment(zone, enterprise.asm.connected_on, "asm.connected_on")
    checksum = enterprise.asm.software_sha256
    if checksum is not None and not re.fullmatch("[0-9a-f]{64}", checksum):
        raise Problem(
            "asm.software_sha256",
            f"{checksum!r} is no SHA-256 of 64 hexadecimal digits in lower case",
        )
    if enterprise.roadmap is not None:
        check_moment(zone, enterprise.roadmap.until, "roadmap.until")
    for number, source in enumerate(enterprise.sources):
        _check_source(source, f"sources[{number}]", earlier=earlier)


def _check_location(location: Location, path: str) -> None:
    for name, value, most in (("lat", location.lat, 90), ("lon", location.lon, 180)):
        if not -most <= value <= most:
            raise Problem(f"{path}.{name}", f"{value:g} is not in [-{most}, {most}] degrees")


def _check_keys(source: Source, path: str) -> None:
    ids: set[str] = set()
    publics: dict[bytes, str] = {}
    for number, key in enumerate(source.keys):
        here = f"{path}.keys[{number}]"
        if not key.id or key.id in ids:
            what = f"{key.id!r} is the id of another key of the source" if key.id else "is empty"
            raise Problem(f"{here}.id", what)
        ids.add(key.id)
        try:
            public = b64decode(key.public_key, validate=True)
        except (Base64Error, ValueError):
            public = b""
        if len(public) != 32 or b64encode(public).decode("ascii") != key.public_key:
            raise Problem(
                f"{here}.public_key",
                f"{key.public_key!r} is no Ed25519 key: 32 bytes in base64, as "
                "`emissions station key` prints it",
            )
        if public in publics:
            raise Problem(f"{here}.public_key", f"is that of the key {publics[public]!r} too")
        publics[public] = key.id
        check_period(
            source.timezone, key.valid_from, key.valid_until, here, ("valid_from", "valid_until")
        )
    if source.signatures is None:
        return
    if source.signatures not in SIGNATURE_POLICIES:
        raise Problem(
            f"{path}.signatures",
            f"{source.signatures!r} is none of {', '.join(SIGNATURE_POLICIES)}",
        )
    if source.signatures != SIGNATURES_OFF and not source.keys:
        raise Problem(
            f"{path}.signatures", f"is {source.signatures}, and the source has no keys to sign with"
        )


def _check_source(source: Source, path: str, *, earlier: bool) -> None:
    if not source.id:
        raise Problem(f"{path}.id", "is empty")
    zone = source.timezone
    try:
        calendar.zone(zone)
    except ValueError:  # its own, or that of a tzdata file that is no zone
        raise Problem(f"{path}.timezone", f"{zone!r} is not a time zone of the IANA data") from None
    cadence = source.cadence_s
    if not (cadence > 0 and 600 % cadence == 0) and cadence not in LONG_CADENCES:
        raise Problem(
            f"{path}.cadence_s",
            f"{cadence} is neither a divisor of 600 nor 1200, 1800 or 3600 seconds",
        )
    check_positive(source.stack_area_m2, f"{path}.stack_area_m2")
    check_positive(source.barometric_kpa, f"{path}.barometric_kpa")
    if source.criteria is not None:
        check_criteria(source.criteria, f"{path}.criteria", earlier=earlier)
    if source.location is not None:
        _check_location(source.location, f"{path}.location")
    check_channels(source.channels, f"{path}.channels", earlier=earlier)
    check_limits(source, f"{path}.limits", earlier=earlier)
    for number, device in enumerate(source.devices):
        verification = device.verification
        if verification is not None:
            here = f"{path}.devices[{number}].verification"
            check_period(zone, verification.on, verification.until, here, ("on", "until"))
        certificate = device.type_certificate
        if certificate is not None:
            here = f"{path}.devices[{number}].type_certificate"
            check_period(zone, certificate.on, certificate.until, here, ("on", "until"))
    _check_keys(source, path)
    for number, excused in enumerate(source.excused):
        here = f"{path}.excused[{number}]"
        check_period(zone, excused.start, excused.end, here, ("from", "to"))
        check_moment(zone, excused.notified_at, f"{here}.notified_at")
