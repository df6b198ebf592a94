"""Says of each exception that could have applied whether it did, and why not.

General rule and named exceptions: what takes time away, what takes the automatism away, what
defers. Each has its place in the law.
"""

from __future__ import annotations

from typing import Final, Protocol

from streams.core.explanation.building import Judged
from streams.core.explanation.node import Node, Value
from streams.core.judging.violation import CONFLICTING_DATA, NOT_AUTOMATIC_YET, UNVERIFIED_DEVICE
from streams.core.records.findings import Article
from streams.core.time.interval import FOREVER
from streams.core.windows.mean import excused_time

_CODE: Final = "Экологический кодекс РК № 400-VI"
_OFFENCES: Final = "КоАП РК № 235-V"
_ORDER: Final = "Приказ № 208 от 22.06.2021"

FIRED: Final = "FIRED"
NOT_FIRED: Final = "NOT_FIRED"


class Say(Protocol):
    """Adds the node of one exception."""

    def __call__(self, name: str, fired: bool, text: str, value: Value, *law: Article) -> None:
        """Say of an exception whether it applied, and why or why not."""


def explain_exceptions(judged: Judged, *, deferrable: bool = False) -> None:
    """Add a node for each exception; ``deferrable``: a road map defers such a duty."""
    building, violation = judged.building, judged.shown
    words, tally, entry = building.words, building.tally, building.entry
    address = building.trace.add(judged.root, "exceptions", Node(words("exceptions")))

    def say(name: str, fired: bool, text: str, value: Value, *law: Article) -> None:
        state = words("fired" if fired else "not_fired")
        node = Node(
            words(name),
            f"{state}. {text}",
            value,
            "",
            FIRED if fired else NOT_FIRED,
            building.facts.law(*law),
        )
        building.trace.add(address, name.lower(), node)

    if entry is not None:
        end = violation.end
        until = violation.detected_at if end is None else end
        excused = excused_time((violation.start, until), entry, []) // 1000
        say(
            "EXCUSED",
            excused > 0,
            words("x_excused", seconds=excused),
            excused,
            Article(_ORDER, point="24"),
        )
        stops = sum(tally.states.values())
        names = ", ".join(sorted(tally.states)) or "—"
        say(
            "OPERATING_STATE",
            stops > 0,
            words("x_state", count=stops, states=names),
            stops,
            Article(_CODE, "202", point="5"),
            Article(_CODE, "202", point="8"),
        )
        say(
            "INSUFFICIENT",
            building.insufficient > 0,
            words("x_insufficient", count=building.insufficient),
            building.insufficient,
        )
        say(
            "UNVERIFIED_DEVICE",
            UNVERIFIED_DEVICE in violation.reasons,
            words("x_unverified", count=tally.unverified),
            tally.unverified,
            Article(_OFFENCES, "803", part="2", subpoint="6"),
        )
        say(
            "CONFLICTING_DATA",
            CONFLICTING_DATA in violation.reasons,
            words("x_conflict", count=tally.conflicts),
            tally.conflicts,
            Article(_OFFENCES, "765", part="3"),
        )
    _road_map(judged, say, deferrable=deferrable)
    _automatic(judged, say)
    registration = building.facts.registry.enterprise(violation.bin, violation.detected_at)
    test = registration is not None and bool(
        registration.enterprise and registration.enterprise.test
    )
    say("TEST_STREAM", test, words("x_test_fired" if test else "x_test"), test)


def _road_map(judged: Judged, say: Say, *, deferrable: bool) -> None:
    building, violation = judged.building, judged.shown
    words = building.words
    if not deferrable:
        say("ROAD_MAP", False, words("x_road_map_other"), None)
        return
    until = violation.deferred_until
    text = (
        words("x_road_map_none")
        if until is None
        else words("x_road_map", until=words.moment(until))
    )
    say("ROAD_MAP", until is not None, text, until)


def _automatic(judged: Judged, say: Say) -> None:
    building, violation, rule = judged.building, judged.shown, judged.rule
    words = building.words
    law = Article(_OFFENCES, "31")
    fired = NOT_AUTOMATIC_YET in violation.reasons
    if rule is None or (since := rule.automatic_since(words.zone)) >= FOREVER:
        say("NOT_AUTOMATIC_YET", fired, words("x_automatic_never"), None, law)
        return
    text = words("x_automatic", start=words.moment(violation.start), since=words.moment(since))
    say("NOT_AUTOMATIC_YET", fired, text, since, law)
