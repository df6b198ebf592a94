"""Finds what is to be explained, and explains it from the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final
from uuid import UUID

from emissions.explain.store import MeanKey, Store, UnknownSubjectError
from streams.core.explanation.explain import (
    Explanation,
    explain_gap,
    explain_mean,
    explain_violation,
)
from streams.core.explanation.finding import explain_finding
from streams.core.explanation.words import LANGUAGES
from streams.core.sources.series import CONCENTRATION
from streams.core.time.local_clock import from_datetime, parse_instant, zone
from streams.core.time.wording import local_text
from streams.rules.finding_kinds import finding_kinds

_SOURCES: Final = "SELECT DISTINCT source_id FROM registry ORDER BY source_id"
_PARAMETERS: Final = (
    "SELECT DISTINCT parameter FROM means WHERE source_id = {source:String} ORDER BY parameter"
)
_NEAREST: Final = """
SELECT toUnixTimestamp64Milli(start) FROM means
WHERE source_id = {source:String} AND parameter = {parameter:String} AND window = {window:String}
ORDER BY abs(toUnixTimestamp64Milli(start) - {start:Int64}) LIMIT 1
"""


def explain_id(store: Store, identity: UUID, language: str) -> Explanation:
    """Explain the violation, gap or finding of an id; raises UnknownSubjectError."""
    facts = store.violation(identity)
    if facts is not None:
        return explain_violation(facts, store.wire, str(identity), language)
    facts = store.gap(identity)
    if facts is not None:
        return explain_gap(facts, store.wire, str(identity), language)
    findings = store.finding(identity)
    if findings:
        last = findings[-1]
        entry = None if last.source_id is None else store.entry(last.source_id)
        zone_name = store.country_zone if entry is None else entry.zone
        kind = finding_kinds().get(last.kind)
        titles = None if kind is None else {each: kind.title(each) for each in LANGUAGES}
        return explain_finding(findings, titles, zone_name, language)
    raise UnknownSubjectError(
        f"there is no violation, no gap and no finding {identity}; `emissions violations` and "
        "`emissions findings` list the first and the last, the view gaps_current has the gaps"
    )


def explain_window(
    store: Store, source_id: str, parameter: str, window: str, start: str, language: str,
    unit: str | None = None,
) -> Explanation:  # fmt: skip
    """Explain the mean of a window that starts at ``start``, an instant or on the source's clock.

    Raises UnknownSubjectError with what is nearest, ValueError for a time that is none.
    """
    entry = store.entry(source_id)
    if entry is None:
        names = [str(row[0]) for row in store.rows(_SOURCES)]
        raise UnknownSubjectError(f"there is no source {source_id}{_nearest(source_id, names)}")
    at = instant_of(start, entry.zone)
    facts = store.mean(MeanKey(source_id, parameter, window, at, unit))
    if facts is None:
        raise UnknownSubjectError(
            _no_mean(store, MeanKey(source_id, parameter, window, at, unit), entry.zone)
        )
    units = [each.unit for each in facts.means]
    chosen = unit or (CONCENTRATION if CONCENTRATION in units else units[0])
    key = source_id, parameter, chosen, window, at
    return explain_mean(facts, store.wire, key, language)


def instant_of(text: str, zone_name: str) -> int:
    """Return ms UTC of a date (its midnight) or a time; one without an offset is on the clock.

    Raises ValueError for any other text.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time") from None
    if len(text) > 10 and value.tzinfo is None:
        return from_datetime(value.replace(tzinfo=zone(zone_name)))
    return parse_instant(zone_name, text)


def _no_mean(store: Store, key: MeanKey, zone_name: str) -> str:
    """Say why there is no such mean, and which is nearest."""
    parameters = [str(row[0]) for row in store.rows(_PARAMETERS, source=key.source_id)]
    if key.parameter not in parameters:
        listed = ", ".join(parameters[:20]) or "none"
        return f"{key.source_id} has no means of {key.parameter}; it has {listed}"
    nearest = store.rows(
        _NEAREST,
        source=key.source_id,
        parameter=key.parameter,
        window=key.window,
        start=key.start,
    )
    if not nearest:
        return f"{key.source_id} has no means of {key.parameter} over {key.window}"
    where = local_text(nearest[0][0], zone_name)
    unit = f" in {key.unit}" if key.unit else ""
    return (
        f"no mean of {key.parameter} over {key.window}{unit} starts at "
        f"{local_text(key.start, zone_name)}; the nearest starts at {where}"
    )


def _nearest(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
