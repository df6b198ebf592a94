"""Rules of the law as data: what a rule says, since when, and where the law says it.

The rules themselves are ``streams/rules/*.yaml``; a new rule of a known condition is a new file
there, a new kind of condition is a class here and its judge in ``streams.core``.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from streams.core.calendar import midnight
from streams.core.findings import Article
from streams.core.source import FOREVER

NATIONAL_ZONE = "Asia/Almaty"
"""Dates of a rule without a source are midnights of this zone."""


class Condition(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the kinds of conditions."""


class WindowMeanOver(Condition, frozen=True, tag="window_mean_over"):
    """A VALID mean of ``window`` in ``unit`` above, or at least, ``factor`` times its limit."""

    window: Literal["20min", "30min", "1h", "day"]
    unit: Literal["mg/m3", "g/s"]
    compare: Literal["above", "at_least"]
    factor: Literal[1, 2, 4] = 1  # powers of two: the product with a double is exact

    def met(self, value: float, limit: float) -> bool:
        """Exact comparison of the published double with the limit."""
        edge = self.factor * limit
        return value > edge if self.compare == "above" else value >= edge


class RunOver(Condition, frozen=True, tag="run_over"):
    """An unbroken run of VALID means of at least ``factor`` times the limit.

    ``window`` names the windows of the run, ``window_by_cadence`` the exceptions by the source's
    cadence (s); the run must last longer than ``longer_than_s``.
    """

    window: Literal["20min", "30min", "1h"]
    factor: Literal[1, 2, 4]
    longer_than_s: int
    window_by_cadence: dict[int, Literal["20min", "30min", "1h"]] = {}

    def window_for(self, cadence_s: int) -> str:
        """The kind of window that makes the run for a source of this cadence."""
        return self.window_by_cadence.get(cadence_s, self.window)

    def met(self, value: float, limit: float) -> bool:
        """Whether one window's mean keeps the run going."""
        return value >= self.factor * limit


class Outage(Condition, frozen=True, tag="outage"):
    """An unexcused gap of a connected source longer than the outage limit of the policy."""


class MissingAsm(Condition, frozen=True, tag="missing_asm"):
    """Obliged to run a monitoring system, and none is installed."""


class MissingLink(Condition, frozen=True, tag="missing_link"):
    """Obliged, installed, and not connected."""


AnyCondition = WindowMeanOver | RunOver | Outage | MissingAsm | MissingLink


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule: a stable code, its condition, its place in the law, its validity.

    ``track``: what follows, a prescription without a court, a court, or an inspection;
    ``certainty``: of our reading of the law.
    """

    code: str
    titles: dict[str, str]  # ru, kk, en
    condition: AnyCondition
    legal_basis: tuple[Article, ...]
    sanction: str
    automatic: date | None  # cases open without a human from this date; None: never
    valid_from: date
    source: str
    track: Literal["PRESCRIPTION", "COURT", "INSPECTION"]
    certainty: Literal["read", "secondary", "inferred"]
    valid_to: date | None = None

    def in_force(self, instant: int, zone: str = NATIONAL_ZONE) -> bool:
        """Whether the rule is in force at ``instant`` (dates are local midnights)."""
        return self.since(zone) <= instant < self.until(zone)

    def since(self, zone: str = NATIONAL_ZONE) -> int:
        """The instant from which the rule is in force."""
        return midnight(zone, self.valid_from)

    def until(self, zone: str = NATIONAL_ZONE) -> int:
        """The instant at which the rule ends."""
        return FOREVER if self.valid_to is None else midnight(zone, self.valid_to)

    def automatic_since(self, zone: str = NATIONAL_ZONE) -> int:
        """The instant from which its cases open by themselves."""
        return FOREVER if self.automatic is None else midnight(zone, self.automatic)

    def automatic_at(self, instant: int, zone: str = NATIONAL_ZONE) -> bool:
        """Whether its cases open by themselves for what began at ``instant``."""
        return self.automatic_since(zone) <= instant


class RuleSet(msgspec.Struct, frozen=True):
    """All rules and the version that every result names."""

    version: str
    rules: tuple[Rule, ...]

    def of(self, *kinds: type[Condition]) -> tuple[Rule, ...]:
        """The rules whose condition is of one of the kinds, by code."""
        found = [rule for rule in self.rules if isinstance(rule.condition, kinds)]
        return tuple(sorted(found, key=lambda rule: rule.code))
