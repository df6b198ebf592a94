"""The address that a request is counted by."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

from litestar import Request


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return the address of who asks; of IPv6 its /64, of which one visitor has them all.

    Behind a proxy it is the one that the proxy tells, if EMISSIONS_PORTAL_PROXIES names that.
    """
    client = request.scope["client"]
    host = client[0] if client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:60]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return ":".join(address.exploded.split(":")[:4])
    return str(address)
