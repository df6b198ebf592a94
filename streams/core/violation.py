"""Builds violations and numbers their revisions."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from streams.core.findings import Proof, Violation
from streams.core.registration import Enterprise
from streams.core.rules import Rule
from streams.core.slot import Published
from streams.core.source import SourceEntry

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


class Subject(msgspec.Struct, frozen=True):
    """Whom a violation is about: the enterprise, and the source if it is about one."""

    enterprise: Enterprise
    source: SourceEntry | None = None


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


def build(
    violation_id: str,
    rule: Rule,
    rule_set: str,
    subject: Subject,
    parameter: str | None,
    interval: tuple[int, int | None],
    measure: Measure | None,
    *,
    detected_at: int,
    evidence: tuple[Proof, ...],
    reasons: tuple[str, ...] | None = None,
    stands: bool = False,
    serial: str | None = None,
    deferred_until: int | None = None,
) -> Violation:
    """A violation still without its number and status; ``numbered`` gives it both.

    ``reasons`` why a person must look, empty: it is automatic unless it is deferred; None: it
    is no violation. ``stands``: it would be one without the readings that others contradict, and
    that alone does not take the automatism away.
    """
    enterprise, source = subject.enterprise, subject.source
    device = None if source is None else source.device(serial, interval[0])
    until = device.valid[1] if device and device.valid else None
    return Violation(
        id=violation_id,
        revision=0,
        status=OPEN,
        rule=rule.code,
        rule_set=rule_set,
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
        parameter=parameter,
        unit=None if measure is None else measure.unit,
        start=interval[0],
        end=interval[1],
        value=None if measure is None else measure.value,
        validated_value=None if measure is None else measure.validated_value,
        limit=None if measure is None else measure.limit,
        ratio=None if measure is None else measure.ratio,
        excess_mass_t=None if measure is None else measure.excess_mass_t,
        device_serial=serial,
        verification=None if device is None else device.number,
        verification_until=until if until is not None and until < 1 << 61 else None,
        detected_at=detected_at,
        automatic=_automatic(reasons, stands) and deferred_until is None,
        deferred_until=deferred_until,
        evidence=evidence,
        track=rule.track,
        certainty=rule.certainty,
        reasons=reasons or (),
    )


def _automatic(reasons: tuple[str, ...] | None, stands: bool) -> bool:
    if reasons is None:
        return False
    return reasons == () or (stands and reasons == (CONFLICTING_DATA,))


def numbered(
    violation: Violation,
    before: Published | None,
    *,
    over: bool,
    withdrawn: bool = False,
    compared: Violation | None = None,
) -> tuple[Violation, Published] | None:
    """The next revision of a violation, or None if it says nothing new.

    ``over``: its interval has ended. A first revision that goes on is OPEN, a later AMENDED.
    ``compared`` is the violation without what alone is no news, by default all of it.
    """
    status = WITHDRAWN if withdrawn else CLOSED if over else OPEN
    digest = content(compared or violation)
    if before is not None and before.status == status and before.digest == digest:
        return None
    revision = 1 if before is None else before.revision + 1
    shown = AMENDED if status == OPEN and revision > 1 else status
    final = msgspec.structs.replace(violation, revision=revision, status=shown)
    return final, Published(revision, status, digest)


def content(violation: Violation) -> bytes:
    """Digest of what a violation says, apart from its number, status and detection."""
    said = msgspec.structs.replace(violation, revision=0, status="", detected_at=0)
    return blake2b(_encoder.encode(said), digest_size=8).digest()
