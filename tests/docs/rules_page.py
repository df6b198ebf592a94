"""Writes the page of rules from the rule files."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from emissions.rule_cases.case import read_cases
from streams.core.judging.evaluator import conditions
from streams.core.law.citation import citation
from streams.core.law.rule import Condition, Rule
from streams.rules.folder import rule_folder
from streams.rules.load import CASES, load_rules
from tests.docs.markdown import code, page, table

_HOME: Final = "streams.rules.kinds"


def rules_page() -> str:
    """Show every rule of the shipped set: condition, place in the law, what follows, since when."""
    rules = load_rules()
    overview = table(
        ("code", "title", "track", "certainty", "cases"),
        [
            (
                f"[{rule.code}](#{rule.code.lower()})",
                rule.titles["en"],
                rule.track,
                rule.certainty,
                _cases(rule),
            )
            for rule in rules.rules
        ],
    )
    parts = [
        f"The shipped rule set is `{rules.version}`: a hash over the content of all rules, which "
        "stands in every mean and violation. A rule is a file in `streams/rules/kz/`, beside it "
        "lie its cases; what its parts mean is in [concepts](../concepts/rules.md). "
        "L is the limit.",
        overview,
        "Cases: how many find a violation, and how many find none. Together they take every "
        "decision of the kinds both ways, but for those that "
        "`tests/rules/test_decisions.py` names.",
    ]
    parts += [
        "## Kinds of conditions",
        "A kind is a file in `streams/rules/kinds/`; a rule names it and gives its parameters.",
        table(("kind", "holds when", "parameters"), [_kind(each) for each in kinds()]),
    ]
    for rule in rules.rules:
        parts += [f"## {rule.code}", table(("", ""), _rows(rule))]
    return page("Rules", *parts)


def kinds() -> list[type[Condition]]:
    """Return the conditions of the package by their names; tests may have added others."""
    shipped = [
        (tag, kind) for tag, kind in conditions().items() if kind.__module__.startswith(_HOME)
    ]
    return [kind for _, kind in sorted(shipped, key=lambda each: each[0])]


def _cases(rule: Rule) -> str:
    """Count the cases of a rule: those in which a violation stands, and the others."""
    files = [read_cases(path) for path in rule_folder().glob(f"*{CASES}")]
    cases = [case for file in files if file.rule == rule.code for case in file.cases]
    found = sum(any("withdrawn" not in text for text in case.found) for case in cases)
    return f"{found} + {len(cases) - found}"


def _kind(kind: type[Condition]) -> tuple[str, str, str]:
    hints = get_type_hints(kind)
    parameters = []
    for part in msgspec.structs.fields(kind):
        allowed = get_args(hints[part.name]) if get_origin(hints[part.name]) is Literal else ()
        values = f": {', '.join(map(code, allowed))}" if allowed else ""
        parameters.append(f"{code(part.name)}{values}" + ("" if part.required else " (optional)"))
    told = (kind.__doc__ or "").strip().partition("\n\n")
    said = " ".join(told[0].split()).replace("``", "`")
    return code(kind.__struct_config__.tag), said, "; ".join(parameters)


def _rows(rule: Rule) -> list[tuple[str, object]]:
    titles = [(f"title ({language})", title) for language, title in rule.titles.items()]
    return [
        *titles,
        ("condition", "; ".join(f"{name} {code(value)}" for name, value in _condition(rule))),
        ("legal basis", citation(rule.legal_basis)),
        ("sanction", rule.sanction),
        ("track", rule.track),
        ("in force", f"from {rule.valid_from}" + (f" to {rule.valid_to}" if rule.valid_to else "")),
        ("automatic", f"from {rule.automatic}" if rule.automatic else "never"),
        ("certainty", f"{rule.certainty}: {rule.source}"),
    ]


def _condition(rule: Rule) -> list[tuple[str, Any]]:
    told: dict[str, Any] = msgspec.to_builtins(rule.condition, str_keys=True)
    return [(name, _value(value)) for name, value in told.items() if value not in ({}, None)]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {inner}" for name, inner in value.items())
    return str(value)
