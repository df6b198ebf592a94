"""What an enterprise and its sources may say."""

from __future__ import annotations

from streams.core import calendar
from streams.core.registration import Enterprise, Location, Source
from streams.registry.business_number import is_business_number
from streams.registry.channels import check_channels
from streams.registry.criteria import check_criteria
from streams.registry.errors import Problem
from streams.registry.limits import check_limits
from streams.registry.moments import check_moment, check_period
from streams.registry.quantities import check_positive
from streams.registry.regions import REGIONS

HOME = "Asia/Almaty"
"""Zone of the dates of an enterprise as a whole."""

BUSINESS_SIZES = ("small", "medium", "large")
LONG_CADENCES = (1200, 1800, 3600)


def check_enterprise(enterprise: Enterprise, *, earlier: bool = False) -> None:
    """Raise Problem for the first thing that the specification does not allow.

    ``earlier``: but for what an earlier version allowed and nothing is judged by, so that what
    was registered then stays registered.
    """
    if not is_business_number(enterprise.bin):
        raise Problem("bin", f"{enterprise.bin!r} is not a БИН of 12 digits with its check digit")
    if enterprise.region not in REGIONS:
        raise Problem("region", f"{enterprise.region!r} is not a code of ISO 3166-2:KZ")
    if enterprise.category not in (1, 2, 3, 4):
        raise Problem("category", f"{enterprise.category} is not a category from 1 to 4")
    if enterprise.business_size not in BUSINESS_SIZES:
        raise Problem(
            "business_size",
            f"{enterprise.business_size!r} is none of {', '.join(BUSINESS_SIZES)}",
        )
    check_moment(HOME, enterprise.commissioned_on, "commissioned_on")
    check_moment(HOME, enterprise.asm.installed_on, "asm.installed_on")
    check_moment(HOME, enterprise.asm.connected_on, "asm.connected_on")
    if enterprise.roadmap is not None:
        check_moment(HOME, enterprise.roadmap.until, "roadmap.until")
    for number, source in enumerate(enterprise.sources):
        _check_source(source, f"sources[{number}]", earlier=earlier)


def _check_location(location: Location, path: str) -> None:
    for name, value, most in (("lat", location.lat, 90), ("lon", location.lon, 180)):
        if not -most <= value <= most:
            raise Problem(f"{path}.{name}", f"{value:g} is not in [-{most}, {most}] degrees")


def _check_source(source: Source, path: str, *, earlier: bool) -> None:
    if not source.id:
        raise Problem(f"{path}.id", "is empty")
    zone = source.timezone
    try:
        calendar.zone(zone)
    except ValueError:  # its own, or that of a file of the data which is no zone
        raise Problem(f"{path}.timezone", f"{zone!r} is not a time zone of the IANA data") from None
    cadence = source.cadence_s
    if not (cadence > 0 and 600 % cadence == 0) and cadence not in LONG_CADENCES:
        raise Problem(
            f"{path}.cadence_s",
            f"{cadence} is neither a divisor of 600 nor 1200, 1800 or 3600 seconds",
        )
    check_positive(source.stack_area_m2, f"{path}.stack_area_m2")
    if source.criteria is not None:
        check_criteria(source.criteria, f"{path}.criteria", earlier=earlier)
    if source.location is not None:
        _check_location(source.location, f"{path}.location")
    check_channels(source.channels, f"{path}.channels")
    check_limits(source.limits, source.channels, zone, f"{path}.limits", earlier=earlier)
    for number, device in enumerate(source.devices):
        verification = device.verification
        if verification is not None:
            here = f"{path}.devices[{number}].verification"
            check_period(zone, verification.on, verification.until, here, ("on", "until"))
        certificate = device.type_certificate
        if certificate is not None:
            here = f"{path}.devices[{number}].type_certificate"
            check_period(zone, certificate.on, certificate.until, here, ("on", "until"))
    for number, excused in enumerate(source.excused):
        here = f"{path}.excused[{number}]"
        check_period(zone, excused.start, excused.end, here, ("from", "to"))
        check_moment(zone, excused.notified_at, f"{here}.notified_at")
