"""Two rule sets as one that is judged in a single pass, and its violations told apart again.

Evaluators do not see each other, and all that is remembered of a rule goes by its code. So the
rules in force and the changed ones of a draft are judged together, the latter under codes of their
own; a rule that is the same in both is judged once. Means, gaps and state are computed once.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from streams.core.law.rule import Rule, RuleSet
from streams.core.records.findings import Violation, violation_id
from streams.rules.load import rule_set

_MARK: Final = "draft:"
"""Begins the codes of the changed rules of a draft while both are judged."""


class DraftError(Exception):
    """A draft that cannot be tried: one sentence."""


class Drafts(NamedTuple):
    """The rules in force (``base``) and a draft of them, and what is different, by code."""

    base: RuleSet
    draft: RuleSet
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @classmethod
    def of(cls, base: RuleSet, draft: RuleSet) -> Drafts:
        """Compare two rule sets; raises DraftError where they are the same."""
        old, new = _by_code(base), _by_code(draft)
        changed = tuple(code for code in old.keys() & new.keys() if old[code] != new[code])
        found = cls(
            base,
            draft,
            tuple(sorted(changed)),
            tuple(sorted(new.keys() - old.keys())),
            tuple(sorted(old.keys() - new.keys())),
        )
        if not (found.changed or found.added or found.removed):
            raise DraftError("the draft says the same as the rules in force: nothing can change")
        return found

    def together(self) -> RuleSet:
        """Return all rules of both, the different ones of the draft under codes of their own."""
        own = {*self.changed, *self.added}
        marked = tuple(
            msgspec.structs.replace(rule, code=f"{_MARK}{rule.code}")
            for rule in self.draft.rules
            if rule.code in own
        )
        return RuleSet(self.base.version, (*self.base.rules, *marked), self.base.country)

    def tell_apart(self, violation: Violation) -> tuple[Violation | None, Violation | None]:
        """Return a violation as the rules in force have it, and as the draft has it.

        None where the one or the other does not. Ids are those that either gives by itself.
        """
        if violation.rule.startswith(_MARK):
            code = violation.rule.removeprefix(_MARK)
            subject = violation.source_id or violation.bin
            return None, msgspec.structs.replace(
                violation,
                rule=code,
                id=violation_id(code, subject, violation.parameter, violation.start),
                rule_set=self.draft.version,
            )
        if violation.rule in self.changed or violation.rule in self.removed:
            return violation, None
        return violation, msgspec.structs.replace(violation, rule_set=self.draft.version)


def amended(base: RuleSet, amendment: RuleSet | None, without: Collection[str]) -> RuleSet:
    """Return the rules in force with those of an amendment in their place, and without some.

    A code that the amendment names takes the place of all versions of that code.

    Raises DraftError for a rule to leave out that is not in force.
    """
    rules = _by_code(base)
    unknown = sorted(set(without) - rules.keys())
    if unknown:
        raise DraftError(
            f"{', '.join(unknown)} is no rule in force; those are {', '.join(sorted(rules))}"
        )
    for code in without:
        del rules[code]
    if amendment is not None:
        rules |= _by_code(amendment)
    return rule_set(chain.from_iterable(rules.values()), base.country)


def _by_code(rules: RuleSet) -> dict[str, tuple[Rule, ...]]:
    """Group the versions of each rule."""
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in rules.rules:
        found[rule.code] = (*found.get(rule.code, ()), rule)
    return found
