"""The key factors of a violation in plain words, at most ten sentences (Digital Code, art. 43)."""

from __future__ import annotations

from typing import Final

from streams.core.explanation.building import Judged
from streams.core.explanation.words import Words, length_text, number_text
from streams.core.sources.source import SourceEntry

MOST: Final = 10


def key_factors(judged: Judged, language: str, entry: SourceEntry | None) -> tuple[str, ...]:
    """Say what decided: who, when, how much, by which rule, on which data."""
    building, violation = judged.building, judged.published
    words = Words(language, building.words.zone)
    name = violation.enterprise.get(language) or violation.enterprise.get("ru") or ""
    found = []
    if violation.source_id is None:
        found.append(words("k_who_enterprise", name=name, bin=violation.bin))
    else:
        found.append(words("k_who", source=violation.source_id, name=name, bin=violation.bin))
    if entry is None:
        found.append(words("k_duty", since=words.moment(violation.start)))
    else:
        found.append(words("k_when", span=words.span(violation.start, violation.end)))
    title = violation.rule if judged.rule is None else judged.rule.titles[language]
    found.append(words("k_rule", rule=violation.rule, title=title))
    law = "; ".join(words.citation(place) for place in violation.legal_basis)
    found.append(words("k_law", law=law))
    if violation.unit == "s" and violation.value is not None:
        found.append(
            words(
                "k_silence",
                length=length_text(round(violation.value * 1000), language),
                least=length_text(round((violation.limit or 0) * 1000), language),
            )
        )
    elif violation.value is not None:
        found.append(
            words(
                "k_value",
                parameter=violation.parameter or "",
                value=number_text(violation.value),
                unit=violation.unit or "",
                limit=number_text(violation.limit),
                ratio=number_text(violation.ratio, 4),
            )
        )
    tally = building.tally
    if tally.messages:
        found.append(words("k_readings", used=tally.used, unused=tally.unused))
        if tally.codes:
            codes = ", ".join(f"{code} ({count})" for code, count in sorted(tally.codes.items()))
            found.append(words("k_unused", codes=codes))
    if violation.excess_mass_t is not None:
        found.append(words("k_excess", mass=number_text(violation.excess_mass_t)))
    reasons = f" ({', '.join(violation.reasons)})" if violation.reasons else ""
    answer = words("yes" if violation.automatic else "no")
    found.append(words("k_automatic", answer=answer, reasons=reasons))
    if building.compared:
        found.append(words("k_not_checked" if building.differences else "k_checked"))
    return tuple(found[:MOST])
