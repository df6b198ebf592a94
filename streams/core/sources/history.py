"""Keeps every registration in the order of its arrival.

A registration applies to readings that arrive at or after it (specification, Time). The history
only grows, so every partition of a worker judges from the same one. What operators' notices excuse
is laid over the registration (`streams.core.sources.notices`).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

from streams.core.records.findings import Proof
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.notice import ReceivedNotice
from streams.core.sources.notices import NoticeHistory
from streams.core.sources.source import SourceEntry, compile_sources
from streams.core.time.interval import BEGINNING, FOREVER, Interval, union_of


class Registration(NamedTuple):
    """One version of an enterprise (None: struck off) and the message that brought it."""

    timestamp: int
    bin: str
    enterprise: Enterprise | None
    proof: Proof
    sources: tuple[SourceEntry, ...]


class RegistryHistory:
    """Keeps registrations by БИН and by source, each list ordered by arrival.

    ``notices`` of operators excuse as a registration does, from their own arrival on.
    """

    def __init__(self, notices: NoticeHistory | None = None) -> None:
        self.version = 0
        self.notices = NoticeHistory() if notices is None else notices
        self._by_bin: dict[str, list[Registration]] = {}
        self._by_source: dict[str, list[tuple[int, SourceEntry | None]]] = {}
        self._last_excused: dict[str, tuple[tuple[SourceEntry, int, int, int], SourceEntry]] = {}

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
            entry.former = self._former(entry, timestamp)
            self._append(entry.id, timestamp, entry)
        self.version += 1

    def _former(self, entry: SourceEntry, timestamp: int) -> tuple[tuple[int, Enterprise], ...]:
        """Return who operated a source before it is registered anew at ``timestamp`` (ms)."""
        versions = self._by_source.get(entry.id, [])
        before = next((known for _, known in reversed(versions) if known is not None), None)
        if before is None:
            return ()
        if before.enterprise.bin == entry.enterprise.bin:
            return before.former
        return (*before.former, (max(timestamp, versions[-1][0]), before.enterprise))

    def _append(self, source_id: str, timestamp: int, entry: SourceEntry | None) -> None:
        versions = self._by_source.setdefault(source_id, [])
        if versions:
            timestamp = max(timestamp, versions[-1][0])
        versions.append((timestamp, entry))

    def source(
        self, source_id: str, arrival: int, told_by: int | None = None
    ) -> SourceEntry | None:
        """Return the source as registered at ``arrival`` (ms), or None.

        With what notices excuse that had arrived by ``told_by``, or else by then.
        """
        entry = self.registered(source_id, arrival)
        if entry is None or not self.notices.of_source(source_id):
            return entry
        known = arrival if told_by is None else max(arrival, told_by)
        return self._excused(entry, arrival, known)

    def _excused(self, entry: SourceEntry, arrival: int, known: int) -> SourceEntry:
        """Lay over a registration what notices that had arrived by ``known`` excuse."""
        arrived = self.notices.arrived(entry.id, known)
        asked = entry, self.version, self.notices.version, arrived
        before = self._last_excused.get(entry.id)
        if before is not None and before[0] == asked:
            return before[1]
        found = entry.with_excused(self._outages(entry, arrival, known))
        self._last_excused[entry.id] = asked, found
        return found

    def _outages(self, entry: SourceEntry, arrival: int, known: int) -> tuple[Interval, ...]:
        """Return what notices excuse: the operator's, and an earlier one's until it was theirs.

        An operator tells nothing of a source any more that has gone over to another by then.
        """
        versions = self._by_source[entry.id]
        index = bisect_right(versions, arrival, key=lambda item: item[0])
        over = next(
            (
                since
                for since, later in versions[index:]
                if later is None or later.enterprise.bin != entry.enterprise.bin
            ),
            FOREVER,
        )
        found = list(self.notices.outages(entry, min(known, over - 1)))
        for (_, before), (until, _) in pairwise(versions[:index]):
            if before is not None and before.enterprise.bin != entry.enterprise.bin:
                told = self.notices.outages(before, until - 1)
                found += [(start, min(end, until)) for start, end in told if start < until]
        return tuple(union_of(found))

    def registrations(self, source_id: str) -> list[SourceEntry]:
        """List the registrations of a source, whenever they arrived."""
        return [entry for _, entry in self._by_source.get(source_id, ()) if entry is not None]

    def of_notice(self, received: ReceivedNotice, now: int) -> SourceEntry | None:
        """Return the source of a notice as registered at ``now`` (ms), or None.

        Where it is its operator's no more, as it was when the notice arrived: what was told then
        counts, as registrations do.
        """
        notice = received.notice
        entry = self.registered(notice.source_id, now)
        if entry is None or entry.enterprise.bin != notice.bin:
            then = self.registered(notice.source_id, received.arrived_at)
            if then is not None and then.enterprise.bin == notice.bin:
                return then
        return entry

    def registered(self, source_id: str, arrival: int) -> SourceEntry | None:
        """Return the source as registered at ``arrival`` (ms), whatever notices say, or None."""
        versions = self._by_source.get(source_id)
        if not versions:
            return None
        if versions[-1][0] <= arrival:
            return versions[-1][1]
        index = bisect_right(versions, arrival, key=lambda item: item[0])
        return versions[index - 1][1] if index else None

    def settled(self, source_id: str, since: int) -> bool:
        """Tell whether no known registration of the source is later than ``since``."""
        versions = self._by_source.get(source_id)
        return not versions or versions[-1][0] <= since

    def last_known(self, source_id: str, arrival: int) -> SourceEntry | None:
        """Return the last registration of a source at ``arrival``, even if struck off since.

        One that another took the place of in the same millisecond was never in force.
        """
        found = self._last_known(source_id, arrival)
        return None if found is None else found[0]

    def last_source(self, source_id: str, arrival: int) -> SourceEntry | None:
        """Return what `last_known` does, with what notices excused before it was struck off."""
        found = self._last_known(source_id, arrival)
        if found is None or not self.notices.of_source(source_id):
            return None if found is None else found[0]
        entry, until = found
        known = min(arrival, until - 1)
        return self._excused(entry, known, known)

    def _last_known(self, source_id: str, arrival: int) -> tuple[SourceEntry, int] | None:
        """Return the last registration at ``arrival``, and until when it was in force (ms)."""
        versions = self._by_source.get(source_id, [])
        until = FOREVER
        for since, entry in reversed(versions):
            if since > arrival:
                continue
            if entry is not None and since < until:
                return entry, until
            until = since
        return None

    def enterprise(self, bin_: str, arrival: int) -> Registration | None:
        """Return the enterprise as registered at ``arrival`` (ms), or None."""
        versions = self._by_bin.get(bin_)
        if not versions:
            return None
        index = bisect_right(versions, arrival, key=lambda item: item.timestamp)
        return versions[index - 1] if index else None

    def source_ids(self) -> tuple[str, ...]:
        """List every source that was ever registered, sorted."""
        return tuple(sorted(self._by_source))

    def bins(self) -> tuple[str, ...]:
        """List the БИН of every enterprise that was ever registered, sorted."""
        return tuple(sorted(self._by_bin))

    def changes_after(self, timestamp: int) -> int | None:
        """Return the arrival of the first registration later than ``timestamp``, or None."""
        later = [
            version.timestamp
            for versions in self._by_bin.values()
            for version in versions
            if version.timestamp > timestamp
        ]
        return min(later, default=None)

    def last_change(self, timestamp: int) -> int:
        """Return the arrival of the last registration at or before ``timestamp``."""
        earlier = [
            version.timestamp
            for versions in self._by_bin.values()
            for version in versions
            if version.timestamp <= timestamp
        ]
        return max(earlier, default=BEGINNING)
