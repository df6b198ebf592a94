"""State of the cases of one subject (a source, or the БИН for duties), and its bytes."""

from __future__ import annotations

import msgspec

from streams.core.records.revision import PublishedRevision
from streams.core.time.interval import BEGINNING


class Fact(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a case needs of the last revision of a violation; times in ms UTC.

    ``first_seen`` is the moment of its first revision, by the moment itself where stream time
    jumped over it.
    """

    id: str
    rule: str
    track: str
    act: str
    article: str
    bin: str
    parameter: str | None
    start: int
    end: int | None
    first_seen: int
    stands: bool
    automatic: bool
    reasons: tuple[str, ...]
    certainty: str
    excess_mass_t: float | None
    deferred_until: int | None
    category: int
    business_size: str
    region: str
    enterprise: dict[str, str]
    rule_set: str
    unit: str | None = None
    value: float | None = None
    validated_value: float | None = None
    limit: float | None = None
    device_serial: str | None = None
    verification: str | None = None
    verification_until: int | None = None
    part: str | None = None


class Case(msgspec.Struct, array_like=True):
    """A case: its facts, what was settled when it opened, and what was published last.

    ``opened_at`` None: a road map defers it. ``silence_until`` ends the silence that was one when
    a case on an outage opened. ``reviewed`` are the reasons that a person has looked at;
    ``detected_from`` is when a deferred case was detected anew. ``taken`` are the versions of
    measures that it says or had known when it opened, by arrival (ms) and id.
    """

    id: str
    facts: dict[str, Fact]
    absorbed: dict[str, Fact]
    opened_at: int | None
    track: str
    act: str
    article: str
    part: str | None = None
    repeat_of: tuple[str, ...] = ()
    systematic_with: tuple[str, ...] = ()
    silence_until: int | None = None
    refused: bool = False
    reviewed: tuple[str, ...] = ()
    detected_from: int | None = None
    published: PublishedRevision | None = None
    taken: tuple[tuple[int, str], ...] = ()

    @property
    def standing(self) -> list[Fact]:
        """The violations that were not withdrawn, in the order of (start, end, rule, parameter)."""
        return sorted((each for each in self.facts.values() if each.stands), key=order)


class CaseState(msgspec.Struct, array_like=True):
    """Everything up to ``moment`` (ms) was done; ``loose`` are violations of no case yet.

    ``changed`` is the moment of the last change, which may be later while that moment lasts.
    ``refused``: by hour, the first and the last arrival of a message that was dead-lettered.
    """

    moment: int = BEGINNING
    loose: dict[str, Fact] = msgspec.field(default_factory=dict)
    cases: dict[str, Case] = msgspec.field(default_factory=dict)
    refused: dict[int, tuple[int, int]] = msgspec.field(default_factory=dict)
    changed: int = BEGINNING


def order(fact: Fact) -> tuple[int, float, str, str]:
    """Sort violations as episodes are formed; one that goes on ends last."""
    end = float("inf") if fact.end is None else fact.end
    return fact.start, end, fact.rule, fact.parameter or ""


class Subject(msgspec.Struct, array_like=True, frozen=True):
    """What is saved of a subject beside its cases, which have keys of their own."""

    moment: int
    changed: int
    loose: dict[str, Fact]
    refused: dict[int, tuple[int, int]]
