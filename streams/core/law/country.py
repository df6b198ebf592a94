"""What a country's law takes for granted: its zone, its regions, the number of a legal person.

The profiles themselves are ``streams/rules/<country>/country.yaml``, beside the rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec


def check_pattern(pattern: str) -> None:
    """Raise ValueError for a text that is no regular expression."""
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


class Region(NamedTuple):
    """A region by its name in three languages."""

    ru: str
    kk: str
    en: str


class CheckDigit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last digit of a number is the weighted sum of the others modulo ``modulus``.

    Each of ``weights`` is an attempt, made where the one before leaves a remainder of two digits.
    A number for which all of them do is never issued.
    """

    modulus: int
    weights: tuple[tuple[int, ...], ...]

    def of(self, digits: str) -> int | None:
        """Compute the digit that checks ``digits``; None where no attempt leaves one."""
        for weights in self.weights:
            rest = sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % self.modulus
            if rest < 10:
                return rest
        return None


class IdentityNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number by which the law knows an operator.

    ``name`` as people call it, ``pattern`` a regular expression of the whole, ``means`` the pattern
    in words, ``example`` a number of nobody; ``check`` None: no digit checks the others.
    """

    name: str
    pattern: str
    means: str
    example: str
    check: CheckDigit | None = None

    def __post_init__(self) -> None:
        """Refuse a pattern that is none, and an example that is no such number."""
        check_pattern(self.pattern)
        if not self.accepts(self.example):
            raise ValueError(f"the example {self.example!r} is no {self.name}")

    def accepts(self, text: str) -> bool:
        """Tell whether a text is such a number, its check digit among it."""
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            return False
        return self.check is None or self.check.of(text[:-1]) == int(text[-1])


class StationDuties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a monitoring system must measure and prove; what lacks is a finding, no violation.

    ``parameters`` have a channel where a norm is set on them; ``auxiliaries`` are the groups of
    which a source with a norm in mg/m3 has one channel each; the acts and points of each follow.
    """

    parameters: tuple[str, ...]
    auxiliaries: tuple[tuple[str, ...], ...]
    channels_basis: str
    certificates_basis: str
    mass_basis: str


class Country(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The profile of a country.

    ``zone`` is that of dates without a source (IANA), ``region_pattern`` a regular expression of
    the codes of its regions, which are those of ``regions`` where they are listed;
    ``region_example`` is one of them. ``station`` None: it asks nothing of a station by itself.
    ``software_basis`` is the act and point by which a station's software has a permitted checksum;
    empty: none.
    """

    code: str
    zone: str
    identity: IdentityNumber
    region_pattern: str
    region_example: str
    regions: dict[str, Region] = {}
    station: StationDuties | None = None
    software_basis: str = ""

    def __post_init__(self) -> None:
        """Refuse a pattern that is none, and an example that is no region."""
        check_pattern(self.region_pattern)
        if not self.knows_region(self.region_example):
            raise ValueError(f"the example {self.region_example!r} is no region")

    def knows_region(self, code: str) -> bool:
        """Tell whether ``code`` is one of its regions."""
        if self.regions:
            return code in self.regions
        return re.fullmatch(self.region_pattern, code, re.ASCII) is not None
