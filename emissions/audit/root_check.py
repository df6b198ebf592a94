"""Recompute the roots of days from the messages while the log is read, without the worker's state.

A root is held to its last revision. The tree is a plain one over the messages that the audit itself
finds to be used, in the order of offsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emissions.audit.check import AuditCheck, first_named
from schemas.reading import Reading
from streams.core.evidence.merkle import CompactRange, leaf_hash
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory

Place = tuple[str, str]
"""A source and a local date."""


class RootClaim:
    """The last published root of one day, and its recomputation."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.name = f"{record['source_id']} {record['day']} (revision {record['revision']})"
        self._record = record
        self._tree = CompactRange()
        self._first = self._last = -1
        self._after = 0

    def take(self, record: RawRecord) -> None:
        """Add the next used message of the day."""
        claimed = self._record
        if not claimed["complete"] and record.offset < claimed["first_offset"]:
            return
        if record.offset > claimed["last_offset"]:
            self._after += 1
            return
        if self._first < 0:
            self._first = record.offset
        self._last = record.offset
        self._tree.append(leaf_hash(record.value or b""))

    def difference(self) -> str | None:
        """Say what does not match the claim; None: the root is confirmed."""
        claimed, tree = self._record, self._tree
        if self._after:
            return f"lacks {self._after} later messages of the day"
        if tree.size != claimed["count"]:
            return f"is over {claimed['count']} messages, the topic has {tree.size} of them"
        found, named = (self._first, self._last), (claimed["first_offset"], claimed["last_offset"])
        if found != named:
            return f"names offsets {named[0]}-{named[1]}, its messages are {found[0]}-{found[1]}"
        if tree.root.hex() != claimed["root"]:
            return f"root {claimed['root'][:16]}… is not that of its messages"
        return None


class RootCheck:
    """Recompute the roots of one partition: ``take`` feeds used messages, ``check`` compares."""

    def __init__(self, partition: int, claims: Iterable[Mapping[str, Any]], grace: int) -> None:
        """Take the last revision of every root, and the time (ms) after which a day closes."""
        own = [each for each in claims if each["partition"] == partition]
        self._claims = {(each["source_id"], each["day"]): RootClaim(each) for each in own}
        whole: dict[str, str] = {}
        for each in own:
            if each["complete"]:
                source = each["source_id"]
                whole[source] = min(each["day"], whole.get(source, each["day"]))
        self._whole_from = whole
        self._grace = grace
        self._unclaimed: dict[Place, int] = {}

    def take(self, record: RawRecord, reading: Reading, registry: RegistryHistory) -> None:
        """Add a message that is used, in the order of offsets."""
        entry = registry.source(reading.source_id, record.timestamp)
        if entry is None:
            return
        start, end = entry.clock.day(reading.measured_at)
        place = reading.source_id, entry.clock.date(start).isoformat()
        claim = self._claims.get(place)
        if claim is not None:
            claim.take(record)
        else:
            self._unclaimed[place] = end

    def differences(self, stream_time: int) -> list[str]:
        """Return a sentence for each root that the messages do not support, or that is missing."""
        wrong = [
            f"{claim.name} {difference}"
            for claim in self._claims.values()
            if (difference := claim.difference()) is not None
        ]
        wrong += [
            f"{source} {day} has messages and no root"
            for (source, day), end in sorted(self._unclaimed.items())
            if end + self._grace <= stream_time and self._whole_from.get(source, day) < day
        ]
        return wrong


class RootSample:
    """Choose the roots whose messages the topic still has, and which were judged."""

    def __init__(
        self, roots: Iterable[Mapping[str, Any]], topic: str, kept: Mapping[int, tuple[int, int]]
    ) -> None:
        self.claims: list[Mapping[str, Any]] = []
        self._whole = 0
        for root in roots:
            if root["topic"] != topic:
                continue
            self._whole += 1
            first, end = kept.get(root["partition"], (0, 0))
            if first <= root["first_offset"] and root["last_offset"] < end:
                self.claims.append(root)

    def check(self, differences: list[str]) -> AuditCheck:
        """Return the check over all partitions."""
        seen = f"{len(self.claims)} of {self._whole} roots of days recomputed"
        if len(self.claims) < self._whole:
            seen += "; the others rest on messages that were deleted or are not judged yet"
        return AuditCheck("evidence", "roots", seen, first_named(differences))
