"""Judges once more what a bundle holds, and compares: messages, roots, violations, the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from emissions.verify.contents import Contents, DayRoot
from streams.core.cases.rules import RUN_WINDOW
from streams.core.cases.scene import CaseScene, CaseSubject
from streams.core.evidence.bundle.check import Checked
from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.explanation.case_again import compare_case
from streams.core.explanation.explain import explain_violation, late_messages
from streams.core.explanation.facts import Facts, StoredMessage
from streams.core.explanation.rerun import judge_again
from streams.core.explanation.scope import spans_of
from streams.core.law.quality_codes import WRONG_PARTITION
from streams.core.records.findings import Violation
from streams.core.registry.notice import MARK
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import from_datetime, iso
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.counted import counted
from streams.rules.packed import PackedRules

_BY_PLACE: Final = frozenset({WRONG_PARTITION, "BAD_SIGNATURE", "BROKEN_CHAIN", "UNSIGNED"})
"""Reasons of refusal that one source's messages alone do not show: they are taken as told."""
_COARSE_S: Final = 1200


class Recomputed(msgspec.Struct, frozen=True):
    """What was judged again; ``notes`` say what could not be compared, and why."""

    readings: int
    violations: int
    cases: int
    roots: int
    notes: tuple[str, ...]


def recompute(checked: Checked, contents: Contents) -> Recomputed:
    """Judge everything again; what differs is a problem of ``checked``."""
    notes: list[str] = []
    manifest = contents.manifest
    messages = _refused(checked, contents)
    judged = _subjects(contents)
    rooted = _check_roots(checked, contents, messages, judged, notes)
    first: dict[str, int] = {}
    for published in judged:
        law = contents.laws.get(published.rule_set)
        if law is None:
            what = f"{published.rule} was judged by the rules {published.rule_set}: not in the file"
            checked.add("RULES", "records", what)
            continue
        facts = _facts(contents, law, messages, published)
        found = explain_violation(facts, contents.wire, published.id, "en")
        name = f"{published.rule} {published.id}"
        for each in found.differences:
            what = f"published {each.published}, computed {each.computed}"
            checked.add("DIFFERENT", f"{name} {each.where}", what)
        notes += [f"{name}: {note}" for note in found.notes]
        begun = found.nodes.get("violation.revisions.1")
        if begun is not None:
            first[published.id] = from_datetime(
                datetime.fromisoformat(str(begun.numbers["detected_at"]))
            )
    cases = _check_cases(checked, contents, messages, first, notes)
    if manifest.raw is not None and not messages:
        checked.add("MESSAGES", manifest.raw, "there is no message in it")
    return Recomputed(len(messages), len(judged), cases, rooted, tuple(notes))


def _subjects(contents: Contents) -> list[Violation]:
    """Return the last revision of every violation that is to be judged again."""
    last = {each.id: each for each in contents.violations}
    manifest = contents.manifest
    if manifest.subject == "violation":
        wanted: Sequence[str] = (manifest.id,)
    else:
        wanted = [name for each in contents.cases for name in (*each.violations, *each.absorbed)]
    return [last[name] for name in dict.fromkeys(wanted) if name in last]


def _facts(
    contents: Contents,
    law: PackedRules,
    messages: Sequence[StoredMessage],
    published: Violation,
) -> Facts:
    """Return what an explanation of one violation needs, as a store gives it."""
    own = tuple(each for each in contents.violations if each.id == published.id)
    chosen: dict[int, StoredMessage] = {}
    silent = published.start if published.unit == "s" else FOREVER
    for since, until in spans_of(published) if published.source_id is not None else ():
        if silent < FOREVER:
            before = [
                each.reading.measured_at
                for each in messages
                if each.refusal is None and each.reading.measured_at < silent
            ]
            since = min(since, max(before, default=since))
        for each in messages:
            if since <= each.reading.measured_at < until:
                chosen[each.record.offset] = each
    manifest = contents.manifest
    return Facts(
        manifest.topic,
        manifest.partition,
        law.rules,
        manifest.times,
        contents.registry,
        tuple(chosen[offset] for offset in sorted(chosen)),
        means=contents.means,
        violations=own,
        as_sent=True,
        ticks=manifest.ticks,
    )


def _refused(checked: Checked, contents: Contents) -> tuple[StoredMessage, ...]:
    """Let the engine refuse messages again, and compare with what became of them."""
    manifest = contents.manifest
    told = {each.offset: each.reason for each in manifest.refused}
    by_place = {offset for offset, reason in told.items() if reason in _BY_PLACE}
    fed = tuple(each for each in contents.messages if each.record.offset not in by_place)
    if not fed:
        return ()
    law = contents.laws[max(contents.laws)]
    facts = Facts(
        manifest.topic, manifest.partition, law.rules, manifest.times, contents.registry, fed
    )
    alone = {each.record.offset for each in late_messages(facts, fed)}
    again = judge_again(facts, contents.wire, (), alone=alone).refused
    for offset in sorted(told.keys() | again.keys()):
        if offset in by_place:
            continue
        reason = again[offset].reason if offset in again else "accepted"
        if reason != told.get(offset, "accepted"):
            what = f"offset {offset} was {told.get(offset, 'accepted')}, and is {reason}"
            checked.add("MESSAGES", manifest.raw or "raw", what)
    return tuple(each._replace(refusal=again.get(each.record.offset)) for each in fed)


def _check_roots(
    checked: Checked,
    contents: Contents,
    messages: Sequence[StoredMessage],
    judged: Sequence[Violation],
    notes: list[str],
) -> int:
    """Compute the root of each day again; every message that decided something must be under one.

    Of several messages in one interval the first is the accepted one.
    """
    accepted: dict[tuple[int, int], StoredMessage] = {}
    for each in messages:
        if each.refusal is None:
            period = each.reading.period_s
            index = period, each.reading.measured_at // (period * 1000)
            accepted.setdefault(index, each)
    for root in contents.roots:
        if not root.complete:
            notes.append(f"{root.path}: its tree was begun in the middle of the day")
            continue
        _check_root(checked, root, list(accepted.values()))
    if not contents.manifest.sealed:
        return len(contents.roots)
    open_ended = FOREVER
    spans = [
        (each.start, open_ended if each.end is None else each.end)
        for each in judged
        if each.source_id is not None
    ]
    lacking = [
        each.reading.measured_at
        for each in accepted.values()
        if any(start <= each.reading.measured_at < end for start, end in spans)
        and not any(
            root.final and root.start <= each.reading.measured_at < root.end
            for root in contents.roots
        )
    ]
    if lacking:
        what = (
            f"under no final root: {counted(len(lacking), 'message')} from {iso(min(lacking))} on"
        )
        checked.add("ROOT", "records/root", what)
    return len(contents.roots)


def _check_root(checked: Checked, root: DayRoot, accepted: Sequence[StoredMessage]) -> None:
    values = [
        each.record.value or b""
        for each in accepted
        if root.start <= each.reading.measured_at < root.end
    ]
    if len(values) != root.readings:
        covered = counted(root.readings, "message")
        what = f"it is over {covered}, and the file has {len(values)} of them"
        checked.add("ROOT", root.path, what)
    elif root_of(map(leaf_hash, values)).hex() != root.root:
        checked.add("ROOT", root.path, "it is not the root of the messages in the file")


def _check_cases(
    checked: Checked,
    contents: Contents,
    messages: Sequence[StoredMessage],
    first: Mapping[str, int],
    notes: list[str],
) -> int:
    manifest = contents.manifest
    if manifest.subject != "case":
        return 0
    own = [each for each in contents.cases if each.id == manifest.id]
    if not own or own[-1].revision != manifest.revision:
        checked.add("RECORD", "records/case", f"revision {manifest.revision} is not in the file")
        return 0
    published = own[-1]
    law = contents.laws.get(published.rule_set)
    if law is None:
        checked.add("RULES", "records", f"the rules {published.rule_set} are not in the file")
        return 0
    lacking = {*published.violations, *published.absorbed} - {
        each.id for each in contents.violations
    }
    for name in sorted(lacking):
        checked.add("RECORD", "records/violation", f"{name} is not in the file")
    late = {
        each.id
        for each in contents.violations
        for message in messages
        if message.record.timestamp == each.detected_at and _is_late(message, contents)
    }
    left_out: set[str] = set()
    marked = any(each.notice.kind == MARK for each in manifest.notices)
    if marked:
        left_out |= {"reasons", "state"}
        notes.append("marks of the operator that were pending are not judged again")
    found = compare_case(
        published,
        [*_earlier(contents), *contents.violations],
        _scene(contents, law),
        first=first,
        late=late,
        left_out=left_out,
        refused=[each.record.timestamp for each in messages if each.refusal is not None],
    )
    for each in found:
        what = f"published {each.published}, computed {each.computed}"
        checked.add("DIFFERENT", f"case {published.id} {each.where}", what)
    if published.systematic_with:
        notes.append(
            "what makes the case systematic lies in other cases, which are not in the file"
        )
    return 1


def _earlier(contents: Contents) -> list[Violation]:
    """Return the revisions that were replaced: what is kept, and the rest as in the last one."""
    last = {each.id: each for each in contents.violations}
    return [
        msgspec.structs.replace(
            last[each.id],
            **{name: getattr(each, name) for name in each.__struct_fields__ if name != "id"},
        )
        for each in contents.manifest.earlier
        if each.id in last and each.revision < last[each.id].revision
    ]


def _is_late(message: StoredMessage, contents: Contents) -> bool:
    start, shortest = message.reading.measured_at, WINDOW_KINDS[0].length
    grace = contents.manifest.times.grace
    return message.record.timestamp >= start - start % shortest + shortest + grace


def _scene(contents: Contents, law: PackedRules) -> CaseScene:
    """Return what a case follows from, beside its violations."""
    manifest, published = contents.manifest, contents.cases[-1]
    registration = contents.registry.enterprise(published.bin, published.revised_at)
    enterprise = None if registration is None else registration.enterprise
    investor = enterprise is not None and enterprise.investor_register
    zone, window = law.rules.country.zone, RUN_WINDOW
    if published.source_id is not None:
        entry = contents.registry.last_known(published.source_id, published.revised_at)
        if entry is not None:
            zone = entry.zone
            if entry.cadence_s == _COARSE_S:
                window = WINDOW_KINDS[0].length
    subject = CaseSubject(published.bin, published.source_id, zone, window, investor)
    return CaseScene(
        subject, law.payment, law.calendar, contents.measures, manifest.times, manifest.terms
    )
