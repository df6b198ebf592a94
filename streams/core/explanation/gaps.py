"""Explains a silence: what came before it and after it, and when it counts as a gap."""

from __future__ import annotations

from streams.core.explanation.building import Building
from streams.core.explanation.facts import StoredMessage
from streams.core.explanation.node import Node, Value
from streams.core.explanation.words import length_text
from streams.core.time.local_clock import iso


def explain_silence(
    building: Building, root: str, parameter: str | None, start: int, end: int | None
) -> None:
    """Add the nodes of a silence of a source, or of one channel, over ``[start, end)`` (ms)."""
    words, trace, entry = building.words, building.trace, building.entry
    what = words("whole_source") if parameter is None else parameter
    length: Value = None if end is None else (end - start) / 1000
    address = trace.add(
        root, "silence", Node(words("silence"), f"{what}, {words.span(start, end)}", length, "s")
    )
    if entry is not None:
        said = words("s_threshold", gap_after=length_text(entry.gap_after, words.language))
        numbers: dict[str, Value] = {
            "gap_after_s": entry.gap_after // 1000,
            "cadence_s": entry.cadence_s,
            "grace_s": building.facts.policy.grace // 1000,
        }
        node = Node(words("threshold"), said, entry.gap_after // 1000, "s", numbers=numbers)
        trace.add(address, "threshold", node)
    counting = [
        message
        for message in building.facts.messages
        if building.readings.refusal(message) is None and _counts(building, message, parameter)
    ]
    before = max(
        (each for each in counting if each.reading.ends_at <= start),
        key=lambda each: each.reading.ends_at,
        default=None,
    )
    trace.add(address, "before", _before(building, before, start))
    after = min(
        (each for each in counting if end is None or each.reading.measured_at >= end),
        key=lambda each: each.reading.measured_at,
        default=None,
    )
    trace.add(address, "after", _after(building, after, start, end))
    until = end
    if until is None:
        last = building.readings.within(start, 1 << 62)
        until = last[-1].reading.ends_at if last else start
    if building.readings.within(start, until):
        listed = trace.add(address, "readings", Node(words("readings")))
        key = "" if parameter is None else parameter
        tally = building.readings.explain(listed, key, _unit(building, key, start), start, until, 0)
        building.tally.add(tally)
        said = words(
            "s_readings", messages=tally.messages, used=tally.used, unused=tally.unused, missing=0
        )
        trace.say(listed, said, dict(sorted(tally.codes.items())))


def _counts(building: Building, message: StoredMessage, parameter: str | None) -> bool:
    """Whether an accepted reading ends a silence: any does for a source, a valid one a channel."""
    if parameter is None:
        return True
    found = building.readings.assessed(message)
    return found is not None and parameter in found[1].valid_pollutants


def _unit(building: Building, parameter: str, start: int) -> str:
    """Return the unit of the first series of a channel, by which it counts as valid."""
    if building.entry is None or parameter not in (plans := building.entry.plan(start)):
        return ""
    return plans[parameter].series[0].unit


def _before(building: Building, message: StoredMessage | None, start: int) -> Node:
    words = building.words
    if message is None:
        return Node(words("before"), words("s_before_none"), reason="NONE")
    reading, offset = message.reading, message.record.offset
    text = words("s_before", at=words.moment(reading.ends_at), offset=offset)
    if reading.ends_at != start:
        text += " " + words("s_excused_edge")
    return Node(words("before"), text, iso(reading.ends_at), numbers={"offset": offset})


def _after(building: Building, message: StoredMessage | None, start: int, end: int | None) -> Node:
    words = building.words
    if message is None or message.reading.measured_at < start:
        return Node(words("after"), words("s_after_none"), reason="NONE")
    reading, record = message.reading, message.record
    text = words(
        "s_after",
        at=words.moment(reading.measured_at),
        offset=record.offset,
        arrived=words.moment(record.timestamp),
    )
    if end is not None and reading.measured_at != end:
        text += " " + words("s_excused_edge")
    numbers: dict[str, Value] = {"offset": record.offset, "arrived_at": iso(record.timestamp)}
    return Node(words("after"), text, iso(reading.measured_at), numbers=numbers)
