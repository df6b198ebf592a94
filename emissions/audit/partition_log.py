"""Replay one partition of the readings topic, to decide where each message must have ended."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from emissions.audit.evidence_check import EvidenceCheck
from emissions.audit.root_check import RootCheck
from schemas.reading import Reading, Rejected, Tick
from streams.core.engine.deduplication import content_digest
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import TOO_LATE
from streams.core.quality.rejection import arrival_rejection, rejection_of
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory

USED, EMPTY, DUPLICATE, DEAD, TICK = range(1, 6)
"""Where a message ends; EMPTY is used too, but has no channel and so no row in a table."""

_PRUNE_AT = 20_000


class DeadLetterDigest(NamedTuple):
    """A dead letter: its reason, and a digest of the bytes it holds."""

    reason: str
    content: bytes


def value_digest(value: bytes | None) -> bytes:
    """Hash the bytes of a message; a missing value differs from an empty one."""
    return b"" if value is None else blake2b(value, digest_size=16).digest()


class PartitionLog:
    """Decide the fate of every message again, with the registry and the quality rules.

    The worker's state is not used, with one exception: that a reading is TOO_LATE because its
    interval was final is taken from the dead letters, where stream time allows it.
    """

    def __init__(
        self,
        decode: Callable[[bytes | None], Reading | Tick | Rejected],
        registry: RegistryHistory,
        policy: Policy,
        share: Share,
        buried: Mapping[int, DeadLetterDigest],
        evidence: EvidenceCheck,
        roots: RootCheck,
    ) -> None:
        self._decode = decode
        self._registry = registry
        self._policy = policy
        self._share = share
        self._buried = buried
        self._evidence = evidence
        self._roots = roots
        self._stream_time = 0
        self._seen: dict[str, dict[tuple[int, int], bytes]] = {}
        self._prune_at: dict[str, int] = {}
        self._offsets = array("q")
        self._fates = bytearray()
        self.unlike: list[int] = []
        """Offsets whose dead letter does not hold the bytes of the message."""

    def take(self, record: RawRecord) -> None:
        """Add the next message."""
        untimely = arrival_rejection(record.timestamp) is not None
        if not untimely:
            self._stream_time = max(self._stream_time, record.timestamp)
        decoded = self._decode(record.value)
        buried = self._buried.get(record.offset)
        if buried is not None and buried.content != value_digest(record.value):
            self.unlike.append(record.offset)
        self._offsets.append(record.offset)
        if untimely or isinstance(decoded, Rejected) or record.value is None:
            self._fates.append(DEAD)
        elif isinstance(decoded, Tick):
            self._fates.append(TICK)
        else:
            fate = self._fate(record.timestamp, decoded, buried)
            self._fates.append(fate)
            if fate in (USED, EMPTY):
                self._roots.take(record, decoded, self._registry)
            if buried is None:
                self._evidence.take(record, decoded, self._registry)

    def _fate(self, arrival: int, reading: Reading, buried: DeadLetterDigest | None) -> int:
        entry = self._registry.source(reading.source_id, arrival)
        if rejection_of(reading, entry, arrival, self._policy, self._share) is not None:
            return DEAD
        final = self._stream_time - reading.ends_at > self._policy.max_lateness
        if final and buried is not None and buried.reason == TOO_LATE:
            return DEAD
        seen = self._seen.setdefault(reading.source_id, {})
        index = (reading.period_s, reading.measured_at // (reading.period_s * 1000))
        said = content_digest(reading)
        before = seen.get(index)
        if before is not None:
            return DUPLICATE if before == said else DEAD
        seen[index] = said
        if len(seen) > self._prune_at.get(reading.source_id, _PRUNE_AT):
            self._prune(reading.source_id, seen)
        return USED if reading.values else EMPTY

    def _prune(self, source_id: str, seen: dict[tuple[int, int], bytes]) -> None:
        """Drop intervals that are too late to change: what comes to them is a dead letter."""
        horizon = self._stream_time - self._policy.max_lateness
        for index in [at for at in seen if (at[1] + 1) * at[0] * 1000 < horizon]:
            del seen[index]
        self._prune_at[source_id] = max(_PRUNE_AT, 2 * len(seen))

    def of_fate(self, *fates: int) -> Iterator[int]:
        """Return the offsets that end in one of these ways, ascending."""
        for offset, fate in zip(self._offsets, self._fates, strict=True):
            if fate in fates:
                yield offset

    def count(self, *fates: int) -> int:
        """Count the messages that end in one of these ways; without any, all messages."""
        return sum(self._fates.count(fate) for fate in fates) if fates else len(self._fates)

    def wrong_roots(self) -> list[str]:
        """Return a sentence for each root of a day that its messages do not support."""
        return self._roots.differences(self._stream_time)

    @property
    def first_offset(self) -> int | None:
        """The first offset that the topic still keeps, None if it keeps nothing."""
        return self._offsets[0] if self._offsets else None

    @property
    def last_offset(self) -> int | None:
        """The last offset that was added, or None."""
        return self._offsets[-1] if self._offsets else None
