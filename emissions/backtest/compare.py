"""What a draft changes: violations gained, lost and altered, by rule, enterprise and region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from emissions.backtest.draft import Drafts
from emissions.backtest.mass import Cost, cost_of
from emissions.backtest.run import Judged, Window
from streams.core.law.payment import PaymentTable
from streams.core.records.findings import Violation
from streams.core.time.local_clock import iso
from streams.core.time.wording import local_text

GAINED: Final = "gained"
LOST: Final = "lost"
ALTERED: Final = "altered"
SAME: Final = "same"

COMPARED: Final = (
    "end", "value", "validated_value", "limit", "ratio", "excess_mass_t", "automatic",
    "deferred_until", "track", "certainty", "legal_basis", "reasons",
)  # fmt: skip
"""Fields in which a violation may be altered; which revision it is and when it was detected say
nothing."""

SHOWN: Final = ("end", "value", "unit", "limit", "ratio", "excess_mass_t", "automatic", "track")
"""Fields of each side in the document of a change."""

_WITHDRAWN: Final = "WITHDRAWN"

Document = dict[str, Any]
Pair = tuple[Violation | None, Violation | None]


def backtest_document(
    drafts: Drafts,
    judged: Judged,
    window: Window,
    table: PaymentTable,
    *,
    language: str,
) -> Document:
    """Return the document for scripts; its keys are stable, times ISO 8601 UTC, masses tonnes.

    ``fine_kzt`` are estimates. A violation is compared where a part of it lies in the window.
    """
    pairs = _pairs(judged, window)
    nation = drafts.base.country.zone
    titles = {
        rule.code: rule.titles[language] for rule in (*drafts.base.rules, *drafts.draft.rules)
    }
    country = drafts.base.country

    def sums(some: list[Pair]) -> Document:
        return _sums(some, table, judged.zones, nation)

    def region_name(code: str) -> str:
        region = country.regions.get(code)
        return code if region is None else str(getattr(region, language))

    return {
        "rules": {
            "base": drafts.base.version,
            "draft": drafts.draft.version,
            "changed": list(drafts.changed),
            "added": list(drafts.added),
            "removed": list(drafts.removed),
        },
        "from": None if window.start is None else iso(window.start),
        "to": None if window.end is None else iso(window.end),
        "readings": judged.readings,
        "refused": judged.refused,
        "total": sums(pairs),
        "by_rule": [
            {"rule": code, "title": titles.get(code, code), **_sums_of_rule(some)}
            for code, some in _grouped(pairs, lambda each: each.rule)
        ],
        "by_enterprise": [
            {
                "bin": bin_,
                "name": _either(some[0]).enterprise.get(language, bin_),
                "region": _either(some[0]).region,
                **sums(some),
            }
            for bin_, some in _grouped(pairs, lambda each: each.bin)
        ],
        "by_region": [
            {"region": code, "name": region_name(code), **sums(some)}
            for code, some in _grouped(pairs, lambda each: each.region)
        ],
        "changes": [_change(pair, judged.zones, nation) for pair in pairs if kind_of(pair) != SAME],
    }


def kind_of(pair: Pair) -> str:
    """Return how the draft changes a violation."""
    base, draft = pair
    if base is None:
        return GAINED
    if draft is None:
        return LOST
    same = all(getattr(base, name) == getattr(draft, name) for name in COMPARED)
    return SAME if same else ALTERED


def _pairs(judged: Judged, window: Window) -> list[Pair]:
    """Pair the standing violations of the window by id, sorted by rule, source and start."""
    base = {key: each for key, each in judged.base.items() if _counts(each, window)}
    draft = {key: each for key, each in judged.draft.items() if _counts(each, window)}
    pairs = [(base.get(key), draft.get(key)) for key in base.keys() | draft.keys()]
    return sorted(pairs, key=_order)


def _counts(violation: Violation, window: Window) -> bool:
    return violation.status != _WITHDRAWN and window.holds(violation)


def _order(pair: Pair) -> tuple[str, str, str, str, int, str]:
    each = _either(pair)
    return (
        each.rule, each.source_id or "", each.bin, each.parameter or "", each.start, each.id,
    )  # fmt: skip


def _either(pair: Pair) -> Violation:
    found = pair[0] or pair[1]
    if found is None:
        raise ValueError("a pair of nothing")
    return found


def _grouped(
    pairs: Iterable[Pair], key: Callable[[Violation], str]
) -> list[tuple[str, list[Pair]]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(key(_either(pair)), []).append(pair)
    return sorted(groups.items())


def _counts_of(pairs: Iterable[Pair]) -> Document:
    kinds = [(kind_of(pair), pair) for pair in pairs]
    return {
        "base": sum(pair[0] is not None for _, pair in kinds),
        "draft": sum(pair[1] is not None for _, pair in kinds),
        **{name: sum(kind == name for kind, _ in kinds) for name in (GAINED, LOST, ALTERED)},
    }


def _sums_of_rule(pairs: list[Pair]) -> Document:
    """Count the violations of one rule, and add up their mass, whatever others count too.

    None where there are violations and no mass was measured.
    """

    def mass(side: int) -> float | None:
        found = [each.excess_mass_t for pair in pairs if (each := pair[side]) is not None]
        measured = [each for each in found if each is not None]
        return sum(measured) if measured or not found else None

    return {
        **_counts_of(pairs),
        "excess_mass_t_base": mass(0),
        "excess_mass_t_draft": mass(1),
    }


def _sums(
    pairs: list[Pair], table: PaymentTable, zones: Mapping[str, str], nation: str
) -> Document:
    """Count violations, and their mass and fines with each tonne counted once."""

    def cost(side: int) -> Cost:
        by_bin: dict[str, list[Violation]] = {}
        for pair in pairs:
            each = pair[side]
            if each is not None:
                by_bin.setdefault(each.bin, []).append(each)
        costs = [cost_of(some, table, zones, nation) for some in by_bin.values()]
        missing: dict[str, int] = {}
        for found in costs:
            for reason, count in found.missing.items():
                missing[reason] = missing.get(reason, 0) + count
        known = [found.tonnes for found in costs if found.tonnes is not None]
        tonnes = sum(known) if known or not costs else None
        return Cost(tonnes, sum(found.kzt for found in costs), missing)

    base, draft = cost(0), cost(1)
    return {
        **_counts_of(pairs),
        "excess_mass_t_base": base.tonnes,
        "excess_mass_t_draft": draft.tonnes,
        "fine_kzt_base": base.kzt,
        "fine_kzt_draft": draft.kzt,
        "not_in_fine_base": base.missing,
        "not_in_fine_draft": draft.missing,
    }


def _change(pair: Pair, zones: Mapping[str, str], nation: str) -> Document:
    each = _either(pair)
    return {
        "change": kind_of(pair),
        "rule": each.rule,
        "id": each.id,
        "bin": each.bin,
        "region": each.region,
        "source_id": each.source_id,
        "parameter": each.parameter,
        "start": iso(each.start),
        "start_local": local_text(each.start, zones.get(each.source_id or "", nation)),
        "base": _side(pair[0]),
        "draft": _side(pair[1]),
    }


def _side(violation: Violation | None) -> Document | None:
    if violation is None:
        return None
    fields = msgspec.to_builtins(violation)
    end = violation.end
    return {name: fields[name] for name in SHOWN} | {"end": None if end is None else iso(end)}
