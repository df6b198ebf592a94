"""Recompute the evidence of a sample of violations while the log is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from emissions.audit.check import AuditCheck, first_named
from schemas.reading import Reading
from streams.core.evidence.recompute import EvidenceRecomputer
from streams.core.records.findings import Proof
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.core.sources.series import ANNUAL_MASS
from streams.core.time.interval import DAY, FOREVER
from streams.core.time.local_clock import iso

LONGEST_DAYS = 40
"""Longer findings are fed every reading of their source, others only those of their days."""


class EvidenceClaim:
    """One piece of evidence of one violation, and its recomputation."""

    def __init__(self, violation: Mapping[str, Any], proof: Proof, grace: int) -> None:
        """Take the grace (ms) after which an hour closes."""
        self.source_id: str = violation["source_id"]
        start, end = violation["start"], violation["end"]
        until = "now" if end is None else iso(end)
        self.name = (
            f"{violation['id']} ({violation['rule']} of {self.source_id}, "
            f"{iso(start)} to {until}, partition {proof.partition}, "
            f"offsets {proof.first_offset}-{proof.last_offset})"
        )
        self.partition = proof.partition
        of_a_year = violation["unit"] == ANNUAL_MASS
        closed = violation["detected_at"] - grace if of_a_year else FOREVER
        self.again = EvidenceRecomputer(proof, start, end, closed)


class EvidenceCheck:
    """Recompute the chosen evidence by source: ``take`` feeds messages, ``check`` compares."""

    def __init__(self, partition: int, claims: Iterable[EvidenceClaim]) -> None:
        self._claims = [claim for claim in claims if claim.partition == partition]
        self._lasting: dict[str, list[EvidenceRecomputer]] = {}
        self._by_day: dict[tuple[str, int], list[EvidenceRecomputer]] = {}
        for claim in self._claims:
            again = claim.again
            first, last = again.start // DAY, (again.end - 1) // DAY
            if last - first > LONGEST_DAYS:
                self._lasting.setdefault(claim.source_id, []).append(again)
            else:
                for day in range(first, last + 1):
                    self._by_day.setdefault((claim.source_id, day), []).append(again)

    def take(self, record: RawRecord, reading: Reading, registry: RegistryHistory) -> None:
        """Add a message of the log that was not dead-lettered."""
        source = reading.source_id
        asked = self._lasting.get(source, [])
        asked = asked + self._by_day.get((source, reading.measured_at // DAY), [])
        if not asked or record.value is None:
            return
        entry = registry.source(source, record.timestamp)
        if entry is None:
            return
        for again in asked:
            again.add(record.offset, reading, entry.clock, record.value)

    def differences(self) -> list[str]:
        """Return a sentence for each piece of evidence that the messages do not support."""
        return [
            f"{claim.name} {difference}"
            for claim in self._claims
            if (difference := claim.again.difference()) is not None
        ]


class ViolationSample:
    """Choose the violations to check: all, or those with the lowest ids (ids are hashes)."""

    def __init__(
        self,
        violations: Iterable[Mapping[str, Any]],
        topic: str,
        kept: Mapping[int, tuple[int, int]],
        size: int | None,
        grace: int,
    ) -> None:
        self.claims: list[EvidenceClaim] = []
        self.chosen = self.out_of_reach = self.whole = 0
        for violation in sorted(violations, key=lambda each: str(each["id"])):
            proofs = [msgspec.convert(item, Proof) for item in violation["evidence"]]
            proofs = [proof for proof in proofs if proof.topic == topic]
            if violation["source_id"] is None or not proofs:
                continue
            self.whole += 1
            if not all(_within(proof, kept) for proof in proofs):
                self.out_of_reach += 1
            elif size is None or self.chosen < size:
                self.chosen += 1
                self.claims += [EvidenceClaim(violation, proof, grace) for proof in proofs]

    def check(self, differences: list[str]) -> AuditCheck:
        """Return the check over all partitions."""
        seen = f"{self.chosen} of {self.whole} violations recomputed"
        if self.out_of_reach:
            seen += (
                f"; {self.out_of_reach} rest on messages that were deleted or are not judged yet"
            )
        return AuditCheck("evidence", "violations", seen, first_named(differences))


def _within(proof: Proof, kept: Mapping[int, tuple[int, int]]) -> bool:
    first, end = kept.get(proof.partition, (0, 0))
    lowest = proof.first_offset if proof.readings else proof.last_offset
    return first <= lowest and proof.last_offset < end
