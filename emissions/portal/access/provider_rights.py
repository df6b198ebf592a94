"""Reads what a provider says that somebody may see: one claim to a role and what it holds for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from emissions.publication import AUTHORITY, Viewer, inspector, operator

_MOST: Final = 2_000
_WORD: Final = re.compile(
    r"/?(?:emissions[/:])?(?:(authority)|inspector[/:](\*|KZ-[0-9]{2})|operator[/:]([0-9]{12}))"
)
_OURS: Final = re.compile(
    r"/?(?:emissions[/:])?(?:authority|inspector|operator)(?:[/:].*)?", re.DOTALL
)


class RightsError(Exception):
    """The claim gives no role that can be used; the text says why."""


def rights_of(claims: Mapping[str, Any], name: str) -> Viewer:
    """Return who looks, by the claim of a name; dots lead into claims (``realm_access.roles``).

    The claim is a text or a list: ``authority``, ``inspector:KZ-55``, ``inspector:*`` (the nation),
    ``operator:БИН``. ``/`` may stand for ``:``, and ``emissions/`` before it, as groups are
    written. Other texts are roles of other programs. Raises RightsError where nothing is ours, one
    of ours is not understood, or there are several roles: then nothing is given.
    """
    words = _words(claims, name)
    bins, regions, authority = set(), set(), False
    for word in words:
        found = _WORD.fullmatch(word)
        if found is None:
            if _OURS.fullmatch(word):
                raise RightsError(f"claim {name} has {word[:60]!r}, which is no role here")
            continue
        authority |= found[1] is not None
        regions |= {found[2]} - {None}
        bins |= {found[3]} - {None}
    if sum((authority, bool(regions), bool(bins))) > 1:
        raise RightsError(f"claim {name} has several roles: give one")
    if authority:
        return AUTHORITY
    if regions:
        return inspector(regions - {"*"}, nation="*" in regions)
    if bins:
        return operator(bins)
    raise RightsError(f"claim {name} gives no role")


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    told = [found] if isinstance(found, str) else found
    if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
        raise RightsError(f"claim {name} is missing, or no list of texts")
    if len(told) > _MOST:
        raise RightsError(f"claim {name} has more than {_MOST} texts")
    return told
