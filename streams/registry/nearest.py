"""Which channel a limit means that names none, and what is wrong with its name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

_LATIN = str.maketrans("АВСЕНІЈКМОРЅТХУҮЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHIJKMOPSTXYY3ABEZHIKMNOPTYX")
"""Cyrillic and Greek capitals that look like Latin ones."""


def no_channel(name: str, channels: Iterable[str]) -> str:
    """Say that no channel measures a parameter, which is the nearest one, and what is wrong."""
    known = sorted(channels)
    told = f"no channel of the source measures {name!r}"
    if not known:
        return told
    meant = folded(name)
    if meant in known:
        return f"{told}; the nearest is {meant}{strange(name)}: write {meant}"
    nearest = max(known, key=lambda each: SequenceMatcher(None, meant, each).ratio())
    return f"{told}; the nearest is {nearest}, all are {', '.join(known)}"


def folded(name: str) -> str:
    """Fold a name to Latin capitals without blanks, as far as its letters resemble some."""
    text = unicodedata.normalize("NFKC", name).upper().translate(_LATIN)
    return "".join(each for each in text if not each.isspace() and each.isprintable())


def strange(name: str) -> str:
    """Describe what in a name is unlike a parameter's; empty where unknown."""
    found = []
    for script in ("CYRILLIC", "GREEK"):
        letters = [each for each in name if unicodedata.name(each, "").startswith(script)]
        if letters:
            of = "letters" if len(letters) > 1 else "letter"
            shown = ", ".join(f"{each} (U+{ord(each):04X})" for each in dict.fromkeys(letters))
            found.append(f"{script.capitalize()} {of} {shown}")
    if any(each.islower() for each in name):
        found.append("lower case")
    if any(each.isspace() or not each.isprintable() for each in name):
        found.append("a blank")
    return f", it has {' and '.join(found)}" if found else ""
