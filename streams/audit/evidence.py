"""The evidence of a sample of violations, computed again while the log is gone through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from streams.audit.check import Check, first_named
from streams.core.calendar import DAY, iso
from streams.core.evidence import Recomputation
from streams.core.findings import Proof
from streams.core.log import RawRecord
from streams.core.reading import Reading
from streams.core.registry_history import RegistryHistory

LONGEST_DAYS = 40
"""Findings over more days are asked about every reading of their source, the others by day."""


class Claim:
    """One piece of evidence of one violation, and its recomputation."""

    def __init__(self, violation: Mapping[str, Any], proof: Proof) -> None:
        self.source_id: str = violation["source_id"]
        start, end = violation["start"], violation["end"]
        until = "now" if end is None else iso(end)
        self.name = (
            f"{violation['id']} ({violation['rule']} of {self.source_id}, "
            f"{iso(start)} to {until}, partition {proof.partition}, "
            f"offsets {proof.first_offset}-{proof.last_offset})"
        )
        self.partition = proof.partition
        self.again = Recomputation(proof, start, end)


class EvidenceCheck:
    """Chosen claims by source; ``take`` feeds them, ``check`` tells which do not match."""

    def __init__(self, partition: int, claims: Iterable[Claim]) -> None:
        self._claims = [claim for claim in claims if claim.partition == partition]
        self._lasting: dict[str, list[Recomputation]] = {}
        self._by_day: dict[tuple[str, int], list[Recomputation]] = {}
        for claim in self._claims:
            again = claim.again
            first, last = again.start // DAY, (again.end - 1) // DAY
            if last - first > LONGEST_DAYS:
                self._lasting.setdefault(claim.source_id, []).append(again)
            else:
                for day in range(first, last + 1):
                    self._by_day.setdefault((claim.source_id, day), []).append(again)

    def take(self, record: RawRecord, reading: Reading, registry: RegistryHistory) -> None:
        """A reading of the log that was not dead-lettered."""
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
        """A sentence for each piece of evidence that the messages do not bear out."""
        return [
            f"{claim.name} {difference}"
            for claim in self._claims
            if (difference := claim.again.difference()) is not None
        ]


class Sample:
    """Which violations are checked: all, or those whose ids come first (ids are hashes)."""

    def __init__(
        self,
        violations: Iterable[Mapping[str, Any]],
        topic: str,
        kept: Mapping[int, tuple[int, int]],
        size: int | None,
    ) -> None:
        self.claims: list[Claim] = []
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
                self.claims += [Claim(violation, proof) for proof in proofs]

    def check(self, differences: list[str]) -> Check:
        """The result over all partitions."""
        seen = f"{self.chosen} of {self.whole} violations computed again"
        if self.out_of_reach:
            seen += (
                f"; {self.out_of_reach} rest on messages that are kept no more or not judged yet"
            )
        return Check("evidence", "violations", seen, first_named(differences))


def _within(proof: Proof, kept: Mapping[int, tuple[int, int]]) -> bool:
    first, end = kept.get(proof.partition, (0, 0))
    lowest = proof.first_offset if proof.readings else proof.last_offset
    return first <= lowest and proof.last_offset < end
