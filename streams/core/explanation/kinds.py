"""How each kind of rule is explained: one function by what its evaluator is asked for.

`explain_kind` goes by the trigger of the evaluator (`streams.core.judging.evaluator`), so that a
new kind with a known trigger is explained without a change here; `_BY_KIND` holds the kinds that
rest on something of their own. Whatever nobody explains still has its published facts. The file is
long because each kind is told from its comparison to its mass in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec

from streams.core.explanation.building import Judged
from streams.core.explanation.exceptions import explain_exceptions
from streams.core.explanation.gaps import explain_silence
from streams.core.explanation.node import Node, Value
from streams.core.explanation.windows import explain_window
from streams.core.explanation.words import length_text, number_text
from streams.core.judging.evaluator import (
    DeviceEvaluator,
    MassEvaluator,
    RegistrationEvaluator,
    RunEvaluator,
    SilenceEvaluator,
    WindowEvaluator,
)
from streams.core.numeric.exact_sum import quotient
from streams.core.records.findings import WindowMean
from streams.core.sources.series import MASS_FLOW
from streams.core.time.local_clock import iso, parse_instant
from streams.core.windows.mean import VALID

MET: Final = "MET"
NOT_MET: Final = "NOT_MET"


def explain_kind(judged: Judged) -> None:
    """Add what the violation rests on: comparison, measurements, exceptions, mass."""
    evaluator = judged.evaluator
    if evaluator is not None:
        by_kind = _BY_KIND.get(str(evaluator.condition.__struct_config__.tag))
        if by_kind is not None:
            by_kind(judged)
            return
        for trigger, explain in _BY_TRIGGER:
            if isinstance(evaluator, trigger):
                explain(judged)
                return
    _facts_alone(judged)


def _window(judged: Judged) -> None:
    """Explain one mean of one window against a multiple of its limit."""
    building, violation, evaluator = judged.building, judged.shown, judged.evaluator
    assert isinstance(evaluator, WindowEvaluator)  # noqa: S101 - the table below says so
    parameter, unit = violation.parameter or "", judged.published.unit or ""
    windows = [window for window, asked in evaluator.windows() if asked == unit]
    if unit == MASS_FLOW and building.entry is not None:  # it may be reported by another channel
        parameter = building.entry.plan(violation.start).mass_key(parameter).split("|", 1)[0]
    mean = next(
        (
            found
            for window in windows
            if (found := building.mean(parameter, unit, window, violation.start)) is not None
            and found.end == violation.end
        ),
        None,
    )
    if mean is None:
        _facts_alone(judged)
        return
    _compare(judged, mean, f"{judged.root}.measurements.{mean.window}.value")
    _add_windows(judged, [(mean.window, mean)])
    explain_exceptions(judged)
    _excess(judged)


def _run(judged: Judged) -> None:
    """Explain windows that follow each other, each at least a multiple of its own limit."""
    building, violation, evaluator = judged.building, judged.shown, judged.evaluator
    assert isinstance(evaluator, RunEvaluator)  # noqa: S101 - the table below says so
    words, condition = building.words, evaluator.condition
    parameter, unit = violation.parameter or "", judged.published.unit or ""
    cadence = building.entry.cadence_s if building.entry is not None else 0
    window = condition.window_for(cadence)
    end = violation.end if violation.end is not None else violation.detected_at
    means = {
        each.start: each
        for each in building.rerun.means
        if (each.parameter, each.unit, each.window) == (parameter, unit, window)
        and violation.start <= each.start < end
    }
    found = [(iso(start), means[start]) for start in sorted(means)]
    least = length_text(condition.longer_than_s * 1000, words.language)
    met = judged.again is not None and judged.again.status != "WITHDRAWN"
    text = words("s_no_run", least=least)
    if met:
        length = length_text(end - violation.start, words.language)
        text = words("s_run", count=len(found), length=length, least=least)
    node = Node(
        words("comparison"),
        text,
        (end - violation.start) / 1000,
        "s",
        MET if met else NOT_MET,
        judged.published.legal_basis,
        {"windows": len(found), "longer_than_s": condition.longer_than_s},
        (f"{judged.root}.measurements",),
    )
    address = building.trace.add(judged.root, "comparison", node)
    for segment, mean in found:
        text, reason, numbers = _comparison(judged, mean)
        building.trace.add(
            address,
            segment,
            Node(words.moment(mean.start), text, mean.value, mean.unit, reason, numbers=numbers,
                 inputs=(f"{judged.root}.measurements.{segment}.value",)),
        )  # fmt: skip
    _add_windows(judged, found)
    explain_exceptions(judged)
    _excess(judged)


def _silence(judged: Judged) -> None:
    """Explain that nothing came for longer than the outage limit."""
    building, violation = judged.building, judged.shown
    words = building.words
    limit = building.facts.policy.outage_limit
    end = violation.end if violation.end is not None else violation.detected_at
    met = end - violation.start > limit and violation.status != "WITHDRAWN"
    language = words.language
    text = words(
        "s_outage",
        length=length_text(end - violation.start, language),
        least=length_text(limit, language),
    )
    building.trace.add(
        judged.root,
        "comparison",
        Node(
            words("comparison"),
            text,
            (end - violation.start) / 1000,
            "s",
            MET if met else NOT_MET,
            judged.published.legal_basis,
            {"limit_s": limit / 1000},
            (f"{judged.root}.silence",),
        ),
    )
    explain_silence(building, judged.root, None, violation.start, violation.end)
    explain_exceptions(judged)


def _registration(judged: Judged) -> None:
    """Explain a duty of the enterprise that its registration shows not to be met."""
    building, violation = judged.building, judged.shown
    words, trace = building.words, building.trace
    registration = building.facts.registry.enterprise(violation.bin, violation.detected_at)
    enterprise = None if registration is None else registration.enterprise
    met = judged.again is not None and judged.again.status != "WITHDRAWN"
    numbers: dict[str, Value] = {"since": iso(violation.start)}
    category: Value = violation.category
    commissioned = installed = connected = "—"
    if enterprise is not None:
        none = words("nothing")
        commissioned = enterprise.commissioned_on
        installed = enterprise.asm.installed_on or none
        connected = enterprise.asm.connected_on or none
        numbers |= {
            "commissioned_on": enterprise.commissioned_on,
            "installed_on": enterprise.asm.installed_on,
            "connected_on": enterprise.asm.connected_on,
        }
    text = words(
        "s_duty",
        since=words.moment(violation.start),
        category=category,
        commissioned=commissioned,
    )
    text += " " + words("s_asm", installed=installed, connected=connected)
    node = Node(
        words("duty"), text, met, "", MET if met else NOT_MET, judged.published.legal_basis, numbers
    )
    address = trace.add(judged.root, "duty", node)
    for source in enterprise.sources if enterprise is not None else ():
        criteria = msgspec.to_builtins(source.criteria) if source.criteria is not None else {}
        said = ", ".join(f"{name} {value}" for name, value in criteria.items()) or "—"
        trace.add(address, source.id, Node(words("criteria"), said, source.id, numbers=criteria))
    explain_exceptions(
        judged, deferrable=enterprise is not None and _is_deferred(judged, enterprise.roadmap)
    )


def _is_deferred(judged: Judged, roadmap: Any) -> bool:
    """Whether the road map of the enterprise is one that defers this duty."""
    if roadmap is None:
        return judged.published.rule == "KZ-NOASM"
    until = parse_instant(judged.building.words.zone, roadmap.until)
    over = judged.shown.detected_at >= until
    return judged.shown.deferred_until is not None or (over and judged.published.rule == "KZ-NOASM")


def _facts_alone(judged: Judged) -> None:
    """Say that nobody explains this kind, and leave the published facts."""
    building, evaluator = judged.building, judged.evaluator
    kind = judged.published.rule
    if evaluator is not None:
        kind = str(evaluator.condition.__struct_config__.tag)
    building.trace.add(
        judged.root,
        "measurements",
        Node(
            building.words("measurements"),
            building.words("s_no_kind", kind=kind),
            reason="NOT_EXPLAINED",
        ),
    )
    explain_exceptions(judged)


def _add_windows(judged: Judged, found: list[tuple[str, WindowMean]]) -> None:
    building = judged.building
    address = building.trace.add(judged.root, "measurements", Node(building.words("measurements")))
    if building.entry is None:
        return
    for segment, mean in found:
        tally = explain_window(
            building.trace, address, segment, mean, building.entry, building.readings,
            building.words,
        )  # fmt: skip
        building.tally.add(tally)
        building.windows.append(mean)
        building.insufficient += mean.status != VALID


def _compare(judged: Judged, mean: WindowMean, value: str) -> None:
    building = judged.building
    text, reason, numbers = _comparison(judged, mean)
    node = Node(
        building.words("comparison"), text, mean.value, mean.unit, reason,
        judged.published.legal_basis, numbers, (value, value.replace(".value", ".limit")),
    )  # fmt: skip
    building.trace.add(judged.root, "comparison", node)


def _comparison(judged: Judged, mean: WindowMean) -> tuple[str, str, dict[str, Value]]:
    """Return the sentence, the answer and the numbers of a comparison with a limit."""
    words, condition = judged.building.words, judged.evaluator and judged.evaluator.condition
    factor = getattr(condition, "factor", 1)
    above = getattr(condition, "compare", "at_least") == "above"
    limit = mean.limit
    if mean.value is None or limit is None or mean.status != VALID:
        return words("not_met"), NOT_MET, {"status": mean.status}
    edge = Fraction(Decimal(factor)) * Fraction(limit)
    value = Fraction(mean.value)
    met = value > edge if above else value >= edge
    sign = (">" if above else "≥") if met else ("≤" if above else "<")
    # Digits enough that two different numbers do not look alike.
    digits = next(
        (n for n in (6, 9, 12) if number_text(mean.value, n) != number_text(float(edge), n)), 17
    )
    text = words(
        "s_compared",
        value=number_text(mean.value, digits),
        sign=sign,
        factor=factor,
        limit=number_text(limit),
        edge=number_text(float(edge), digits),
        unit=mean.unit,
        answer=words("met" if met else "not_met"),
    )
    numbers: dict[str, Value] = {
        "value": mean.value,
        "factor": str(factor),
        "limit": limit,
        "threshold": float(edge),
        "ratio": mean.value / limit if limit else None,
        "sign": sign,
    }
    return text, MET if met else NOT_MET, numbers


def _excess(judged: Judged) -> None:
    """Explain the mass above the norm: the share (value - L) / value of what was emitted."""
    building, violation = judged.building, judged.shown
    words, grams = building.words, building.tally.grams
    value, limit, excess = violation.value, violation.limit, violation.excess_mass_t
    if excess is None or grams is None or value is None or limit is None:
        node = Node(words("excess_mass"), words("s_excess_none"), unit="t", reason="NOT_MEASURED")
        building.trace.add(judged.root, "excess_mass", node)
        return
    mass = float(grams / 1_000_000)
    text = words(
        "s_excess",
        mass=number_text(mass),
        value=number_text(value),
        limit=number_text(limit),
        excess=number_text(excess),
    )
    numbers: dict[str, Value] = {"emitted_t": mass, "value": value, "limit": limit}
    building.trace.add(
        judged.root,
        "excess_mass",
        Node(words("excess_mass"), text, excess, "t", "MEASURED", numbers=numbers,
             inputs=(f"{judged.root}.measurements",)),
    )  # fmt: skip


def _plain_mean(judged: Judged) -> None:
    """Explain the plain mean of the VALID shorter means of a day (Order 208, point 26)."""
    building, violation, evaluator = judged.building, judged.shown, judged.evaluator
    condition = None if evaluator is None else evaluator.condition
    of, parameter = getattr(condition, "of", ""), violation.parameter or ""
    end = violation.end if violation.end is not None else violation.detected_at
    means = {
        each.start: each
        for each in building.rerun.means
        if (each.parameter, each.unit, each.window) == (parameter, violation.unit, of)
        and violation.start <= each.start < end
    }
    counted = [
        each.value for each in means.values() if each.status == VALID and each.value is not None
    ]
    day = building.mean(parameter, violation.unit or "", "day", violation.start)
    if day is None or not counted:
        _facts_alone(judged)
        return
    value = quotient(counted, len(counted))
    words = building.words
    plain = msgspec.structs.replace(day, value=value, status=VALID)
    text, reason, numbers = _comparison(judged, plain)
    said = words("s_plain", count=len(counted), window=of, value=number_text(value), unit=day.unit)
    node = Node(
        words("comparison"), f"{said} {text}", value, day.unit, reason,
        judged.published.legal_basis, {**numbers, "means": len(counted)},
        (f"{judged.root}.measurements",),
    )  # fmt: skip
    building.trace.add(judged.root, "comparison", node)
    _add_windows(judged, [(iso(start), means[start]) for start in sorted(means)])
    explain_exceptions(judged)
    _excess(judged)


def _device(judged: Judged) -> None:
    """Explain readings of a device that no verification covers: the first and the last of them."""
    building, violation = judged.building, judged.shown
    words, trace = building.words, building.trace
    until = violation.verification_until
    said = words(
        "s_verification",
        serial=violation.device_serial or "—",
        number=violation.verification or "—",
        until="—" if until is None else words.moment(until),
    )
    met = judged.again is not None and violation.status != "WITHDRAWN"
    node = Node(
        words("comparison"), said, violation.device_serial, "", MET if met else NOT_MET,
        judged.published.legal_basis,
    )  # fmt: skip
    trace.add(judged.root, "comparison", node)
    address = trace.add(judged.root, "measurements", Node(words("measurements")))
    end = 1 << 62 if violation.end is None else violation.end
    own = [
        each
        for each in building.readings.within(violation.start, end)
        if building.readings.refusal(each) is None
        and each.reading.device_serial == violation.device_serial
    ]
    shown = [("first_reading", own[:1])]
    if violation.end is not None:
        shown.append(("last_reading", own[-1:]))
    for name, found in shown:
        for message in found:
            reading, record = message.reading, message.record
            text = words(
                "s_message",
                at=words.moment(reading.measured_at),
                offset=record.offset,
                arrived=words.moment(record.timestamp),
            )
            numbers: dict[str, Value] = {"offset": record.offset, "device": reading.device_serial}
            trace.add(
                address, name, Node(words(name), text, iso(reading.measured_at), numbers=numbers)
            )
    explain_exceptions(judged)


def _year(judged: Judged) -> None:
    """Explain a year's mass: its closed hours, each the mean mass flow times its valid seconds."""
    building, violation = judged.building, judged.published
    words, trace = building.words, building.trace
    hours = building.windows
    limit, total = violation.limit or 0.0, year_tonnes(hours)
    met = total > limit
    text = words(
        "s_year",
        value=number_text(total, 9),
        sign=">" if met else "≤",
        limit=number_text(limit),
        answer=words("met" if met else "not_met"),
    )
    node = Node(
        words("comparison"), text, total, "t", MET if met else NOT_MET,
        judged.published.legal_basis, {"limit_t": limit, "excess_t": total - limit},
        (f"{judged.root}.hours",),
    )  # fmt: skip
    trace.add(judged.root, "comparison", node)
    listed = trace.add(
        judged.root,
        "hours",
        Node(words("hours"), words("s_hours", count=len(hours)), len(hours)),
    )
    for each in hours:
        mass = year_tonnes([each])
        said = words(
            "s_hour", value=number_text(each.value), valid=each.valid_s, mass=number_text(mass)
        )
        numbers: dict[str, Value] = {"g_s": each.value, "valid_s": each.valid_s}
        node = Node(words.moment(each.start), said, mass, "t", each.status, numbers=numbers)
        trace.add(listed, iso(each.start), node)
    explain_exceptions(judged)


def year_tonnes(hours: Sequence[WindowMean]) -> float:
    """Add up the mass of hours, t: of each its mean in g/s, rounded once, times its valid time."""
    grams = sum(
        (Fraction(each.value) * each.valid_s for each in hours if each.value is not None),
        Fraction(),
    )
    return float(grams / 1_000_000)


_BY_KIND: Final[dict[str, Callable[[Judged], None]]] = {"plain_mean_over": _plain_mean}
"""Kinds that rest on something of their own, by the tag of their condition."""

_BY_TRIGGER: Final[tuple[tuple[type[Any], Callable[[Judged], None]], ...]] = (
    (RunEvaluator, _run),
    (MassEvaluator, _year),
    (WindowEvaluator, _window),
    (SilenceEvaluator, _silence),
    (DeviceEvaluator, _device),
    (RegistrationEvaluator, _registration),
)
