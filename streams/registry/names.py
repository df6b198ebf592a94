"""Checks that a registry file names known parameters, and that its sources have channels.

What is on the topic already is not held against it: it was loaded before these rules, and one
source of it must not take the others of its enterprise along. The core passes such channels over.
"""

from __future__ import annotations

import unicodedata

from streams.core.records.bounded_names import is_parameter
from streams.core.registry.enterprise import Enterprise
from streams.registry.errors import Problem


def check_names(enterprise: Enterprise) -> None:
    """Raise Problem for a source without channels, and for an unknown parameter."""
    for number, source in enumerate(enterprise.sources):
        path = f"sources[{number}]"
        if not source.channels:
            raise Problem(f"{path}.channels", f"source {source.id!r} has none: it measures nothing")
        for at, channel in enumerate(source.channels):
            if not is_parameter(channel.parameter):
                raise Problem(f"{path}.channels[{at}].parameter", no_parameter(channel.parameter))


def no_parameter(name: str) -> str:
    """Say why a text is no name of a parameter."""
    foreign = [letter for letter in name if not letter.isascii()]
    said = f"{name[:40]!r} is no name of a parameter (1 to 32 of A-Z, 0-9, _, . and -)"
    if foreign:
        return f"{said}: {foreign[0]!r} is {unicodedata.name(foreign[0], 'a foreign letter')}"
    if is_parameter(name.strip().upper()):
        return f"{said}: write {name.strip().upper()}"
    return said
