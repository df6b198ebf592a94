"""Builds findings, numbers their revisions and publishes what is new: the only place that does.

A finding is for an inspector and opens no case by itself. Whoever finds something states an
`Observation`; the publisher adds the subject and the number of the revision, or publishes nothing
where the last revision said the same.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from streams.core.judging.violation import CLOSED, OPEN, WITHDRAWN, Subject
from streams.core.records.findings import Finding, finding_id
from streams.core.records.revision import PublishedRevision
from streams.core.state.source_state import PublishedFinding

INSPECTION: Final = "INSPECTION"
"""Track of a finding that is a ground for a visit."""

_REFUTED: Final = "Late data refute it."

_encoder = msgspec.msgpack.Encoder()


class Observation(NamedTuple):
    """What was seen over ``[start, end)`` (ms UTC; ``end`` None: it goes on), and by what number.

    ``statistic`` names ``value``, which was compared with ``threshold``, both in ``unit``.
    ``detail`` is a sentence that says what an inspector must look at. ``basis`` is the act and its
    point, empty for a statistical suspicion; ``track`` what follows, empty: nothing.
    """

    kind: str
    start: int
    end: int | None
    parameter: str | None = None
    statistic: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    detail: str = ""
    basis: str = ""
    track: str = ""


class FindingSubject(NamedTuple):
    """Whom a finding is about, where its registration is gone: its БИН, and its source or None."""

    bin: str
    source_id: str | None

    @property
    def id(self) -> str:
        """The source, or the БИН of an enterprise."""
        return self.bin if self.source_id is None else self.source_id


class FindingPublisher:
    """Publishes the findings of one partition; ``rule_set`` is the version it judges by."""

    def __init__(self, rule_set: str) -> None:
        self.rule_set = rule_set
        self._published: list[Finding] = []

    def drain(self) -> list[Finding]:
        """Return what was published since the last call, in the order of publication."""
        published, self._published = self._published, []
        return published

    def update(
        self,
        standing: dict[str, PublishedFinding],
        subject: Subject | FindingSubject,
        seen: Observation,
        *,
        at: int,
        withdrawn: bool = False,
    ) -> bool:
        """Publish an observation as the next revision, or nothing if the last one said the same.

        ``standing`` remembers what was published, by id: of a source
        ``SourceState.published_findings``. ``at`` is the stream time of detection (ms). One whose
        ``end`` is None is OPEN. Tells whether something was published.
        """
        identity = finding_id(seen.kind, subject.id, seen.parameter, seen.start)
        known = standing.get(identity)
        before = None if known is None else known.published
        status = WITHDRAWN if withdrawn else OPEN if seen.end is None else CLOSED
        finding = self._build(identity, subject, seen)
        digest = blake2b(_encoder.encode(finding), digest_size=8).digest()
        if before is not None and before.status == status and before.digest == digest:
            return False
        revision = 1 if before is None else before.revision + 1
        self._published.append(
            msgspec.structs.replace(finding, revision=revision, status=status, detected_at=at)
        )
        standing[identity] = PublishedFinding(
            seen.kind,
            seen.parameter,
            seen.start,
            seen.end,
            PublishedRevision(revision, status, digest),
        )
        return True

    def withdraw(
        self,
        standing: dict[str, PublishedFinding],
        subject: Subject | FindingSubject,
        known: PublishedFinding,
        *,
        at: int,
    ) -> bool:
        """Withdraw a finding that is remembered in ``standing``; tells whether it stood."""
        if known.published.status == WITHDRAWN:
            return False
        seen = Observation(known.kind, known.start, known.end, known.parameter, detail=_REFUTED)
        return self.update(standing, subject, seen, at=at, withdrawn=True)

    def settle(
        self,
        standing: dict[str, PublishedFinding],
        subject: Subject | FindingSubject,
        kinds: Collection[str],
        start: int,
        end: int,
        seen: Collection[Observation],
        *,
        at: int,
    ) -> bool:
        """Publish what is seen now of ``kinds`` in ``[start, end)``, and withdraw the rest.

        For whoever judges an interval again: findings of these kinds that begin in it and are not
        among ``seen`` any more are withdrawn. Tells whether something was published.
        """
        changed = False
        kept = set()
        for each in seen:
            kept.add(finding_id(each.kind, subject.id, each.parameter, each.start))
            changed |= self.update(standing, subject, each, at=at)
        for identity, known in list(standing.items()):
            if known.kind in kinds and start <= known.start < end and identity not in kept:
                changed |= self.withdraw(standing, subject, known, at=at)
        return changed

    def _build(
        self, identity: str, subject: Subject | FindingSubject, seen: Observation
    ) -> Finding:
        """Build a finding without number, status and time of detection."""
        if isinstance(subject, Subject):
            source = None if subject.source is None else subject.source.id
            subject = FindingSubject(subject.operator(seen.start, seen.end).bin, source)
        return Finding(
            id=identity,
            revision=0,
            status="",
            kind=seen.kind,
            bin=subject.bin,
            source_id=subject.source_id,
            parameter=seen.parameter,
            start=seen.start,
            end=seen.end,
            statistic=seen.statistic,
            value=seen.value,
            threshold=seen.threshold,
            unit=seen.unit,
            detail=seen.detail,
            basis=seen.basis,
            track=seen.track,
            rule_set=self.rule_set,
            detected_at=0,
        )
