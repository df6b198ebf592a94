"""Drafts of the rules for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from emissions.backtest.draft import Drafts
from streams.core.law.rule import Rule, RuleSet
from streams.rules.load import load_rules, rule_set

BASE = load_rules()
RULES = {rule.code: rule for rule in BASE.rules}


def with_condition(of: str, code: str | None = None, **condition: Any) -> Rule:
    """A rule with another condition, and another code where one is given."""
    rule = RULES[of]
    return replace(rule, code=code or of, condition=replace(rule.condition, **condition))


def amendment() -> RuleSet:
    """KZ-30 from 1.5 L on, KZ-3H from 1.6 L, KZ-DAY above 1.2 L, no KZ-GS, and a rule of hours."""
    changed = [
        with_condition("KZ-30", factor=Decimal("1.5")),
        with_condition("KZ-3H", factor=Decimal("1.6")),
        with_condition("KZ-DAY", factor=Decimal("1.2")),
        with_condition("KZ-30", code="KZ-HOUR", window="1h", factor=Decimal("1.4")),
    ]
    rules = {**RULES, **{rule.code: rule for rule in changed}}
    del rules["KZ-GS"]
    return rule_set(rules.values(), BASE.country)


def drafts() -> Drafts:
    """The rules in force and that amendment."""
    return Drafts.of(BASE, amendment())
