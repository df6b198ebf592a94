"""Builds violations, numbers their revisions and publishes what is new: the only place that does.

An evaluator states a `Claim`; the publisher adds the subject, the rule's place in the law and the
number of the revision, or publishes nothing where the last revision said the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from streams.core.law.rule import Rule
from streams.core.records.findings import Proof, Violation, violation_id
from streams.core.records.revision import PublishedRevision
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.source import SourceEntry, VerifiedDevice
from streams.core.state.source_state import PublishedViolation
from streams.core.time.interval import FOREVER
from streams.core.windows.aggregate import SlotAggregate

OPEN = "OPEN"
AMENDED = "AMENDED"
CLOSED = "CLOSED"
WITHDRAWN = "WITHDRAWN"

NOT_AUTOMATIC_YET = "NOT_AUTOMATIC_YET"
UNVERIFIED_DEVICE = "UNVERIFIED_DEVICE"
CONFLICTING_DATA = "CONFLICTING_DATA"
"""Why a person must look (specification, Cases): the law did not open cases by itself then, a
reading of a device outside its verification counts, two readings of an interval differ."""

_encoder = msgspec.msgpack.Encoder()

_UNSAID: Final[dict[str, object]] = {"evidence": (), "value": None, "ratio": None}
"""What stands for a field that alone is no news."""


class Subject(msgspec.Struct, frozen=True):
    """Whom a violation is about: the enterprise, and the source if it is about one."""

    enterprise: Enterprise
    source: SourceEntry | None = None

    @property
    def id(self) -> str:
        """The source, or the БИН of an enterprise."""
        return self.enterprise.bin if self.source is None else self.source.id

    def operator(self, start: int, end: int | None) -> Enterprise:
        """Return who answers for ``[start, end)`` (ms): after a sale, the seller for his time."""
        return self.enterprise if self.source is None else self.source.operator(start, end)


class Measure(msgspec.Struct, frozen=True):
    """The number that breaks a rule, beside its limit."""

    unit: str
    value: float | None
    limit: float | None
    validated_value: float | None = None
    excess_mass_t: float | None = None

    @property
    def ratio(self) -> float | None:
        """``value / limit``."""
        if self.value is None or not self.limit:
            return None
        return self.value / self.limit


class Claim(NamedTuple):
    """What a rule says happened over ``[start, end)`` (ms UTC; ``end`` None: it goes on).

    ``reasons`` why a person must look, empty: it is automatic unless it is deferred; None: it
    is no violation. ``stands``: it would be one without the readings that others contradict, and
    that alone does not take the automatism away. ``serial`` is the device of most readings,
    ``device`` what is said of it (by default, what is registered of it).
    """

    start: int
    end: int | None
    parameter: str | None = None
    measure: Measure | None = None
    evidence: tuple[Proof, ...] = ()
    reasons: tuple[str, ...] | None = None
    stands: bool = False
    serial: str | None = None
    deferred_until: int | None = None
    device: VerifiedDevice | None = None


def reasons_of(
    *, automatic: bool, unverified: bool = False, contested: bool = False
) -> tuple[str, ...]:
    """Why a violation is not automatic, sorted; ``automatic``: its rule is at that moment."""
    found = []
    if contested:
        found.append(CONFLICTING_DATA)
    if not automatic:
        found.append(NOT_AUTOMATIC_YET)
    if unverified:
        found.append(UNVERIFIED_DEVICE)
    return tuple(found)


class ViolationPublisher:
    """Publishes the violations of one partition; ``rule_set`` is the version it judges by."""

    def __init__(self, topic: str, partition: int, rule_set: str) -> None:
        self.topic = topic
        self.partition = partition
        self.rule_set = rule_set
        self._published: list[Violation] = []
        self._by_data: set[int] = set()

    @contextmanager
    def by_data(self) -> Iterator[None]:
        """Note that what is published inside follows from data that came, and not from time.

        Nothing else may be published in between: the judges of other sources wait so long.
        """
        first = len(self._published)
        yield
        self._by_data.update(range(first, len(self._published)))

    def is_by_data(self, number: int) -> bool:
        """Tell whether the violation ``number`` since the last `drain` follows from data alone."""
        return number in self._by_data

    @property
    def count(self) -> int:
        """How many were published since the last `drain`."""
        return len(self._published)

    def published_since(self, count: int) -> list[Violation]:
        """Return what was published after the first ``count`` since the last `drain`."""
        return self._published[count:]

    def drain(self) -> list[Violation]:
        """Return what was published since the last call, in the order of publication."""
        published, self._published = self._published, []
        self._by_data.clear()
        return published

    def publish(
        self,
        rule: Rule,
        subject: Subject,
        claim: Claim,
        before: PublishedRevision | None,
        *,
        at: int,
        over: bool = True,
        withdrawn: bool = False,
        no_news: Collection[str] = (),
    ) -> PublishedRevision | None:
        """Publish a claim as the next revision after ``before``, or nothing if it says the same.

        ``at`` is the stream time of detection; ``over``: its interval has ended. A change of the
        fields ``no_news`` alone is not published. Returns the revision to remember, if it is new.
        """
        violation = self._build(rule, subject, claim)
        compared = violation
        if no_news:
            unsaid = {name: _UNSAID[name] for name in no_news}
            compared = msgspec.structs.replace(violation, **unsaid)
        status = WITHDRAWN if withdrawn else CLOSED if over else OPEN
        digest = blake2b(_encoder.encode(compared), digest_size=8).digest()
        if before is not None and before.status == status and before.digest == digest:
            return None
        revision = 1 if before is None else before.revision + 1
        shown = AMENDED if status == OPEN and revision > 1 else status
        self._published.append(
            msgspec.structs.replace(violation, revision=revision, status=shown, detected_at=at)
        )
        return PublishedRevision(revision, status, digest)

    def update(
        self,
        standing: dict[str, PublishedViolation],
        rule: Rule,
        subject: Subject,
        claim: Claim,
        *,
        at: int,
        over: bool = True,
        withdrawn: bool = False,
        no_news: Collection[str] = (),
    ) -> None:
        """Publish a claim like `publish`, and remember it in ``standing`` under its id."""
        identity = violation_id(rule.code, subject.id, claim.parameter, claim.start)
        known = standing.get(identity)
        published = self.publish(
            rule,
            subject,
            claim,
            None if known is None else known.published,
            at=at,
            over=over,
            withdrawn=withdrawn,
            no_news=no_news,
        )
        if published is not None:
            standing[identity] = PublishedViolation(
                rule.code, claim.parameter, claim.start, claim.end, published
            )

    def withdraw(
        self,
        standing: dict[str, PublishedViolation],
        rule: Rule,
        subject: Subject,
        known: PublishedViolation,
        *,
        at: int,
    ) -> None:
        """Withdraw a violation that is remembered in ``standing``."""
        claim = Claim(known.start, known.end, known.parameter)
        self.update(standing, rule, subject, claim, at=at, withdrawn=True)

    def proof(self, slots: SlotAggregate) -> Proof:
        """Return the evidence of slots: offset range and hash chain of their messages."""
        return slots.proof(self.topic, self.partition)

    def _build(self, rule: Rule, subject: Subject, claim: Claim) -> Violation:
        """Build a violation without number, status and time of detection."""
        source, measure = subject.source, claim.measure
        enterprise = subject.operator(claim.start, claim.end)
        device = claim.device
        if device is None and source is not None:
            device = source.device(claim.serial, claim.start)
        until = device.valid[1] if device and device.valid else None
        return Violation(
            id=violation_id(rule.code, subject.id, claim.parameter, claim.start),
            revision=0,
            status="",
            rule=rule.code,
            rule_set=self.rule_set,
            legal_basis=rule.legal_basis,
            bin=enterprise.bin,
            enterprise={
                "ru": enterprise.name.ru,
                "kk": enterprise.name.kk,
                "en": enterprise.name.en,
            },
            region=enterprise.region,
            category=enterprise.category,
            business_size=enterprise.business_size,
            source_id=None if source is None else source.id,
            parameter=claim.parameter,
            unit=None if measure is None else measure.unit,
            start=claim.start,
            end=claim.end,
            value=None if measure is None else measure.value,
            validated_value=None if measure is None else measure.validated_value,
            limit=None if measure is None else measure.limit,
            ratio=None if measure is None else measure.ratio,
            excess_mass_t=None if measure is None else measure.excess_mass_t,
            device_serial=claim.serial,
            verification=None if device is None else device.number,
            verification_until=until if until is not None and until < FOREVER // 2 else None,
            detected_at=0,
            automatic=_automatic(claim) and claim.deferred_until is None,
            deferred_until=claim.deferred_until,
            evidence=claim.evidence,
            track=rule.track,
            certainty=rule.certainty,
            reasons=claim.reasons or (),
        )


def _automatic(claim: Claim) -> bool:
    return claim.reasons == () or (claim.stands and claim.reasons == (CONFLICTING_DATA,))
