"""The rules of the law as the portal shows them: what each says, and the file that says it."""

from __future__ import annotations

import re
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
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")


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
        return _translated(f"rules.sanction_{self.rule.code}", self.rule.sanction, language)

    def source(self, language: Language) -> str | None:
        """Return where the rule was read and how, likewise."""
        return _translated(f"rules.source_{self.rule.code}", self.rule.source, language)

    def places(self, language: Language) -> list[tuple[str, str, Language]]:
        """Return each place in the law: the act, the article and so on, the language of the act.

        An act that has no name in the language keeps the one that the file gives.
        """
        return [_place(each, language) for each in self.rule.legal_basis]


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


def _translated(name: str, written: str, language: Language) -> str | None:
    """Return a text of a rule in a language; None where the file says something else by now."""
    return words(language)[name] if words("en").get(name) == written else None


def _place(article: Article, language: Language) -> tuple[str, str, Language]:
    texts = words(language)
    act = texts.get(f"rules.act_{article.act.rpartition('№ ')[2]}")
    parts = [
        texts[f"rules.place_{name}"].format(number=number)
        for name in _PLACES
        if (number := getattr(article, name))
    ]
    if act is not None:
        return act, ", ".join(parts), language
    return article.act, ", ".join(parts), "ru" if _CYRILLIC.search(article.act) else "en"
