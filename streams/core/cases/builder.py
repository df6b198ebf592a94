"""Opens and revises the cases of one subject as its violations come in the order of the log.

Time passes by moments: where stream time jumps from one record to the next, what lies between
happens at its own moment, records of a moment before what the moment opens: a moment is over when
a later record, or a tick of that moment, was read. So the result follows from the log alone,
wherever batches are cut and however many ticks lie between.

One file, although a long one: what may happen at a moment, and the order of it, is one decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from streams.core.cases.case import build, deferred_until, is_refused, met_in_time, reasons_of
from streams.core.cases.episodes import covered_by, due, episodes, runs_of
from streams.core.cases.facts import fact_of, moment_of
from streams.core.cases.index import CaseIndex, span_of
from streams.core.cases.mass import COUNTED
from streams.core.cases.repeated import ARTICLE, repeat_of, systematic_with
from streams.core.cases.rules import CASE_RULES, LONG_RUN, OUTAGE, ripe_at
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import Case, CaseState, Fact
from streams.core.records.case import AdministrativeCase, case_id
from streams.core.records.findings import Violation
from streams.core.records.revision import PublishedRevision
from streams.core.registry.measure import REVIEWED
from streams.core.time.interval import DAY, FOREVER, HOUR, Interval
from streams.core.time.local_clock import clock

COURT: Final = "COURT"
_KEPT: Final = 3 * 366 * DAY
"""How long a case is remembered after it opened: no act is punished later (КоАП 62)."""

_encoder = msgspec.msgpack.Encoder()


class Step(NamedTuple):
    """What one record of the log brought: stream time went from ``before`` to ``at`` (ms).

    ``late`` are the revisions that data made, and not the time that passed: id and number.
    ``refused`` are the arrivals of messages of the source that were dead-lettered then. ``tick``:
    the record was a tick, which ends its moment.
    """

    before: int
    at: int
    violations: tuple[Violation, ...] = ()
    refused: tuple[int, ...] = ()
    tick: bool = False
    late: frozenset[tuple[str, int]] = frozenset()


class Advance(NamedTuple):
    """What a step brought: the new revisions in the order of their moments, and what to save.

    ``changed`` are the ids of the cases whose state is another one, ``gone`` those of the cases
    that are not kept any more. ``own``: what is of no case has changed. ``due`` is the next
    moment at which time alone, or a measure or a mark, changes a case (ms).
    """

    revisions: list[AdministrativeCase]
    changed: set[str]
    gone: set[str]
    own: bool
    due: int


def advance(
    scene: CaseScene, state: CaseState, step: Step, index: CaseIndex | None = None
) -> list[AdministrativeCase]:
    """Carry the cases of a subject on to the stream time of a step; returns the new revisions.

    Several of one case may be among them, in the order of their moments. Changes ``state``.
    """
    return carry_on(scene, state, step, index or CaseIndex(state)).revisions


def carry_on(scene: CaseScene, state: CaseState, step: Step, index: CaseIndex) -> Advance:
    """Do what `advance` does, and tell what of the state has changed.

    ``index`` is that of the state, made before and used for nothing else.
    """
    result = Advance([], set(), set(), own=False, due=FOREVER)
    own = False
    waiting = _by_moment(scene, step, index)
    over = step.at if step.tick else step.at - 1
    while True:
        event = waiting[0].moment if waiting else FOREVER
        due_next = next_moment(scene, state, index)
        now = max(state.moment, state.changed, min(event, due_next))
        if now > over and (not waiting or event > now):
            break
        touched = _Touched([], {})
        while waiting and waiting[0].moment <= now:
            _take(state, waiting.pop(0), index, touched)
            state.changed = now
        if touched.spans:
            _absorb(state, index, touched)
        if now <= over:
            _take_marks(scene, state, now, touched)
            _take_measures(scene, state, now, index, touched)
            _open(scene, state, now, index, touched)
        for case in index.touched_by(touched.spans):
            touched.cases[case.id] = case
        result.revisions.extend(_revise(scene, now, index, touched))
        if now <= over:
            result.gone.update(_forget(scene, state, now, index))
            state.moment = now
        own = True
        result.changed.update(touched.cases)
    state.moment = max(state.moment, over)
    return result._replace(changed=result.changed - result.gone, own=own, due=due_next)


class _Touched(NamedTuple):
    """What one moment has changed: spans of violations, and cases by their id."""

    spans: list[Interval]
    cases: dict[str, Case]


class _Change(NamedTuple):
    moment: int
    number: int
    violation: Violation | None
    refused: tuple[int, ...] = ()


def _by_moment(scene: CaseScene, step: Step, index: CaseIndex) -> list[_Change]:
    changes: list[_Change] = []
    last: dict[str, int] = {}
    for number, violation in enumerate(step.violations):
        if violation.rule not in CASE_RULES:
            continue
        late = (violation.id, violation.revision) in step.late
        known = violation.id in last or index.find(violation.id) is not None
        moment = moment_of(violation, scene, step.before, step.at, known=known, late=late)
        moment = last[violation.id] = max(moment, last.get(violation.id, moment))
        changes.append(_Change(moment, number, violation))
    if step.refused:
        changes.append(_Change(step.at, len(step.violations), None, step.refused))
    return sorted(changes, key=lambda each: each[:2])


def note_refused(state: CaseState, at: int) -> None:
    """Remember that a message of the source that arrived at ``at`` (ms) was dead-lettered."""
    first, last = state.refused.get(at // HOUR, (at, at))
    state.refused[at // HOUR] = min(first, at), max(last, at)


def asks_for_refused(index: CaseIndex) -> bool:
    """Tell whether a message that is dead-lettered now changes a case: one on an outage."""
    return any(not case.refused for case in index.outages.values())


def _take(state: CaseState, change: _Change, index: CaseIndex, touched: _Touched) -> None:
    violation = change.violation
    if violation is None:
        for arrival in change.refused:
            note_refused(state, arrival)
        _note_refusals(state, index.outages.values(), touched)
        return
    kept = index.find(violation.id)
    known = None if kept is None else kept[0][violation.id]
    fact = fact_of(violation, change.moment if known is None else known.first_seen)
    if fact is None:
        return
    if kept is None:
        piece_of = _silence(index, fact)
        kept = (state.loose if piece_of is None else piece_of.facts), piece_of
    kept[0][fact.id] = fact
    if known is None or fact.rule in COUNTED or _place(fact) != _place(known):
        touched.spans.append(span_of([fact] if known is None else [fact, known]))
    case = kept[1]
    if case is not None:
        index.put(case)
        touched.cases[case.id] = case
        _note_refusals(state, [case], touched)


def _place(fact: Fact) -> tuple[int, int | None, bool]:
    """Return what other cases see of a violation whose mass they do not count."""
    return fact.start, fact.end, fact.stands


def _note_refusals(state: CaseState, cases: Iterable[Case], touched: _Touched) -> None:
    for case in cases:
        if not case.refused and any(is_refused(each, state.refused) for each in case.standing):
            case.refused = True
            touched.cases[case.id] = case


def _silence(index: CaseIndex, fact: Fact) -> Case | None:
    """Return the case on the silence that a gap is a piece of, None where it is another."""
    if fact.rule != OUTAGE:
        return None
    for case in index.outages.values():
        until = case.silence_until
        if until is not None and min(e.start for e in case.facts.values()) <= fact.start < until:
            return case
    return None


def _take_marks(scene: CaseScene, state: CaseState, now: int, touched: _Touched) -> None:
    """Note what a mark that is pending from now on, or no more, is about."""
    for mark in scene.marks:
        if state.moment < mark.since <= now or state.moment < mark.until <= now:
            touched.spans.append((mark.start, mark.end))


def _take_measures(
    scene: CaseScene, state: CaseState, now: int, index: CaseIndex, touched: _Touched
) -> None:
    """Take over the measures that have arrived: a review notes what a person has looked at."""
    for case in state.cases.values():
        new = [each for each in scene.measures.versions(case.id, now) if each not in case.taken]
        if not new:
            continue
        case.taken += tuple(new)
        touched.cases[case.id] = case
        names = {identity for _, identity in new}
        told = scene.measures.on_case(case.id, scene.subject.bin, now)
        if any(each.kind == REVIEWED and each.id in names for each in told):
            found = index.masses([case], scene.subject.zone)
            case.reviewed = reasons_of(case, scene, found.get(case.id, {}), now)


def _absorb(state: CaseState, index: CaseIndex, touched: _Touched) -> None:
    """Put half hours and hours into the case of the run they lie in, and free those of no run."""
    near = index.touched_by(touched.spans)
    runs = _runs_near(state, index, near)
    for case in near:
        gone = [each for each in case.absorbed.values() if covered_by(each, runs) is None]
        for fact in gone:
            state.loose[fact.id] = case.absorbed.pop(fact.id)
            index.release(fact)
        if gone:
            index.put(case)
            touched.cases[case.id] = case
    for case in near:
        own = runs_of(case.facts.values())
        if own and _absorb_into(case, own, state):
            index.put(case)
            touched.cases[case.id] = case


def _absorb_into(case: Case, runs: list[Fact], state: CaseState) -> bool:
    """Put what lies in a run of a case into the case; tells whether anything did."""
    found = False
    for fact in list(state.loose.values()):
        if fact.stands and covered_by(fact, runs) is not None:
            case.absorbed[fact.id] = state.loose.pop(fact.id)
            found = True
    return found


def _runs_near(state: CaseState, index: CaseIndex, cases: Collection[Case] = ()) -> list[Fact]:
    """List the runs that what is of no case, or of these cases, may lie in."""
    spans = [span_of(state.loose.values()), *(index.span(each) for each in cases)]
    span = min(first for first, _ in spans), max(last for _, last in spans)
    return runs_of(index.facts_near(span)) if span[0] < span[1] else []


def _open(
    scene: CaseScene, state: CaseState, now: int, index: CaseIndex, touched: _Touched
) -> None:
    """Open what is due by ``now``: episodes that are settled, and cases deferred until then."""
    ready = [
        each
        for each in episodes(state.loose.values(), _runs_near(state, index), scene)
        if due(each, scene) <= now
    ]
    for case in list(state.cases.values()):
        if case.opened_at is None and _deferral_end(case) <= now:
            case.opened_at = case.detected_from = now
            touched.cases[case.id] = case
    for episode in sorted(ready, key=lambda each: (each[0].start, each[0].id)):
        case = _open_case(scene, state, episode, now)
        index.put(case)
        touched.cases[case.id] = case
        touched.spans.append(index.span(case))


def _open_case(scene: CaseScene, state: CaseState, episode: list[Fact], now: int) -> Case:
    first = episode[0]
    for fact in episode:
        del state.loose[fact.id]
    case = Case(
        case_id(first.id),
        {each.id: each for each in episode},
        {},
        now,
        first.track,
        first.act,
        first.article,
        part=first.part,
    )
    case.taken = tuple(scene.measures.versions(case.id, now))
    if _deferral_end(case) > now:
        case.opened_at = None
    if first.rule == OUTAGE:
        case.silence_until = now if first.end is None else first.end
    case.refused = any(is_refused(each, state.refused) for each in episode)
    _absorb_into(case, runs_of(episode), state)
    _settle_part(scene, state, case, now)
    state.cases[case.id] = case
    return case


def _settle_part(scene: CaseScene, state: CaseState, case: Case, now: int) -> None:
    """Tell the part of 328, and what makes it repeated or systematic as of the opening."""
    source = scene.subject.source_id
    if case.act != "KoAP" or case.article != ARTICLE or source is None:
        return
    local = clock(scene.subject.zone)
    episode = case.standing
    first, opened = local.date(episode[0].start), local.date(now)
    known = scene.measures.on_source(source, scene.subject.bin, now)
    size = episode[-1].business_size
    case.repeat_of = repeat_of(source, size, first, opened, known)
    case.systematic_with = systematic_with(first, opened, now, state.cases.values(), scene)
    if case.systematic_with:
        case.track = COURT
    if case.systematic_with or any(each.rule == LONG_RUN for each in episode):
        case.part = "3"
    else:
        case.part = "2" if case.repeat_of else "1"


def _deferral_end(case: Case) -> int:
    """Return when a deferred case opens: at once without a deferral, never where it is met."""
    if not case.standing or met_in_time(case):
        return FOREVER
    return deferred_until(case) or 0


def _revise(
    scene: CaseScene, now: int, index: CaseIndex, touched: _Touched
) -> list[AdministrativeCase]:
    """Publish every case that says something else than its last revision."""
    if not touched.cases:
        return []
    cases = touched.cases.values()
    counted = index.masses(cases, scene.subject.zone)
    found = []
    for case in cases:
        related = _related(case, index)
        record = build(case, scene, counted.get(case.id, {}), related, now)
        digest = blake2b(_encoder.encode(record), digest_size=8).digest()
        before = case.published
        if before is not None and before.digest == digest:
            continue
        revision = 1 if before is None else before.revision + 1
        case.published = PublishedRevision(revision, record.state, digest)
        found.append(msgspec.structs.replace(record, revision=revision, revised_at=now))
    return sorted(found, key=lambda each: each.id)


def _related(case: Case, index: CaseIndex) -> set[str]:
    """Return the cases with a violation that overlaps one of a case in time."""
    facts = case.standing
    return {
        other.id
        for other in index.near(index.span(case))
        if other is not case
        and any(
            _overlap(fact, each) for fact in facts for each in other.facts.values() if each.stands
        )
    }


def _overlap(one: Fact, other: Fact) -> bool:
    ends = (FOREVER if each.end is None else each.end for each in (one, other))
    return max(one.start, other.start) < min(ends)


def next_moment(scene: CaseScene, state: CaseState, index: CaseIndex) -> int:
    """Return the next moment at which time alone, or a measure or a mark, changes a case (ms)."""
    moments = [
        due(each, scene) for each in episodes(state.loose.values(), _runs_near(state, index), scene)
    ]
    for case in state.cases.values():
        if case.opened_at is None:
            moments.append(_deferral_end(case))
        moments.append(scene.measures.next_on_case(case.id, case.taken))
    if state.cases:
        edges = (edge for mark in scene.marks for edge in (mark.since, mark.until))
        moments += [edge for edge in edges if edge > state.moment]
    return min(moments, default=FOREVER)


def _forget(scene: CaseScene, state: CaseState, now: int, index: CaseIndex) -> list[str]:
    """Drop what can matter no more, so that the state stays bounded; returns the cases gone."""
    policy = scene.policy
    for fact in list(state.loose.values()):
        rule = CASE_RULES[fact.rule]
        ripe = ripe_at(
            rule, fact.start, fact.end, fact.first_seen, policy, scene.subject.run_window
        )
        if not fact.stands and ripe + policy.max_lateness < now:
            del state.loose[fact.id]
    gone = []
    for case in list(state.cases.values()):
        opened = case.opened_at
        if opened is not None and opened + _KEPT >= now:
            continue
        if opened is None and _deferral_end(case) != FOREVER:
            continue
        lasting = any(each.end is None for each in case.standing)
        since = max(opened or 0, *(each.first_seen for each in case.facts.values()))
        if not lasting and since + _KEPT < now:
            del state.cases[case.id]
            index.drop(case)
            gone.append(case.id)
    since = now - policy.outage_limit - 2 * policy.max_lateness
    for hour in [hour for hour in state.refused if (hour + 1) * HOUR < since]:
        del state.refused[hour]
    return gone
