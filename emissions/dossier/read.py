"""Reads from ClickHouse what a dossier says: the case, its violations, the chart, the papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from emissions.dossier.facts import DossierFacts
from emissions.explain.store import Store, UnknownSubjectError
from streams.core.cases.content import WITHOUT_EFFECT, ToldNotice, notices_without_effect
from streams.core.explanation.chart import GAP, MOST_POINTS, Chart, Point, Span
from streams.core.explanation.explain import explain_violation
from streams.core.law.rule import RuleSet
from streams.core.records.case import AdministrativeCase, CaseItem, FineFactor
from streams.core.records.findings import Violation
from streams.core.sources.series import CONCENTRATION
from streams.core.time.interval import DAY, HOUR

_CASE: Final = """
SELECT revision, state, reasons, track, act, article, part, bin, enterprise, region, category,
    business_size, source_id, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(end),
    violations, absorbed, items.violation, items.rule, items.parameter, items.unit,
    arrayMap(at -> toUnixTimestamp64Milli(at), items.start),
    arrayMap(at -> toUnixTimestamp64Milli(at), items.end), items.value, items.limit,
    items.excess_mass_t, items.device_serial, items.verification,
    arrayMap(at -> toUnixTimestamp64Milli(at), items.verification_until), excess_mass_t,
    measured_mass_t, fine_kzt, fine_missing, fine_factors.parameter, fine_factors.substance,
    fine_factors.tonnes, fine_factors.rate_mci, fine_factors.index_kzt, fine_factors.percent,
    fine_factors.mci, repeat_of, systematic_with, related, toUnixTimestamp64Milli(deferred_until),
    toUnixTimestamp64Milli(detected_at), toUnixTimestamp64Milli(opened_at),
    toUnixTimestamp64Milli(delivered_at), toUnixTimestamp64Milli(revised_at), due, rule_set
FROM cases FINAL WHERE id = {id:UUID} ORDER BY revision DESC LIMIT 1
"""
_NOTICES: Final = """
SELECT notice_id, kind, verdict, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(end),
    parameter, if(state = '', flag, state), reason_given, basis, toUnixTimestamp64Milli(arrived_at)
FROM notices FINAL
WHERE source_id = {source:String} AND bin = {bin:String} AND verdict IN {verdicts:Array(String)}
"""
_WINDOWS: Final = ("20min", "30min", "1h", "day")
_CHARTS: Final = 3


def read_case(store: Store, identity: UUID) -> AdministrativeCase:
    """Return the last revision of a case; raises UnknownSubjectError."""
    rows = store.rows(_CASE, id=identity)
    if not rows:
        raise UnknownSubjectError(f"there is no case {identity}; `emissions cases` lists them")
    return _case(str(identity), rows[0])


def read_facts(store: Store, case: AdministrativeCase, rules: RuleSet) -> DossierFacts:
    """Return the facts of a case as they are stored."""
    starts = [each.start for each in case.items] or [case.start]
    known = store.violations(
        case.violations, sorted({each.rule for each in case.items}), min(starts), max(starts)
    )
    violations = tuple(known[each] for each in case.violations if each in known)
    history = store.registered(case.bin, case.source_id)
    registration = history.enterprise(case.bin, case.revised_at)
    entry = None if case.source_id is None else history.last_known(case.source_id, case.revised_at)
    return DossierFacts(
        case,
        violations,
        rules,
        store.country_zone if entry is None else entry.zone,
        None if registration is None else registration.enterprise,
        None if entry is None else entry.source,
        _charts(store, case, violations, store.country_zone if entry is None else entry.zone),
        _factors(store, violations),
        notices=_notices(store, case),
    )


def _notices(store: Store, case: AdministrativeCase) -> tuple[ToldNotice, ...]:
    """Return what the operator told of the case that did not do what it says."""
    if case.source_id is None:
        return ()
    rows = store.rows(_NOTICES, source=case.source_id, bin=case.bin, verdicts=list(WITHOUT_EFFECT))
    told = (ToldNotice._make((*row[:5], row[5] or None, *row[6:])) for row in rows)
    return notices_without_effect(case, told)


def _factors(store: Store, violations: Sequence[Violation]) -> dict[str, tuple[str, ...]]:
    """Return the key factors of the violation that weighs most."""
    if not violations:
        return {}
    worst = max(violations, key=lambda each: (each.ratio or 0.0, each.value or 0.0, each.id))
    facts = store.violation(UUID(worst.id))
    if facts is None:
        return {}
    return explain_violation(facts, store.wire, worst.id, "ru").key_factors


def _charts(
    store: Store, case: AdministrativeCase, violations: Sequence[Violation], zone: str
) -> tuple[Chart, ...]:
    """Draw each parameter and unit that windows of the case are about, the worst first."""
    if case.source_id is None:
        return ()
    limits: dict[tuple[str, str], float] = {}
    ratios: dict[tuple[str, str], float] = {}
    for each in violations:
        if each.parameter is None or each.unit is None or each.limit is None or each.ratio is None:
            continue
        key = each.parameter, each.unit
        limits[key] = each.limit
        ratios[key] = max(ratios.get(key, 0.0), each.ratio)
    end = max((each.end or each.detected_at for each in violations), default=case.revised_at)
    pad = min(max((end - case.start) // 8, HOUR // 2), DAY // 4)
    since, until = case.start - pad, end + pad
    found = []
    for parameter, unit in sorted(limits, key=lambda key: (-ratios[key], key))[:_CHARTS]:
        means = store.means(case.source_id, parameter, unit, since, until)
        for window in _WINDOWS:
            points = [
                Point(each.start, each.end, each.value, each.status == "VALID")
                for each in sorted(means, key=lambda mean: mean.start)
                if each.window == window and each.value is not None
            ]
            if 0 < len(points) <= MOST_POINTS:
                break
        else:
            continue
        spans = tuple(
            Span(GAP, max(gap.start, since), min(gap.end or until, until))
            for gap in store.gaps(case.source_id, since, until)
            if gap.parameter in (None, parameter)
            and gap.status != "WITHDRAWN"
            and gap.start < until
            and (gap.end or until) > since
        )
        factor = 2 if unit == CONCENTRATION else 1
        found.append(
            Chart(
                parameter, unit, zone, case.start, end, since, until, window, tuple(points),
                limits[parameter, unit], factor, spans,
            )
        )  # fmt: skip
    return tuple(found)


def _case(identity: str, row: Sequence[Any]) -> AdministrativeCase:
    (
        revision, state, reasons, track, act, article, part, bin_, names, region, category, size,
        source, start, end, violations, absorbed, *items_and_more,
    ) = row  # fmt: skip
    items, (mass, measured, fine, missing), rest = (
        items_and_more[:12], items_and_more[12:16], items_and_more[16:],
    )  # fmt: skip
    factors, (
        repeats, systematic, related, deferred, detected, opened, delivered, revised, due, rule_set,
    ) = rest[:7], rest[7:]  # fmt: skip
    return AdministrativeCase(
        identity, revision, state, tuple(reasons), track, act, article, part or None, bin_,
        dict(names), region, category, size, source or None, start, end, _ids(violations),
        _ids(absorbed), tuple(_item(each) for each in zip(*items, strict=True)),
        dict(sorted(mass.items())), dict(sorted(measured.items())), fine, missing or None,
        tuple(_factor(each) for each in zip(*factors, strict=True)), tuple(map(str, repeats)),
        _ids(systematic), _ids(related), deferred, detected, opened, delivered, revised,
        dict(due), rule_set,
    )  # fmt: skip


def _ids(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(each) for each in found)


def _item(cells: Sequence[Any]) -> CaseItem:
    violation, rule, parameter, unit, start, end, value, limit, mass, serial, paper, until = cells
    return CaseItem(
        str(violation), rule, parameter or None, unit or None, start, end, value, limit, mass,
        serial or None, paper or None, until,
    )  # fmt: skip


def _factor(cells: Sequence[Any]) -> FineFactor:
    parameter, substance, tonnes, rate, index, percent, mci = cells
    return FineFactor(parameter or None, substance or None, tonnes, rate, index, percent, mci)
