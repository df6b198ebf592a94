"""Check that the broker is not reached over a network without TLS."""

from __future__ import annotations

import ipaddress
from typing import Final

from emissions.doctor.check import PartCheck
from streams.settings import Settings

PART: Final = "broker"
_REMEDY: Final = "set EMISSIONS_BROKER_TLS=true, and EMISSIONS_BROKER to its TLS listener"


def look_at_access(settings: Settings) -> list[PartCheck]:
    """Report the addresses of brokers on other machines that are spoken to without TLS."""
    if settings.broker_tls:
        return []
    away = [each for each in settings.broker_addresses if not _is_loopback(each)]
    if not away:
        return []
    what = f"{', '.join(away)} is reached without TLS: whoever is on the way reads and alters"
    return [PartCheck(PART, "RISK", what, _REMEDY)]


def _is_loopback(address: str) -> bool:
    """Tell whether an address, ``host:port``, leads to this machine, without asking the DNS."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
