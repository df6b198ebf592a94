"""What the pipeline finds: the records of the output topics, one immutable value each.

Field names, order and meaning are those of ``schemas/*.avsc`` (a test holds them together).
Times are milliseconds UTC; a field that does not apply is None.
"""

from __future__ import annotations

import uuid

import msgspec

YEAR_NOTICE = "YEAR-"
"""Begins the kinds of findings that tell of a share of an annual limit, such as ``YEAR-80``."""

NAMESPACE = uuid.UUID("6f0b7c52-52a5-5d3e-9a43-2f6b1f0a7c11")
"""Namespace of every deterministic id (UUIDv5), so a replay overwrites instead of adding."""


class WindowMean(msgspec.Struct, frozen=True, gc=False):
    """A parameter's mean over one window, one revision of it."""

    source_id: str
    parameter: str
    unit: str
    window: str  # 20min | 30min | 1h | day
    start: int
    end: int
    value: float | None
    raw_value: float | None  # mean of the valid readings as measured, channel's unit
    validated_value: float | None  # value minus the confidence interval, not below 0
    min: float | None
    max: float | None
    count: int  # accepted readings of the window that carry the parameter
    valid_s: int
    due_s: int
    excused_s: int
    status: str  # VALID | INSUFFICIENT | NOT_OPERATING
    seconds_by_code: dict[str, int]
    limit: float | None
    rule_set: str
    revision: int
    final: bool
    stream_time: int


class DataGap(msgspec.Struct, frozen=True, gc=False):
    """Silence of a source (parameter None) or of one channel, one revision of it."""

    id: str
    revision: int
    status: str  # OPEN | CLOSED | WITHDRAWN
    source_id: str
    parameter: str | None
    start: int
    end: int | None
    detected_at: int


class Article(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Where a rule stands in the law, in the law's own words.

    A code of duties has ``point`` (пункт) and ``subpoint`` (подпункт), one of offences ``part``
    (часть); an order has points only, then ``article`` is None.
    """

    act: str
    article: str | None = None
    part: str | None = None
    point: str | None = None
    subpoint: str | None = None


class Proof(msgspec.Struct, frozen=True, gc=False):
    """Evidence from one partition: the offset range and the hash over the messages used.

    ``sha256`` is a chain over the raw message bytes: per slot ``h = SHA256(h + raw)`` in offset
    order, then over the slots in time order ``e = SHA256(e + h)``, both from the empty string.
    """

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    readings: int
    sha256: str


class Violation(msgspec.Struct, frozen=True, gc=False):
    """A rule of the law met by the evidence, one revision of it."""

    id: str
    revision: int
    status: str  # OPEN | AMENDED | CLOSED | WITHDRAWN
    rule: str
    rule_set: str
    legal_basis: tuple[Article, ...]
    bin: str
    enterprise: dict[str, str]  # language -> name
    region: str
    category: int
    business_size: str
    source_id: str | None
    parameter: str | None
    unit: str | None
    start: int
    end: int | None
    value: float | None
    validated_value: float | None
    limit: float | None
    ratio: float | None
    excess_mass_t: float | None
    device_serial: str | None
    verification: str | None  # number of the device's verification
    verification_until: int | None
    detected_at: int
    automatic: bool
    deferred_until: int | None
    evidence: tuple[Proof, ...]
    track: str = ""  # PRESCRIPTION | COURT | INSPECTION
    certainty: str = ""  # read | secondary | inferred: of our reading of the law
    reasons: tuple[str, ...] = ()  # why a person must look: NOT_AUTOMATIC_YET, ...


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something for an inspector to look at, one revision of it; never a violation by itself."""

    id: str
    revision: int
    status: str  # OPEN | CLOSED | WITHDRAWN
    kind: str  # FLATLINE, MASS_DIFFERS, ...
    bin: str
    source_id: str | None
    parameter: str | None
    start: int
    end: int | None
    statistic: str  # name of the number
    value: float | None
    threshold: float | None
    unit: str | None
    detail: str  # a sentence in English: what an inspector must look at
    basis: str  # the act and point; empty: a statistical suspicion
    track: str  # INSPECTION, or empty: nothing follows by itself
    rule_set: str
    detected_at: int


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """A message that could not be used: its bytes as they came, where it was, and why."""

    reason: str
    stage: str  # decode | validate | deduplicate
    detail: str
    source_id: str | None
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def gap_id(source_id: str, parameter: str | None, start: int) -> str:
    """Identity of a gap: its source, parameter and start."""
    return str(uuid.uuid5(NAMESPACE, f"gap|{source_id}|{parameter or ''}|{start}"))


def violation_id(rule: str, subject: str, parameter: str | None, start: int) -> str:
    """Identity of a violation: rule code, source or БИН, parameter, start."""
    return str(uuid.uuid5(NAMESPACE, f"violation|{rule}|{subject}|{parameter or ''}|{start}"))


def finding_id(kind: str, subject: str, parameter: str | None, start: int) -> str:
    """Identity of a finding: kind, source or БИН, parameter, start."""
    return str(uuid.uuid5(NAMESPACE, f"finding|{kind}|{subject}|{parameter or ''}|{start}"))
