"""Every registration in the order of its arrival: who was registered, and how, when.

A registration applies to readings that arrive at or after it (specification, Time). The
history only grows, so every partition of a worker judges from the same one.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from streams.core.findings import Proof
from streams.core.registration import Enterprise
from streams.core.source import BEGINNING, SourceEntry, compile_sources


class Registration(NamedTuple):
    """One version of an enterprise (None: struck off) with the message that brought it."""

    timestamp: int
    bin: str
    enterprise: Enterprise | None
    proof: Proof
    sources: tuple[SourceEntry, ...]


class RegistryHistory:
    """Registrations by БИН and by source, each list ordered by arrival."""

    def __init__(self) -> None:
        self.version = 0
        self._by_bin: dict[str, list[Registration]] = {}
        self._by_source: dict[str, list[tuple[int, SourceEntry | None]]] = {}

    def add(self, timestamp: int, bin_: str, enterprise: Enterprise | None, proof: Proof) -> None:
        """Append a registration; a clock that runs backwards counts as standing still."""
        versions = self._by_bin.setdefault(bin_, [])
        if versions:
            timestamp = max(timestamp, versions[-1].timestamp)
        entries = compile_sources(enterprise) if enterprise is not None else ()
        before = versions[-1].sources if versions else ()
        versions.append(Registration(timestamp, bin_, enterprise, proof, entries))
        names = {entry.id for entry in entries}
        for entry in before:
            # A source that went over to another enterprise meanwhile stays there.
            if entry.id not in names and self._by_source[entry.id][-1][1] is entry:
                self._append(entry.id, timestamp, None)
        for entry in entries:
            self._append(entry.id, timestamp, entry)
        self.version += 1

    def _append(self, source_id: str, timestamp: int, entry: SourceEntry | None) -> None:
        versions = self._by_source.setdefault(source_id, [])
        if versions:
            timestamp = max(timestamp, versions[-1][0])
        versions.append((timestamp, entry))

    def source(self, source_id: str, arrival: int) -> SourceEntry | None:
        """The source as registered at ``arrival``, or None."""
        versions = self._by_source.get(source_id)
        if not versions:
            return None
        if versions[-1][0] <= arrival:
            return versions[-1][1]
        index = bisect_right(versions, arrival, key=lambda item: item[0])
        return versions[index - 1][1] if index else None

    def settled(self, source_id: str, since: int) -> bool:
        """Whether nothing about the source changes after ``since``, as far as is known."""
        versions = self._by_source.get(source_id)
        return not versions or versions[-1][0] <= since

    def last_known(self, source_id: str, arrival: int) -> SourceEntry | None:
        """The source as registered last at ``arrival``, even if it was struck off since."""
        versions = self._by_source.get(source_id, [])
        index = bisect_right(versions, arrival, key=lambda item: item[0])
        return next((entry for _, entry in reversed(versions[:index]) if entry is not None), None)

    def enterprise(self, bin_: str, arrival: int) -> Registration | None:
        """The enterprise as registered at ``arrival``, or None."""
        versions = self._by_bin.get(bin_)
        if not versions:
            return None
        index = bisect_right(versions, arrival, key=lambda item: item.timestamp)
        return versions[index - 1] if index else None

    def source_ids(self) -> tuple[str, ...]:
        """Every source that was ever registered, sorted."""
        return tuple(sorted(self._by_source))

    def bins(self) -> tuple[str, ...]:
        """Every enterprise that was ever registered, sorted."""
        return tuple(sorted(self._by_bin))

    def changes_after(self, timestamp: int) -> int | None:
        """Arrival of the first registration later than ``timestamp``, or None."""
        later = [
            version.timestamp
            for versions in self._by_bin.values()
            for version in versions
            if version.timestamp > timestamp
        ]
        return min(later, default=None)

    def last_change(self, timestamp: int) -> int:
        """Arrival of the last registration at or before ``timestamp``."""
        earlier = [
            version.timestamp
            for versions in self._by_bin.values()
            for version in versions
            if version.timestamp <= timestamp
        ]
        return max(earlier, default=BEGINNING)
