"""The rules of the law as the portal shows them: what each says, and the file that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar.di import NamedDependency

from emissions.portal.language import Language, words
from streams.core.law.rule import Rule
from streams.core.records.findings import Article
from streams.rules.country import load_country
from streams.rules.folder import rule_folder
from streams.rules.load import CASES, named_rules, rule_files, rule_set

_WINDOWS: Final = ("window", "of")
_PLACES: Final = ("article", "part", "point", "subpoint")
_HOUR_S: Final = 3600


@dataclass(frozen=True)
class WrittenRule:
    """A rule with the text of its file, and that of its cases where there are some."""

    rule: Rule
    text: str
    cases: str | None

    @property
    def file_name(self) -> str:
        """Name of the file when it is taken along: code and first day in force."""
        return f"{self.rule.code}-{self.rule.valid_from.isoformat()}.yaml"

    @property
    def condition(self) -> dict[str, Any]:
        """Fields of the condition that are set; ``kind`` is its kind."""
        told: dict[str, Any] = msgspec.to_builtins(self.rule.condition, str_keys=True)
        return told

    def compared(self, language: Language) -> str | None:
        """Say what is compared with what; None for a kind that has no words here."""
        texts = words(language)
        condition = self.condition
        sentence = texts.get(f"rules.kind_{condition['kind']}")
        return None if sentence is None else sentence.format(**_said(condition, texts))

    def sanction(self, language: Language) -> str | None:
        """Return what the law threatens, in a language; None where only the file says it."""
        texts = words(language)
        name = f"rules.sanction_{self.rule.code}"
        if words("en").get(name) != self.rule.sanction:  # the file has changed since
            return None
        return texts[name]

    def places(self, language: Language) -> list[tuple[str, str, bool]]:
        """Return each place in the law: the act, the article and so on, whether it is translated.

        An act that has no name in the language keeps the one that the file gives, in Russian.
        """
        return [_place(each, words(language)) for each in self.rule.legal_basis]


@dataclass(frozen=True)
class RuleBook:
    """All rules, in the order of codes and dates, and the version that results name."""

    version: str
    rules: tuple[WrittenRule, ...]

    def versions(self, code: str) -> tuple[WrittenRule, ...]:
        """Return every version of a rule, the one in force last at the front."""
        return tuple(each for each in reversed(self.rules) if each.rule.code == code)


RulesOfPortal = NamedDependency[RuleBook]
"""How a page asks for the rules: a parameter ``rule_book`` of this kind."""


def read_rule_book(directory: str | Path | None) -> RuleBook:
    """Read the rules of a directory, or the packaged ones. Raises RuleError."""
    folder = rule_folder(directory)
    texts = dict(rule_files(folder))
    named = named_rules(directory)
    ordered = rule_set((rule for _, rule in named), load_country(directory))
    names = {(rule.code, rule.valid_from): name for name, rule in named}
    return RuleBook(
        ordered.version,
        tuple(
            WrittenRule(rule, texts[name], _cases(folder / name))
            for rule in ordered.rules
            for name in [names[rule.code, rule.valid_from]]
        ),
    )


def _cases(rule_file: Path) -> str | None:
    beside = rule_file.with_name(rule_file.name.removesuffix(".yaml") + CASES)
    return beside.read_text("utf-8") if beside.is_file() else None


def _said(condition: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a condition as a sentence takes them."""
    said = dict(condition)
    for name in _WINDOWS:
        if name in said:
            said[name] = texts[f"rules.window_{said[name]}"]
    factor = said.get("factor", 1)
    comparison = said.get("compare", "at_least")
    said["threshold"] = texts[
        f"rules.{comparison}" if factor == 1 else f"rules.{comparison}_times"
    ].format(factor=factor)
    if "unit" in said:
        said["unit"] = texts[f"rules.unit_{said['unit'].replace('/', '_')}"]
    if "longer_than_s" in said:
        said["hours"] = f"{said['longer_than_s'] / _HOUR_S:g}"
    return said


def _place(article: Article, texts: Mapping[str, str]) -> tuple[str, str, bool]:
    act = texts.get(f"rules.act_{article.act.rpartition('№ ')[2]}")
    parts = [
        texts[f"rules.place_{name}"].format(number=number)
        for name in _PLACES
        if (number := getattr(article, name))
    ]
    return act or article.act, ", ".join(parts), act is not None
