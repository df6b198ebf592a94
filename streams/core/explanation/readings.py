"""Explains every reading of a window: what was done to it, or why it does not count.

One file, although a long one: the reasons stand in the order in which the engine asks for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec

from schemas.columns import Pattern
from schemas.reading import Reading
from streams.core.engine.preparation import as_marked
from streams.core.explanation.conversion import parts_of
from streams.core.explanation.facts import Facts, StoredMessage
from streams.core.explanation.node import Node, Trace, Value
from streams.core.explanation.rerun import Rerun
from streams.core.explanation.words import Words, number_text
from streams.core.law.quality_codes import CONFLICTING_DUPLICATE, UNVERIFIED, ZEROED, named_codes
from streams.core.quality.assess import Assessment, SeriesAssessment, assess_reading
from streams.core.sources.source import SourceEntry
from streams.core.time.local_clock import iso

USED = "USED"
ACCEPTED = "ACCEPTED"
DUPLICATE = "DUPLICATE"
ABSENT = "ABSENT"
OTHER_PERIOD = "OTHER_PERIOD"
"""Reasons of readings beside the quality codes."""

UNITS = {"temperature": "K", "pressure": "kPa", "moisture": "%", "oxygen": "%", "flow": "m3/s"}

_MEANINGS = {each.code: {"en": each.en, "ru": each.ru, "kk": each.kk} for each in named_codes()}


def meaning_of(code: str, language: str) -> str:
    """Return what a quality code or the reason of a dead letter means; '' for any other."""
    return _MEANINGS.get(code, {}).get(language, "")


@dataclass
class Tally:
    """Counts the readings of an interval, by what became of them.

    ``codes`` by reason; ``states`` other than NORMAL; ``grams`` the exact mass of the readings
    with a valid mass flow, None without any; ``conflicts`` intervals that two readings contest.
    """

    messages: int = 0
    used: int = 0
    used_s: int = 0
    total: Fraction = Fraction()
    codes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    unverified: int = 0
    conflicts: int = 0
    grams: Fraction | None = None

    @property
    def unused(self) -> int:
        """Messages that do not count."""
        return self.messages - self.used

    def add(self, other: Tally) -> None:
        """Add the readings of another interval."""
        self.messages += other.messages
        self.used += other.used
        self.used_s += other.used_s
        self.total += other.total
        self.codes += other.codes
        self.states += other.states
        self.unverified += other.unverified
        self.conflicts += other.conflicts
        if other.grams is not None:
            self.grams = (self.grams or Fraction()) + other.grams


class ReadingExplainer:
    """Adds the nodes of readings to a trace; each reading is assessed once."""

    def __init__(self, facts: Facts, rerun: Rerun, trace: Trace, words: Words, known: int) -> None:
        """Take what notices had said by the stream time ``known`` (ms)."""
        self.facts = facts
        self._known = known
        self._rerun = rerun
        self._trace = trace
        self._words = words
        self._assessed: dict[int, tuple[SourceEntry, Assessment] | None] = {}
        self._repeats = _repeats(facts, rerun)
        self._by_time = sorted(
            facts.messages, key=lambda each: (each.reading.measured_at, each.record.offset)
        )
        self._starts = [each.reading.measured_at for each in self._by_time]

    def assessed(self, message: StoredMessage) -> tuple[SourceEntry, Assessment] | None:
        """Return the registration and the assessment of an accepted reading; None: refused."""
        offset = message.record.offset
        if offset not in self._assessed:
            self._assessed[offset] = self._assess(message)
        return self._assessed[offset]

    def _assess(self, message: StoredMessage) -> tuple[SourceEntry, Assessment] | None:
        if self.refusal(message) is not None:
            return None
        registry = self.facts.registry
        arrival, source_id = message.record.timestamp, message.reading.source_id
        entry = registry.source(source_id, arrival, self._known)
        if entry is None:
            return None
        return entry, assess_reading(self.marked(message, entry), entry)

    def marked(self, message: StoredMessage, entry: SourceEntry) -> Reading:
        """Return a reading as it counts: with what marks of the operator say of it."""
        reading, notices = message.reading, self.facts.registry.notices
        if not notices.of_source(reading.source_id):
            return reading
        said = [
            (mark.parameter, mark.state, mark.flag)
            for mark in notices.marks(entry, self._known, reading.measured_at)
            if mark.covers(reading.measured_at, reading.ends_at)
        ]
        sent = Pattern(reading.period_s, reading.state, tuple(reading.values), reading.flags)
        counts = as_marked(sent, said)
        return msgspec.structs.replace(reading, state=counts.state, flags=dict(counts.flags))

    def refusal(self, message: StoredMessage) -> tuple[str, str] | None:
        """Return code and sentence of a message that was not accepted; None: it was."""
        offset = message.record.offset
        refused = message.refusal or self._rerun.refused.get(offset)
        if refused is not None:
            return refused.reason, refused.detail
        if offset in self._repeats:
            return DUPLICATE, self._words("s_duplicate")
        return None

    def within(self, start: int, end: int) -> Sequence[StoredMessage]:
        """Return the messages whose reading lies in ``[start, end)``, in the order of time."""
        first, last = (bisect_left(self._starts, at) for at in (start, end))
        return self._by_time[first:last]

    def explain(
        self, parent: str, parameter: str, unit: str, start: int, end: int, length_s: int
    ) -> Tally:
        """Add a node for each message of an interval under ``parent``, and count them.

        Only readings of periods that divide ``length_s``, the length of the window, count (0: any).
        """
        tally = Tally()
        for message in self.within(start, end):
            tally.messages += 1
            self._explain(parent, message, f"{parameter}|{unit}", length_s, tally)
        return tally

    def _explain(
        self, parent: str, message: StoredMessage, key: str, length_s: int, tally: Tally
    ) -> None:
        reading, offset = message.reading, message.record.offset
        at, unit = iso(reading.measured_at), key.split("|", 1)[1]
        parameter = key.split("|", 1)[0]
        numbers: dict[str, Value] = {
            "raw": reading.values.get(parameter),
            "period_s": reading.period_s,
            "state": reading.state,
            "device": reading.device_serial,
            "offset": offset,
            "arrived_at": iso(message.record.timestamp),
        }
        moment = self._words.moment(reading.measured_at)
        refused = self.refusal(message)
        found = None if refused is not None else self.assessed(message)
        if refused is not None or found is None:
            reason, detail = refused or ("UNKNOWN_SOURCE", self._words("s_unregistered"))
            tally.codes[reason] += 1
            tally.conflicts += reason == CONFLICTING_DUPLICATE
            meaning = meaning_of(reason, self._words.language)
            text = "; ".join(dict.fromkeys(part for part in (meaning, detail) if part))
            node = Node(moment, text, reason=reason, numbers=numbers, unit=unit)
            self._trace.add(parent, f"{at}@{offset}", node)
            return
        entry, assessment = found
        reading = self.marked(message, entry)
        if (reading.state, reading.flags) != (message.reading.state, message.reading.flags):
            numbers |= {"marked_state": reading.state, "marked_flag": reading.flags.get(parameter)}
        if reading.state != "NORMAL":
            tally.states[reading.state] += 1
        if length_s % reading.period_s:
            self._left_out(parent, at, moment, OTHER_PERIOD, "s_own_window", numbers, tally)
            return
        if not parameter:  # of the source as a whole: that it came is all that counts
            tally.used += 1
            node = Node(moment, self._words("valid"), reason=ACCEPTED, numbers=numbers)
            self._trace.add(parent, at, node)
            return
        mass = entry.plan(reading.measured_at).mass_key(parameter)
        _count_mass(assessment, mass, reading.period_s, tally)
        own = next((each for each in assessment.series if each[0].key == key), None)
        if own is None:
            self._left_out(parent, at, moment, ABSENT, "s_absent", numbers, tally)
            return
        _, _, value, code, zeroed = own
        if code is not None:
            tally.codes[code] += 1
            meaning = meaning_of(code, self._words.language)
            text = f"{number_text(reading.values[parameter])}: {code}, {meaning}"
            node = Node(moment, text, reason=code, numbers=numbers, unit=unit)
            self._trace.add(parent, at, node)
            return
        tally.used += 1
        tally.used_s += reading.period_s
        tally.total += Fraction(value) * reading.period_s
        marks = []
        if zeroed:
            marks.append(ZEROED)
        if not assessment.verified:
            marks.append(UNVERIFIED)
            tally.unverified += 1
        tally.codes.update(marks)
        self._used(parent, message, own, found, marks, numbers)

    def _left_out(
        self,
        parent: str,
        at: str,
        moment: str,
        reason: str,
        word: str,
        numbers: dict[str, Value],
        tally: Tally,
    ) -> None:
        tally.codes[reason] += 1
        self._trace.add(parent, at, Node(moment, self._words(word), reason=reason, numbers=numbers))

    def _used(
        self,
        parent: str,
        message: StoredMessage,
        own: SeriesAssessment,
        found: tuple[SourceEntry, Assessment],
        marks: list[str],
        numbers: dict[str, Value],
    ) -> None:
        series, raw, value, _, _ = own
        reading, (entry, assessment) = message.reading, found
        at, moment = iso(reading.measured_at), self._words.moment(reading.measured_at)
        words = self._words
        text = words("valid")
        if marks:
            text += (
                f" ({', '.join(f'{mark}: {meaning_of(mark, words.language)}' for mark in marks)})"
            )
        channel = entry.source.channels
        unit = next((each.unit for each in channel if each.parameter == series.parameter), "")
        numbers |= {"value_taken": raw, "raw_unit": unit, "marks": " ".join(marks)}
        node = Node(moment, text, value, series.unit, USED, numbers=numbers)
        address = self._trace.add(parent, at, node)
        if series.normalise is None:
            return
        plan = entry.plan(reading.measured_at)
        auxiliaries = {
            each[0].parameter: each[1]
            for each in assessment.series
            if each[3] is None and not plan[each[0].parameter].pollutant
        }
        gas = entry.gas_plan.gas(auxiliaries)
        limit = series.limit
        for part in parts_of(series.normalise, gas, None if limit is None else limit.reference):
            above, below = part.factor
            shown, unit = above / below, UNITS.get(part.name, "")
            if part.measured is None:
                said = words("c_plain", factor=number_text(shown))
            elif part.reference is None:
                said = words(
                    "c_measured",
                    factor=number_text(shown),
                    measured=number_text(part.measured),
                    unit=unit,
                )
            else:
                said = words(
                    "c_part",
                    factor=number_text(shown),
                    measured=number_text(part.measured),
                    reference=number_text(part.reference),
                    unit=unit,
                )
            self._trace.add(
                address,
                part.name,
                Node(
                    words(part.name),
                    said,
                    shown,
                    reason="FACTOR",
                    numbers={
                        "measured": part.measured,
                        "measured_unit": unit,
                        "reference": part.reference,
                        "exact": f"{above}/{below}",
                    },
                ),
            )


def _count_mass(assessment: Assessment, key: str, period_s: int, tally: Tally) -> None:
    for series, _, value, code, _ in assessment.series:
        if series.key == key and code is None:
            tally.grams = (tally.grams or Fraction()) + Fraction(value) * period_s


def _repeats(facts: Facts, rerun: Rerun) -> set[int]:
    """Find the offsets of readings that repeat one that was accepted before."""
    seen: set[tuple[int, int]] = set()
    found = set()
    for message in facts.messages:
        if message.refusal is not None or message.record.offset in rerun.refused:
            continue
        reading = message.reading
        index = (reading.period_s, reading.measured_at // (reading.period_s * 1000))
        if index in seen:
            found.add(message.record.offset)
        seen.add(index)
    return found
