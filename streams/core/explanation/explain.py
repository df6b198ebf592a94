"""Explains a violation, a gap or a mean: judges it again, traces it, compares it.

The trace is made from what the engine computes this time; where that is not what was published,
`Explanation.differences` says so. One file, although a long one: the three that can be asked for
share how they are judged again, compared and finished.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from streams.core.explanation.building import Building, Difference, Judged
from streams.core.explanation.chart import Chart, chart_of
from streams.core.explanation.compare import differences
from streams.core.explanation.facts import Facts, StoredMessage
from streams.core.explanation.gaps import explain_silence
from streams.core.explanation.key_factors import key_factors
from streams.core.explanation.kinds import explain_kind, year_tonnes
from streams.core.explanation.node import Node, Trace, Value
from streams.core.explanation.readings import ReadingExplainer
from streams.core.explanation.rerun import Rerun, Wire, judge_again
from streams.core.explanation.rule import explain_rule, title_of
from streams.core.explanation.windows import explain_window
from streams.core.explanation.words import LANGUAGES, Words, number_text
from streams.core.judging.day_tally import DayTallyEvaluator
from streams.core.judging.evaluator import (
    DeviceEvaluator,
    MassEvaluator,
    RegistrationEvaluator,
    RunEvaluator,
    SilenceEvaluator,
    evaluator_of,
)
from streams.core.law.rule import Rule
from streams.core.records.findings import DataGap, Violation, WindowMean
from streams.core.sources.series import MASS_FLOW
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import iso
from streams.core.time.window_kinds import WINDOW_KINDS

_BY_TIME_ALONE: Final = (SilenceEvaluator, DeviceEvaluator, RegistrationEvaluator)
"""What these publish changes with stream time alone, which other sources move too: how often it
was seen to change is not compared."""

_YEAR_TOLERANCE: Final = 1e-9
"""Relative: the mean of an hour was rounded to a double before it stands in a sum of hours."""


class Explanation(msgspec.Struct, frozen=True):
    """An explanation: the tree of nodes by address, and whether it is what was published.

    ``differences`` name what is not equal; ``notes`` what could not be compared, and why, and where
    nothing could, ``compared`` is False;
    ``key_factors`` at most ten sentences in each language.
    """

    id: str
    root: str
    title: str
    language: str
    zone: str
    equal: bool
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    key_factors: dict[str, tuple[str, ...]]
    nodes: dict[str, Node]
    chart: Chart | None = None
    compared: bool = True


def explain_violation(facts: Facts, wire: Wire, identity: str, language: str) -> Explanation:
    """Explain a violation, of which ``facts`` hold at least the last revision.

    Raises KeyError where they hold none.
    """
    revisions = sorted(
        (each for each in facts.violations if each.id == identity), key=lambda each: each.revision
    )
    if not revisions:
        raise KeyError(identity)
    published = revisions[-1]
    entry = _entry(facts, published.source_id, published.detected_at)
    rule = _rule(facts, published, entry)
    evaluator = None if rule is None else evaluator_of(rule)
    ticks = {each.detected_at for each in revisions}
    ticks |= {each.detected_at for each in facts.history}
    ticks |= {*facts.ticks, *(each.stream_time for each in facts.means)}
    if published.source_id is None:
        ticks |= {at for at in _registered(facts) if at <= published.detected_at}
    if isinstance(evaluator, SilenceEvaluator):
        ticks |= _beginning(facts, published.start)
    cuts: Collection[int] = ()
    if isinstance(evaluator, RunEvaluator) and entry is not None:
        cuts = _closings(facts, entry, published, evaluator.condition.window_for(entry.cadence_s))
    yearly = isinstance(evaluator, MassEvaluator)
    numbered = not isinstance(evaluator, _BY_TIME_ALONE)
    counted = isinstance(evaluator, DayTallyEvaluator)
    # A year's readings are too many to judge again: it is added up from its hours, or shown.
    rerun = Rerun([], [], [], {}) if yearly or counted else _again(facts, wire, ticks, cuts)
    made = [each for each in rerun.violations if each.id == identity]
    building = _building(facts, rerun, language, entry, published.detected_at)
    again = made[-1] if made else None
    if yearly:
        building.windows = _hours(facts, published)
    judged = Judged(building, "violation", published, again, rule, evaluator)
    words = building.words
    what = " ".join(
        part for part in (published.source_id or published.bin, published.parameter or "") if part
    )
    text = words(
        "s_violation",
        rule=published.rule,
        what=what,
        span=words.span(published.start, published.end),
        revision=published.revision,
        status=published.status,
    )
    building.trace.root(
        "violation",
        Node(title_of(judged), text, published.value, published.unit or "", published.status,
             published.legal_basis),
    )  # fmt: skip
    _subject(judged)
    explain_rule(judged)
    explain_kind(judged)
    _evidence(judged)
    if rule is None:
        here = facts.rules.version
        building.compared = False
        building.notes.append(words("s_no_rule", rule=published.rule, here=here))
    elif counted:
        building.compared = False
        building.notes.append(words("s_counted_not_compared"))
    elif yearly:
        _compare_year(judged)
    else:
        _compare_violation(judged, made, revisions, numbered=numbered)
    # Judged alone, a source may be seen to change at other moments than it was.
    alike = again is not None and (numbered or again.revision == published.revision)
    _revisions_of_violation(judged, made if alike else revisions)
    factors = {each: key_factors(judged, each, entry) for each in LANGUAGES}
    chart = None if entry is None else chart_of(
        building, published.parameter, published.unit, published.start,
        published.end if published.end is not None else published.detected_at,
    )  # fmt: skip
    return _finished(building, identity, "violation", title_of(judged), factors, chart)


def _rule(facts: Facts, published: Violation, entry: SourceEntry | None) -> Rule | None:
    """Return the version of the rule that was in force when the violation began.

    Of a rule that is not in force then any more (or yet) the last version; None where there is no
    rule of that code.
    """
    zone = facts.rules.country.zone if entry is None else entry.zone
    versions = [each for each in facts.rules.rules if each.code == published.rule]
    in_force = [each for each in versions if each.in_force(published.start, zone)]
    return next(iter([*in_force, *versions[::-1]]), None)


def explain_gap(facts: Facts, wire: Wire, identity: str, language: str) -> Explanation:
    """Explain a gap of a source or of a channel; raises KeyError where it is not in ``facts``."""
    revisions = sorted(
        (each for each in facts.gaps if each.id == identity), key=lambda each: each.revision
    )
    if not revisions:
        raise KeyError(identity)
    published = revisions[-1]
    entry = _entry(facts, published.source_id, published.detected_at)
    ticks = {each.detected_at for each in revisions} | _beginning(facts, published.start)
    rerun = _again(facts, wire, ticks, ())
    made = [each for each in rerun.gaps if each.id == identity]
    building = _building(facts, rerun, language, entry, published.detected_at)
    words = building.words
    text = _gap_text(published, words)
    building.trace.root("gap", Node(words("gap"), text, reason=published.status))
    explain_silence(building, "gap", published.parameter, published.start, published.end)
    if made:
        building.differences += differences("gap", published, made[-1], ("revision", "detected_at"))
    elif published.status != "WITHDRAWN":
        building.differences.append(Difference("gap", published.status, "null"))
    _revisions(building, "gap", [(each.revision, each.detected_at, each.status, "") for each in
                                 (made or revisions)], published.start, published.end)  # fmt: skip
    said = {each: _gap_text(published, Words(each, words.zone)) for each in LANGUAGES}
    factors = {each: _short_factors(building, text, each) for each, text in said.items()}
    until = published.end if published.end is not None else published.detected_at
    chart = chart_of(building, published.parameter, None, published.start, until)
    return _finished(building, identity, "gap", words("gap"), factors, chart)


def explain_mean(
    facts: Facts, wire: Wire, key: tuple[str, str, str, str, int], language: str
) -> Explanation:
    """Explain a mean by source, parameter, unit, window and start (ms).

    Raises KeyError where ``facts`` do not hold it.
    """
    source_id, parameter, unit, window, start = key
    revisions = sorted(
        (
            each
            for each in facts.means
            if (each.source_id, each.parameter, each.unit, each.window, each.start) == key
        ),
        key=lambda each: (each.revision, each.final),
    )
    if not revisions:
        raise KeyError(" ".join((source_id, parameter, window, iso(start))))
    published = revisions[-1]
    entry = _entry(facts, source_id, published.stream_time)
    rerun = _again(facts, wire, {each.stream_time for each in revisions}, ())
    building = _building(facts, rerun, language, entry, published.stream_time)
    again = building.mean(parameter, unit, window, start)
    words, identity = building.words, " ".join((source_id, parameter, window, iso(start)))
    shown = again or published
    text = _mean_text(published, words)
    building.trace.root("mean", Node(words("mean"), text, published.value, unit, published.status))
    if entry is not None:
        tally = explain_window(
            building.trace, "mean", window, shown, entry, building.readings, words
        )
        building.tally.add(tally)
        building.windows.append(shown)
    made = [
        each
        for each in rerun.means
        if (each.parameter, each.unit, each.window, each.start) == (parameter, unit, window, start)
    ]
    if again is None:
        building.differences.append(Difference("mean", str(published.value), "null"))
    else:
        _compare_means(building, published, again)
    rows = [
        (each.revision, each.stream_time, each.status, f"{number_text(each.value)} {unit}")
        for each in (made or revisions)
    ]
    _revisions(building, "mean", rows, published.start, published.end)
    said = {each: _mean_text(published, Words(each, words.zone)) for each in LANGUAGES}
    factors = {each: _short_factors(building, text, each) for each, text in said.items()}
    chart = chart_of(building, parameter, unit, published.start, published.end)
    return _finished(building, identity, "mean", words("mean"), factors, chart)


def _finished(
    building: Building,
    identity: str,
    root: str,
    title: str,
    factors: dict[str, tuple[str, ...]],
    chart: Chart | None,
) -> Explanation:
    words, found = building.words, building.differences
    text = words("s_equal") if building.compared and not found else ""
    reason = "DIFFERENT" if found else "EQUAL" if building.compared else "NOT_COMPARED"
    address = building.trace.add(
        root,
        "equality",
        Node(words("equality"), text, not found, reason=reason),
    )
    for number, each in enumerate(found, 1):
        said = words(
            "s_different", where=each.where, published=each.published, computed=each.computed
        )
        building.trace.add(address, f"difference{number}", Node(each.where, said))
    for number, note in enumerate(building.notes, 1):
        building.trace.add(address, f"note{number}", Node("", note))
    return Explanation(
        identity,
        root,
        title,
        words.language,
        words.zone,
        not found,
        tuple(found),
        tuple(building.notes),
        factors,
        building.trace.nodes(),
        chart,
        building.compared,
    )


def _building(
    facts: Facts, rerun: Rerun, language: str, entry: SourceEntry | None, known: int
) -> Building:
    words = Words(language, facts.rules.country.zone if entry is None else entry.zone)
    trace = Trace()
    readings = ReadingExplainer(facts, rerun, trace, words, known)
    notes = [] if facts.registered else [words("s_last_registration")]
    return Building(facts, rerun, trace, words, readings, entry, notes=notes)


def _entry(facts: Facts, source_id: str | None, at: int) -> SourceEntry | None:
    if source_id is None:
        return None
    registry = facts.registry
    return registry.source(source_id, at) or registry.last_known(source_id, at)


def _beginning(facts: Facts, start: int) -> set[int]:
    """Return when the log begins for a silence that nothing came before: with it."""
    if any(each.reading.measured_at < start for each in facts.messages):
        return set()
    return {start}


def _registered(facts: Facts) -> Iterable[int]:
    """Yield the arrivals of the registrations, which are those of one enterprise."""
    at = facts.registry.changes_after(-(1 << 62))
    while at is not None:
        yield at
        at = facts.registry.changes_after(at)


def _again(facts: Facts, wire: Wire, ticks: Collection[int], cuts: Collection[int]) -> Rerun:
    """Judge the messages again, each that came after its shortest window had closed by itself."""
    alone = {each.record.offset for each in late_messages(facts, facts.messages)}
    last, told = max(ticks, default=0), facts.registry.notices.arrived_in(-FOREVER, FOREVER)
    ticks = {*ticks, *(each.arrived_at for each in told if each.arrived_at <= last)}
    return judge_again(facts, wire, ticks, cuts=cuts, alone=alone)


def late_messages(facts: Facts, messages: Iterable[StoredMessage]) -> list[StoredMessage]:
    """List the messages that arrived when the shortest window of their reading had closed."""
    shortest, grace = WINDOW_KINDS[0].length, facts.policy.grace
    found = []
    for message in messages:
        start = message.reading.measured_at
        if message.record.timestamp >= start - start % shortest + shortest + grace:
            found.append(message)
    return found


def _hours(facts: Facts, violation: Violation) -> list[WindowMean]:
    """Return the hours of a year that had closed when the violation was last published."""
    last: dict[int, WindowMean] = {}
    for each in sorted(facts.means, key=lambda mean: (mean.start, mean.revision)):
        if each.window == "1h" and each.unit == MASS_FLOW and each.value is not None:
            inside = violation.start <= each.start < (violation.end or FOREVER)
            if inside and each.stream_time <= violation.detected_at:
                last[each.start] = each
    return list(last.values())


def _compare_year(judged: Judged) -> None:
    """Compare the mass of a year with the sum of its hours."""
    building, published = judged.building, judged.published
    _note_rules(building, published.rule_set)
    if not building.windows:
        building.compared = False
        building.notes.append(building.words("s_year_without_hours"))
        return
    total, said = year_tonnes(building.windows), published.value
    if published.status == "WITHDRAWN":
        said = total if published.limit is None or total <= published.limit else said
    if said is None or abs(total - said) > _YEAR_TOLERANCE * abs(said):
        building.differences.append(Difference("violation.value", str(said), str(total)))


def _closings(facts: Facts, entry: SourceEntry, violation: Violation, window: str) -> list[int]:
    """List the times at which the windows of a run close, and that of the one after it."""
    kind = next(number for number, each in enumerate(WINDOW_KINDS) if each.name == window)
    end = violation.end if violation.end is not None else violation.detected_at
    at, found = violation.start, []
    while at <= end:
        at = entry.window(kind, at)[1]
        found.append(at + facts.policy.grace_of(kind))
    return found


def _subject(judged: Judged) -> None:
    building, violation = judged.building, judged.published
    words, trace = building.words, building.trace
    name = violation.enterprise.get(words.language) or violation.enterprise.get("ru") or ""
    numbers: dict[str, Value] = {
        "bin": violation.bin,
        "region": violation.region,
        "category": violation.category,
        "business_size": violation.business_size,
    }
    text = f"{name}, {words('bin')} {violation.bin}"
    address = trace.add(judged.root, "subject", Node(words("subject"), text, numbers=numbers))
    if violation.source_id is not None:
        entry = building.entry
        said = violation.source_id
        if entry is not None and entry.source.name:
            said += f", {entry.source.name}"
        trace.add(address, "source", Node(words("source"), said, violation.source_id))
    if violation.device_serial is not None:
        said = violation.device_serial
        if violation.verification:
            said += f", {violation.verification}"
        if violation.verification_until is not None:
            said += f", {words('until', at=words.moment(violation.verification_until))}"
        trace.add(address, "device", Node(words("device"), said, violation.device_serial))


def _evidence(judged: Judged) -> None:
    building, published = judged.building, judged.published
    words, trace, facts = building.words, building.trace, building.facts
    address = trace.add(judged.root, "evidence", Node(words("evidence")))
    again = () if judged.again is None else judged.again.evidence
    for number, proof in enumerate(published.evidence, 1):
        text = words(
            "s_evidence",
            partition=proof.partition,
            first=proof.first_offset,
            last=proof.last_offset,
            count=proof.readings,
            sha=proof.sha256,
        )
        same = any(each.sha256 == proof.sha256 for each in again)
        if proof.readings == 0 and proof.topic == facts.topic:
            said, reason = words("s_hash_none"), "NO_READINGS"
        elif same:
            said, reason = words("s_hash_equal"), "EQUAL"
        elif facts.as_sent or proof.topic != facts.topic:
            said, reason = "", "DIFFERENT"
        else:
            said, reason = words("s_hash_unknown"), "BYTES_NOT_STORED"
        numbers: dict[str, Value] = {
            "first_offset": proof.first_offset,
            "last_offset": proof.last_offset,
            "readings": proof.readings,
            "partition": proof.partition,
        }
        node = Node(proof.topic, f"{text} {said}".strip(), proof.sha256, "", reason,
                    numbers=numbers)  # fmt: skip
        trace.add(address, str(number), node)


def _compare_violation(
    judged: Judged, made: Sequence[Violation], revisions: Sequence[Violation], *, numbered: bool
) -> None:
    """Compare every stored revision with the same one computed again, and the last in any case."""
    building, published = judged.building, judged.published
    if judged.again is None:
        building.differences.append(Difference("violation", published.status, "null"))
        return
    left_out = ["detected_at", "rule_set", "evidence"]
    if not numbered:
        left_out.append("revision")
    by_number = {each.revision: each for each in made}
    for each in revisions:
        again = by_number.get(each.revision) if numbered else None
        if each is published and again is None:
            again = judged.again
        if again is None:
            continue
        where = "violation" if each is published else f"violation.revision{each.revision}"
        if not numbered:
            again = _open_alike(again, each)
        building.differences += differences(where, each, again, left_out)
        if numbered or not each.evidence or each.evidence[0].readings:
            _compare_evidence(building, where, each, again)
    for said in building.facts.history if numbered else ():
        again = by_number.get(said.revision)
        if again is not None and said.revision != published.revision:
            where = f"violation.revision{said.revision}"
            building.differences += differences(where, said, again, ("detected_at",))
    _note_rules(building, published.rule_set)
    for mean in building.windows:
        stored = [
            each
            for each in building.facts.means
            if (each.parameter, each.unit, each.window, each.start)
            == (mean.parameter, mean.unit, mean.window, mean.start)
        ]
        if stored:
            last = max(stored, key=lambda each: (each.revision, each.final))
            _compare_means(building, last, mean)


def _open_alike(again: Violation, published: Violation) -> Violation:
    """Let AMENDED and OPEN be the same: which of the two depends on the number alone."""
    both = {"OPEN", "AMENDED"}
    if {again.status, published.status} <= both:
        return msgspec.structs.replace(again, status=published.status)
    return again


def _compare_evidence(
    building: Building, where: str, published: Violation, again: Violation
) -> None:
    topic = building.facts.topic
    for before, after in zip(published.evidence, again.evidence, strict=False):
        if before.topic != topic and not building.facts.registered:
            continue
        left_out = ["topic"]
        if before.topic == topic and not building.facts.as_sent:
            left_out.append("sha256")
            if before.sha256 != after.sha256 and before.readings:
                note = building.words("s_hash_unknown")
                if note not in building.notes:
                    building.notes.append(note)
        building.differences += differences(f"{where}.evidence", before, after, left_out)
    if len(published.evidence) != len(again.evidence):
        lengths = str(len(published.evidence)), str(len(again.evidence))
        building.differences.append(Difference(f"{where}.evidence", *lengths))


def _compare_means(building: Building, published: WindowMean, again: WindowMean) -> None:
    where = f"mean.{published.parameter}.{published.unit}.{published.window}.{iso(published.start)}"
    building.differences += differences(
        where, published, again, ("stream_time", "rule_set", "final")
    )
    final = published.stream_time > published.end + building.facts.policy.max_lateness
    if published.final != final:
        building.differences.append(Difference(f"{where}.final", str(published.final), str(final)))
    _note_rules(building, published.rule_set)


def _note_rules(building: Building, rule_set: str) -> None:
    here = building.facts.rules.version
    if rule_set != here:
        note = building.words("s_other_rules", published=rule_set, here=here)
        if note not in building.notes:
            building.notes.append(note)


def _revisions_of_violation(judged: Judged, revisions: Sequence[Violation]) -> None:
    violation = judged.published
    rows = [
        (
            each.revision,
            each.detected_at,
            each.status,
            "" if each.value is None else f"{number_text(each.value)} {violation.unit or ''}",
        )
        for each in revisions
    ]
    _revisions(judged.building, judged.root, rows, violation.start, violation.end)


def _revisions(
    building: Building,
    root: str,
    rows: Sequence[tuple[int, int, str, str]],
    start: int,
    end: int | None,
) -> None:
    """Add a node for each revision: number, stream time, status, value; and what changed it."""
    words, trace = building.words, building.trace
    address = trace.add(root, "revisions", Node(words("revisions"), value=len(rows)))
    inside = building.readings.within(start, FOREVER if end is None else end)
    late = late_messages(building.facts, inside)
    before = None
    for number, at, status, value in rows:
        came = [
            each for each in late if before is not None and before < each.record.timestamp <= at
        ]
        why = words("s_why_first" if number == 1 else "s_why_time")
        if came:
            why = words(
                "s_why_late",
                count=len(came),
                first=words.moment(came[0].reading.measured_at),
                last=words.moment(came[-1].reading.measured_at),
                arrived=words.moment(max(each.record.timestamp for each in came)),
            )
        text = words("s_revision", at=words.moment(at), status=status, value=value or "—", why=why)
        numbers: dict[str, Value] = {
            "detected_at": iso(at),
            "late": len(came),
            "offsets": " ".join(str(each.record.offset) for each in came[:50]),
        }
        heading = f"{words('revision')} {number}"
        node = Node(heading, text, number, reason=status, numbers=numbers)
        trace.add(address, str(number), node)
        before = at


def _short_factors(building: Building, text: str, language: str) -> tuple[str, ...]:
    words = Words(language, building.words.zone)
    tally = building.tally
    found = [text, words("k_readings", used=tally.used, unused=tally.unused)]
    if tally.codes:
        codes = ", ".join(f"{code} ({count})" for code, count in sorted(tally.codes.items()))
        found.append(words("k_unused", codes=codes))
    found.append(words("k_not_checked" if building.differences else "k_checked"))
    return tuple(found)


def _gap_text(gap: DataGap, words: Words) -> str:
    return words(
        "s_gap",
        what=f"{gap.source_id} {gap.parameter or words('whole_source')}",
        span=words.span(gap.start, gap.end),
        revision=gap.revision,
        status=gap.status,
    )


def _mean_text(mean: WindowMean, words: Words) -> str:
    return words(
        "s_mean",
        what=f"{mean.source_id} {mean.parameter}, {mean.window}",
        span=words.span(mean.start, mean.end),
        value=f"{number_text(mean.value)} {mean.unit}",
        status=mean.status,
        revision=mean.revision,
    )
