"""Explains the rule of a violation: its place in the law, since when, what follows from it."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.core.explanation.building import Judged
from streams.core.explanation.node import Node, Value
from streams.core.records.findings import Violation
from streams.core.time.interval import FOREVER


def title_of(judged: Judged) -> str:
    """Return the title of the rule in the language of the explanation, or its code."""
    if judged.rule is None:
        return judged.published.rule
    return judged.rule.titles[judged.building.words.language]


def explain_rule(judged: Judged) -> None:
    """Add the nodes of the rule; without its file, what the violation itself says of it."""
    building, rule, violation = judged.building, judged.rule, judged.published
    trace, words = building.trace, building.words
    node = Node(
        words("rule"),
        f"{violation.rule}: {title_of(judged)}",
        violation.rule,
        law=violation.legal_basis,
        numbers={"rule_set": violation.rule_set},
    )
    address = trace.add(judged.root, "rule", node)
    for number, place in enumerate(violation.legal_basis, 1):
        said = words.citation(place)
        trace.add(address, f"law{number}", Node(words("place"), said, law=(place,)))
    trace.add(address, "track", Node(words("track"), violation.track, violation.track))
    if rule is None:
        return
    zone = words.zone
    since, until = rule.since(zone), rule.until(zone)
    ends = words("open_end") if until >= FOREVER else words("until", at=words.moment(until))
    trace.add(
        address,
        "in_force",
        Node(
            words("in_force"),
            words("s_in_force", since=words.moment(since), until=ends),
            rule.in_force(violation.start, zone),
            numbers={"valid_from": str(rule.valid_from), "valid_to": _date(rule.valid_to)},
        ),
    )
    automatic = rule.automatic_since(zone)
    trace.add(
        address,
        "automatic",
        Node(
            words("automatic_from"),
            words("s_never")
            if automatic >= FOREVER
            else words("s_from", since=words.moment(automatic)),
            numbers={"automatic": _date(rule.automatic)},
        ),
    )
    condition = condition_numbers(rule.condition)
    said = ", ".join(f"{name} {value}" for name, value in condition.items())
    trace.add(address, "condition", Node(words("condition"), said, numbers=condition))
    reading = Node(
        words("reading_of_law"), rule.source, rule.certainty, reason=rule.certainty.upper()
    )
    trace.add(address, "certainty", reading)
    trace.add(address, "sanction", Node(words("sanction"), rule.sanction))


def condition_numbers(condition: Any) -> dict[str, Value]:
    """Return the fields of a condition as a rule file has them, its kind first."""
    plain = msgspec.to_builtins(condition, str_keys=True)
    return {
        name: value if isinstance(value, (int, float, str, bool)) or value is None else _said(value)
        for name, value in plain.items()
        if value not in ({}, [])
    }


def _said(value: object) -> str:
    """Write a field that has parts, such as ``1200: 20min``."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {each}" for name, each in value.items())
    return str(value)


def _date(day: object) -> str | None:
    return None if day is None else str(day)


def limit_of_subject(violation: Violation) -> str:
    """Return the source of a violation, or the БИН of the enterprise that it is about."""
    return violation.source_id or violation.bin
