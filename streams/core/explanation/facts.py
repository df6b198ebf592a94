"""What is stored about something that was published: the input of an explanation."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from schemas.reading import Reading
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.findings import Article, DataGap, Violation, WindowMean
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory


class Refusal(NamedTuple):
    """Why a message was dead-lettered: its code and the sentence that was kept with it."""

    reason: str
    detail: str


class StoredMessage(NamedTuple):
    """A message of the source: its record, the reading in it, and its dead letter if it is one.

    The bytes of ``record`` are those that came, or the reading written anew (`Facts.as_sent`).
    """

    record: RawRecord
    reading: Reading
    refusal: Refusal | None = None


class HistoricRevision(msgspec.Struct, frozen=True):
    """What is kept of every revision of a violation, also of those that were replaced."""

    revision: int
    status: str
    end: int | None
    value: float | None
    validated_value: float | None
    limit: float | None
    ratio: float | None
    excess_mass_t: float | None
    automatic: bool
    reasons: tuple[str, ...]
    detected_at: int


class Facts(NamedTuple):
    """Everything that an explanation is computed from.

    ``messages`` of the source in the order of offsets, with those around the interval that matter;
    ``means``, ``gaps`` and ``violations`` are published revisions, as many as are stored whole;
    ``history`` what is kept of all revisions of the violation.
    ``ticks`` are further stream times (ms) at which something about the subject was published.
    ``as_sent``: the bytes of accepted messages are those that came; ``registered``: every
    registration is there, and not the last alone.
    """

    topic: str
    partition: int
    rules: RuleSet
    policy: Policy
    registry: RegistryHistory
    messages: tuple[StoredMessage, ...] = ()
    means: tuple[WindowMean, ...] = ()
    gaps: tuple[DataGap, ...] = ()
    violations: tuple[Violation, ...] = ()
    history: tuple[HistoricRevision, ...] = ()
    as_sent: bool = False
    registered: bool = True
    ticks: tuple[int, ...] = ()

    def law(self, *places: Article) -> tuple[Article, ...]:
        """Return places in the law of Kazakhstan, none where the rules are another country's."""
        return places if self.rules.country.code == "KZ" else ()
