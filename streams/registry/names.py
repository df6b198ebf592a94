"""What a registry file may call its parameters, and that its sources measure something.

What is on the topic already is not held against it: it was loaded before these rules, and one
source of it must not take the others of its enterprise along. The core passes such channels over.
"""

from __future__ import annotations

import unicodedata

from streams.core.names import is_parameter
from streams.core.registration import Enterprise
from streams.registry.errors import Problem


def check_names(enterprise: Enterprise) -> None:
    """Raise Problem for a source without channels, and for a parameter's name that is none."""
    for number, source in enumerate(enterprise.sources):
        path = f"sources[{number}]"
        if not source.channels:
            raise Problem(f"{path}.channels", f"source {source.id!r} has none: it measures nothing")
        for at, channel in enumerate(source.channels):
            if not is_parameter(channel.parameter):
                raise Problem(f"{path}.channels[{at}].parameter", _why(channel.parameter))


def _why(name: str) -> str:
    foreign = [letter for letter in name if not letter.isascii()]
    said = f"{name[:40]!r} is no name of a parameter (1 to 32 of A-Z, 0-9, _, . and -)"
    if foreign:
        return f"{said}: {foreign[0]!r} is {unicodedata.name(foreign[0], 'a foreign letter')}"
    if is_parameter(name.strip().upper()):
        return f"{said}: write {name.strip().upper()}"
    return said
