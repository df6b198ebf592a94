"""Explains the mean of a window: its limit, its time, its share, its value, its readings."""

from __future__ import annotations

from fractions import Fraction

from streams.core.explanation.node import Node, Trace, Value
from streams.core.explanation.readings import ReadingExplainer, Tally
from streams.core.explanation.words import Words, number_text
from streams.core.records.findings import Article, WindowMean
from streams.core.registry.enterprise import Conditions, Limit
from streams.core.sources.source import SourceEntry
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mean import status_of

AVERAGING = (Article("Экологический кодекс РК № 400-VI", "202", point="5"),)
"""Where the law says over which time emissions are averaged."""


def explain_window(
    trace: Trace,
    parent: str,
    segment: str,
    mean: WindowMean,
    entry: SourceEntry,
    readings: ReadingExplainer,
    words: Words,
) -> Tally:
    """Add the nodes of a mean as it was computed again; returns the tally of its readings."""
    what = f"{mean.parameter}, {mean.window}"
    text = words(
        "s_mean",
        what=what,
        span=words.span(mean.start, mean.end),
        value=f"{number_text(mean.value)} {mean.unit}",
        status=mean.status,
        revision=mean.revision,
    )
    node = Node(
        words("window"), text, mean.value, mean.unit, mean.status, readings.facts.law(*AVERAGING)
    )
    address = trace.add(parent, segment, node)
    kind = next(number for number, each in enumerate(WINDOW_KINDS) if each.name == mean.window)
    limit = limit_of(entry, mean.parameter, mean.unit, mean.start)
    trace.add(address, "limit", limit_node(limit, mean.unit, words))
    length = (mean.end - mean.start) // 1000
    trace.add(
        address,
        "time",
        Node(
            words("time"),
            words("s_time", length=length, excused=mean.excused_s, due=mean.due_s),
            mean.due_s,
            "s",
            numbers={"length_s": length, "excused_s": mean.excused_s},
        ),
    )
    above, below = WINDOW_KINDS[kind].share
    said = words(
        "s_share",
        valid=mean.valid_s,
        due=mean.due_s,
        above=above,
        below=below,
        status=mean.status,
    )
    trace.add(
        address,
        "share",
        Node(
            words("share"),
            said,
            mean.valid_s / mean.due_s if mean.due_s else None,
            reason=status_of(kind, mean.valid_s * 1000, mean.due_s * 1000),
            numbers={"valid_s": mean.valid_s, "due_s": mean.due_s, "least": f"{above}/{below}"},
            inputs=(f"{address}.time", f"{address}.readings"),
        ),
    )
    listed = trace.add(address, "readings", Node(words("readings")))
    nominal_s = WINDOW_KINDS[kind].length // 1000
    tally = readings.explain(listed, mean.parameter, mean.unit, mean.start, mean.end, nominal_s)
    covered = {
        each.reading.measured_at
        for each in readings.within(mean.start, mean.end)
        if readings.refusal(each) is None
    }
    missing = max(0, length // entry.cadence_s - len(covered))
    numbers: dict[str, Value] = {
        "messages": tally.messages,
        "used": tally.used,
        "unused": tally.unused,
        "missing": missing,
        **dict(sorted(tally.codes.items())),
    }
    trace.say(
        listed,
        words(
            "s_readings",
            messages=tally.messages,
            used=tally.used,
            unused=tally.unused,
            missing=missing,
        ),
        numbers,
    )
    trace.add(address, "value", _value(tally, mean, f"{address}.readings", words))
    trace.add(address, "validated", _validated(mean, limit, f"{address}.value", words))
    return tally


def limit_of(entry: SourceEntry, parameter: str, unit: str, at: int) -> Limit | None:
    """Return the limit of a series at ``at`` (ms); a reported mass flow has that of its gas."""
    plan = entry.plan(at)
    return plan.limits.get((plan.reported.get(f"{parameter}|{unit}") or parameter, unit))


def limit_node(limit: Limit | None, unit: str, words: Words) -> Node:
    """Return the node of a limit as the permit and the registry have it."""
    if limit is None:
        return Node(words("limit"), words("s_no_limit", unit=unit), unit=unit, reason="NO_LIMIT")
    since = limit.valid_from or "…"
    reference = reference_text(limit.reference, words)
    text = words(
        "s_limit",
        limit=number_text(limit.value),
        unit=limit.unit,
        span=f"{since} – {limit.valid_to or '…'}",
        reference=reference,
    )
    return Node(
        words("limit"),
        text,
        limit.value,
        limit.unit,
        "IN_FORCE",
        numbers={
            "valid_from": limit.valid_from,
            "valid_to": limit.valid_to,
            "confidence_interval_pct": limit.confidence_interval_pct,
            "reference": reference,
        },
    )


def reference_text(reference: Conditions | None, words: Words) -> str:
    """Format reference conditions; a dash without any."""
    if reference is None:
        return "—"
    parts = [
        f"{reference.temperature_k:g} K" if reference.temperature_k is not None else "",
        f"{reference.pressure_kpa:g} kPa" if reference.pressure_kpa is not None else "",
        words("dry" if reference.dry else "wet"),
        f"{reference.o2_pct:g} % O2" if reference.o2_pct is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _value(tally: Tally, mean: WindowMean, readings: str, words: Words) -> Node:
    if not tally.used:
        return Node(words("value"), words("s_value_none"), unit=mean.unit, reason="NO_VALID_DATA")
    total, valid = tally.total, tally.used_s
    numbers: dict[str, Value] = {
        "sum": _rounded(total),
        "valid_s": valid,
        "readings": tally.used,
        "raw_mean": mean.raw_value,
        "min": mean.min,
        "max": mean.max,
        # The sum of what is shown, divided and rounded once: it must be the engine's double.
        "quotient": _rounded(total / valid),
    }
    said = words("s_value", count=tally.used, total=number_text(_rounded(total), 8), valid=valid)
    return Node(words("value"), said, mean.value, mean.unit, numbers=numbers, inputs=(readings,))


def _rounded(value: Fraction) -> float | None:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return None


def _validated(mean: WindowMean, limit: Limit | None, value: str, words: Words) -> Node:
    if mean.validated_value is None or limit is None:
        return Node(words("validated"), words("s_validated_none"), unit=mean.unit)
    text = words(
        "s_validated",
        value=number_text(mean.value),
        pct=number_text(limit.confidence_interval_pct),
        limit=number_text(limit.value),
        result=number_text(mean.validated_value),
        unit=mean.unit,
    )
    return Node(words("validated"), text, mean.validated_value, mean.unit, inputs=(value,))
