"""Who has which role, as named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.kafka.rights import BRIDGE_GROUP, ROLES, Role, default_principal, role
from streams.settings import Settings


class Granted(NamedTuple):
    """A principal and the role that it is to have."""

    principal: str
    role: Role


class PrincipalError(ValueError):
    """What was named is no role or principal; the text is a sentence."""


def granted(
    settings: Settings,
    wanted: Iterable[str],
    named: Iterable[str],
    *,
    bridge: str = BRIDGE_GROUP,
) -> list[Granted]:
    """Return the principals of the roles ``wanted`` (none: all of them) with their rights.

    ``named``: ``ROLE=PRINCIPAL``, any number of a role; a name without a kind is a ``User``. A role
    for which nobody is named has the principal ``User:emissions-ROLE``. Raises PrincipalError.
    """
    people: dict[str, list[str]] = {}
    for text in named:
        name, equals, principal = text.partition("=")
        if not equals or name not in ROLES or not principal.removeprefix("User:"):
            raise PrincipalError(
                f"{text!r} is no ROLE=PRINCIPAL, such as station=User:plant-7; "
                f"roles are {', '.join(ROLES)}"
            )
        if "*" in principal or "\n" in principal:
            raise PrincipalError(f"{text!r} would give the role to everybody: name one principal")
        full = principal if principal.startswith("User:") else f"User:{principal}"
        people.setdefault(name, []).append(full)
    names = list(wanted) or list(ROLES)
    return [
        Granted(principal, role(settings, name, principal, bridge=bridge))
        for name in names
        for principal in people.get(name) or [default_principal(name)]
    ]
