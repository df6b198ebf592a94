"""Recognises the variables that Kubernetes sets in a pod for every Service.

A Service called ``emissions`` or ``emissions-streams`` makes variables that begin like settings:
``EMISSIONS_SERVICE_HOST``, ``EMISSIONS_STREAMS_PORT=tcp://10.0.0.7:6066`` (Kubernetes, "Accessing
the Service", environment variables; ``enableServiceLinks: false`` turns them off). They are told
from mistyped settings by name and value together.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_LINK: Final = re.compile(r"(?:tcp|udp|sctp)://\S+:\d{1,5}")
_NUMBER: Final = re.compile(r"\d{1,5}")
_PROTOCOL: Final = re.compile(r"(?:tcp|udp|sctp)")
_NAMES: Final = (
    (re.compile(r"(?:.+_)?SERVICE_PORT(?:_[A-Z0-9_]+)?"), _NUMBER),
    (re.compile(r"(?:.+_)?PORT"), _LINK),
    (re.compile(r"(?:.+_)?PORT_\d{1,5}_(?:TCP|UDP|SCTP)"), _LINK),
    (re.compile(r"(?:.+_)?PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PROTO"), _PROTOCOL),
    (re.compile(r"(?:.+_)?PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PORT"), _NUMBER),
)
_ADDRESSES: Final = re.compile(r"(?:.+_)?(?:SERVICE_HOST|PORT_\d{1,5}_(?:TCP|UDP|SCTP)_ADDR)")


def made_for_a_service(name: str, value: str) -> bool:
    """Return whether Kubernetes sets a variable; ``name`` is without the settings' prefix.

    Also one whose name is that of a setting: a Service ``emissions-web`` makes ``WEB_PORT``.
    """
    if _ADDRESSES.fullmatch(name):
        return _is_address(value)
    return any(known.fullmatch(name) and form.fullmatch(value) for known, form in _NAMES)


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
