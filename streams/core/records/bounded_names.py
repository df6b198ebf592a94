"""Names that a message makes up: shortened, and counted up to a number of different ones.

A message may call its device, or flag its channel, what it wants, at any length. What is kept of
that goes into the state and into findings, which must stay small enough for a topic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_PARAMETER: Final = re.compile(r"[A-Z0-9_.-]{1,32}")
"""Names of parameters (spec 4). Keys are joined of them and ``|``, which none may contain."""

NAME_CHARACTERS: Final = 249
"""Longest name that is kept whole; identities of real sources and devices are far shorter."""

FLAG_CHARACTERS: Final = 32
"""Longest flag that is told from others; those of HJ 212-2017 are single letters."""

MOST_NAMES: Final = 40
"""Different names that one slot, or one stretch of slots, counts. Twice what the law's codes and
the devices of a source need; a stream that makes up more is broken or hostile."""


def is_parameter(name: str) -> bool:
    """Tell whether a text may name a parameter."""
    return _PARAMETER.fullmatch(name) is not None


def shortened(text: str, most: int) -> str:
    """Shorten a text to ``most`` characters, an ellipsis at its end."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def count_name(
    counts: dict[str, int],
    name: str,
    times: int = 1,
    *,
    rest: str | None = None,
    may_go: Callable[[str], bool] = lambda _: True,
) -> None:
    """Add to the count of a name; beyond `MOST_NAMES` the greatest by spelling go.

    Their counts are added to ``rest``, or forgotten where that is None. ``may_go`` says which
    names are made up. A name that stays was among the smallest all along, so what is counted does
    not depend on the order in which names came.
    """
    known = counts.get(name)
    if known is not None:
        counts[name] = known + times
        return
    counts[name] = times
    while len(counts) > MOST_NAMES:
        made_up = [each for each in counts if each != rest and may_go(each)]
        if not made_up:
            return
        gone = counts.pop(max(made_up))
        if rest is not None:
            counts[rest] = counts.get(rest, 0) + gone
