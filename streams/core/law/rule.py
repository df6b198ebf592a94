"""Rules of the law as data: what a rule says, since when, and where the law says it.

The rules themselves are ``streams/rules/kz/*.yaml``, the kinds of conditions and their evaluators
``streams/rules/kinds/*.py``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from streams.core.law.country import Country
from streams.core.records.findings import Article
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import midnight


class Condition(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the conditions; ``kind`` in a rule file names one by its tag."""


Factor = int | Decimal
"""A factor of a limit as a rule file writes it: exactly that decimal."""


def positive(factor: Factor) -> Factor:
    """Return a factor in its shortest form; raises ``ValueError`` unless it is above zero."""
    if not (factor.is_finite() if isinstance(factor, Decimal) else True) or factor <= 0:
        raise ValueError(f"a factor must be above 0, {factor} is not")
    return int(factor) if factor == int(factor) else Decimal(factor).normalize()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule: a stable code, its condition, its place in the law, its validity.

    ``track``: what follows, a prescription without a court, a court, or an inspection;
    ``certainty``: of our reading of the law.
    """

    code: str
    titles: dict[str, str]  # ru, kk, en
    condition: Condition
    legal_basis: tuple[Article, ...]
    sanction: str
    automatic: date | None  # cases open without a human from this date; None: never
    valid_from: date
    source: str
    track: Literal["PRESCRIPTION", "COURT", "INSPECTION"]
    certainty: Literal["read", "secondary", "inferred"]
    valid_to: date | None = None

    def in_force(self, instant: int, zone: str) -> bool:
        """Whether the rule is in force at ``instant`` (dates are local midnights)."""
        return self.since(zone) <= instant < self.until(zone)

    def since(self, zone: str) -> int:
        """Return the instant from which the rule is in force."""
        return midnight(zone, self.valid_from)

    def until(self, zone: str) -> int:
        """Return the instant at which the rule ends."""
        return FOREVER if self.valid_to is None else midnight(zone, self.valid_to)

    def automatic_since(self, zone: str) -> int:
        """Return the instant from which its cases open automatically."""
        return FOREVER if self.automatic is None else midnight(zone, self.automatic)

    def automatic_at(self, instant: int, zone: str) -> bool:
        """Whether its cases open by themselves for what began at ``instant``."""
        return self.automatic_since(zone) <= instant


class RuleSet(msgspec.Struct, frozen=True):
    """All rules, the version that every result names, and the country whose law they are."""

    version: str
    rules: tuple[Rule, ...]
    country: Country
