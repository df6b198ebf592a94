"""Collects from ClickHouse what a bundle is made of; nothing is judged or corrected on the way.

Records are written anew from their rows: a row that was altered gives other bytes than those in the
log, and is found so. One file, although a long one: each query stands beside the record that its
rows become again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from emissions.bundle.material import Material, Value
from emissions.bundle.rows import RecordTable, read_records
from emissions.explain.registrations import RegistrationMessage, registered
from emissions.explain.store import Store, UnknownSubjectError
from schemas.codec import Codec
from schemas.definitions import packaged, packaged_ids
from schemas.reading import Reading
from streams.core.cases.scene import CasePolicy
from streams.core.evidence.bundle.manifest import EarlierRevision, Refused
from streams.core.explanation.scope import spans_of
from streams.core.law.policy import Policy
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.records.record import RawRecord
from streams.core.sources.notices import NoticeHistory
from streams.core.sources.series import ANNUAL_MASS
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY, FOREVER, Interval, union_of
from streams.core.time.window_kinds import WHOLE_DAY

_RAW: Final = """
SELECT offset, toUnixTimestamp64Milli(arrived_at), key, value,
    arrayMap(each -> (each.name, hex(each.value)), headers), topic, partition
FROM raw_messages FINAL
WHERE source_id = {source:String}
    AND measured_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND measured_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
ORDER BY offset
"""
_LETTERS: Final = """
SELECT offset, toUnixTimestamp64Milli(timestamp), key, value,
    arrayMap(each -> (each.name, hex(each.value)), headers), topic, partition, reason
FROM dead_letters FINAL
WHERE topic = {topic:String} AND partition = {partition:Int32} AND source_id = {source:String}
    AND offset >= {first:Int64} AND offset <= {last:Int64} AND stage != 'sink'
ORDER BY offset
"""
_BEFORE: Final = """
SELECT toUnixTimestamp64Milli(max(measured_at)), count() FROM raw_messages
WHERE source_id = {source:String}
    AND measured_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
"""
_NEAR: Final = (
    "bin = {bin:String} AND source_id = {source:String} "
    "AND start < fromUnixTimestamp64Milli({until:Int64}, 'UTC') "
    "AND (end IS NULL OR end > fromUnixTimestamp64Milli({since:Int64}, 'UTC'))"
)
_MEASURES: Final = (
    "id IN (SELECT id FROM measures WHERE arrived_at <= fromUnixTimestamp64Milli({known:Int64}) "
    "AND (case_id = {case:String} OR source_id != '' AND source_id = {source:String})) "
    "AND arrived_at <= fromUnixTimestamp64Milli({known:Int64})"
)
_EARLIER: Final = """
SELECT toString(id), revision, status, toUnixTimestamp64Milli(end), value, validated_value, limit,
    ratio, excess_mass_t, automatic, reasons, toUnixTimestamp64Milli(detected_at)
FROM violation_revisions FINAL
WHERE id IN {ids:Array(UUID)} AND detected_at <= fromUnixTimestamp64Milli({known:Int64}, 'UTC')
ORDER BY id, revision
"""
_EXISTS: Final = (
    "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
)


class Law(NamedTuple):
    """Where rules are found, and the policy that was in force."""

    packed: Callable[[str], bytes | None]
    policy: Policy
    terms: CasePolicy


class Collector:
    """Collects the material of bundles from one store."""

    def __init__(self, store: Store, codec: Codec, law: Law) -> None:
        self._store = store
        self._codec = codec
        self._law = law

    def case(self, identity: UUID) -> Material | None:
        """Collect a case, None where there is none of this id.

        With it are the violations of its subject in the days around: what of its mass is counted
        elsewhere follows from them.
        """
        if not self._has("cases"):
            return None
        found = read_records(
            self._store.rows, "AdministrativeCase", "cases", "id = {id:UUID}", "revision",
            id=identity,
        )  # fmt: skip
        if not found:
            return None
        cases = [msgspec.convert(each, AdministrativeCase) for each in found]
        last = cases[-1]
        span = _days_around(last.start, last.end or last.revised_at)
        violations = self._violations(last.bin, last.source_id, span)
        # A case that was withdrawn has no violation any more.
        own = {name for each in cases for name in (*each.violations, *each.absorbed)}
        lacking = own - {each.id for each in violations}
        for name in sorted(lacking):
            violations += self._violation(UUID(name))
        material = self._material(
            last.bin, last.source_id, violations, own, [each.rule_set for each in cases[-1:]],
            last.revised_at,
        )  # fmt: skip
        return replace(
            material,
            subject="case",
            id=last.id,
            revision=last.revision,
            cases=self._values("AdministrativeCase", cases),
            measures=self._measures(last),
            earlier=self._earlier(violations, last.revised_at),
        )

    def violation(self, identity: UUID) -> Material | None:
        """Collect a violation, None where there is none of this id."""
        found = self._violation(identity)
        if not found:
            return None
        last = found[-1]
        material = self._material(last.bin, last.source_id, found, {last.id}, [], last.detected_at)
        return replace(material, subject="violation", id=last.id, revision=last.revision)

    def _has(self, table: str) -> bool:
        return bool(self._store.rows(_EXISTS, name=table)[0][0])

    def _violation(self, identity: UUID) -> list[Violation]:
        facts = self._store.violation(identity)
        return [] if facts is None else list(facts.violations)

    def _violations(self, bin_: str, source_id: str | None, span: Interval) -> list[Violation]:
        found = read_records(
            self._store.rows, "Violation", "violations", _NEAR, "start, rule, id, revision",
            bin=bin_, source=source_id or "", since=span[0], until=span[1],
        )  # fmt: skip
        return [msgspec.convert(each, Violation) for each in found]

    def _material(
        self,
        bin_: str,
        source_id: str | None,
        violations: Sequence[Violation],
        own: set[str],
        rule_sets: Sequence[str],
        until: int,
    ) -> Material:
        """Return the material but for its subject; ``own`` are the violations judged again."""
        judged = [each for each in violations if each.id in own]
        registrations = self._registrations(bin_, until)
        versions = {*rule_sets, *(each.rule_set for each in judged)}
        days: list[Interval] = []
        if source_id is not None:
            history = registered(
                registrations, bin_, self._codec, self._store.country, NoticeHistory()
            )
            entry = history.last_known(source_id, FOREVER)
            days = [] if entry is None else self._days(entry, judged)
        topic, partition, raw, refused = self._messages(source_id, judged, days)
        roots = self._roots(source_id, days) if source_id is not None and raw else ()
        ticks = {each.detected_at for each in violations}
        means: tuple[RawRecord, ...] = ()
        for name in sorted(own):
            facts = self._store.violation(UUID(name))
            if facts is not None:
                ticks |= {each.detected_at for each in facts.history}
                if facts.violations[-1].unit == ANNUAL_MASS:
                    means += self._means(facts.means, len(means))
        return Material(
            subject="violation",
            id="",
            revision=0,
            topic=topic,
            partition=partition,
            source_id=source_id,
            bin=bin_,
            violations=self._values("Violation", violations),
            registrations=registrations,
            rules=self._rules(versions),
            schemas={number: packaged(file).text for number, file in packaged_ids().items()},
            policy=self._law.policy,
            terms=self._law.terms,
            roots=roots,
            raw=raw,
            refused=refused,
            means=means,
            ticks=tuple(sorted(each for each in ticks if each <= until)),
            notices=tuple(self._store.notices(source_id)) if source_id is not None else (),
        )

    def _rules(self, versions: set[str]) -> Mapping[str, bytes]:
        found = {}
        for version in sorted(versions):
            packed = self._law.packed(version)
            if packed is None:
                raise UnknownSubjectError(
                    f"the rules {version}, by which it was judged, are neither in the log's "
                    "directory nor those of EMISSIONS_RULES"
                )
            found[version] = packed
        return found

    def _registrations(self, bin_: str, until: int) -> tuple[RegistrationMessage, ...]:
        found = [each for each in self._store.registrations(bin_) if each.arrived_at <= until]
        if not found:
            raise UnknownSubjectError(f"no registration of {bin_} is stored whole")
        return tuple(found)

    def _values(
        self, name: str, items: Sequence[Violation] | Sequence[AdministrativeCase]
    ) -> tuple[Value, ...]:
        encode = self._codec.encoder(name)
        return tuple(Value(each.id, each.revision, encode(each)) for each in items)

    def _means(self, means: Sequence[Any], first: int) -> tuple[RawRecord, ...]:
        encode = self._codec.encoder("WindowMean")
        return tuple(
            RawRecord(first + at, each.stream_time, each.source_id.encode(), encode(each), ())
            for at, each in enumerate(means)
        )

    def _earlier(self, violations: Sequence[Violation], known: int) -> tuple[EarlierRevision, ...]:
        """Return what is kept of revisions that a later one replaced in the store."""
        whole = {(each.id, each.revision) for each in violations}
        rows = self._store.rows(_EARLIER, ids=sorted({each.id for each in violations}), known=known)
        values = ([*row[:10], tuple(row[10]), row[11]] for row in rows)
        earlier = (EarlierRevision(*each) for each in values)
        return tuple(each for each in earlier if (each.id, each.revision) not in whole)

    def _measures(self, case: AdministrativeCase) -> tuple[RawRecord, ...]:
        """Return the measures on a case and on its source that had arrived by its revision.

        Every version of them: which one counted follows from the arrivals.
        """
        if not self._has("measures"):
            return ()
        beside = ("`offset`", "toUnixTimestamp64Milli(arrived_at)")
        chosen = RecordTable(self._store.rows, "Measure", "measures", beside)
        sql = chosen.select(_MEASURES, "topic, partition, `offset`", final=True)
        encode = self._codec.encoder("Measure")
        found = []
        for row in self._store.rows(
            sql, known=case.revised_at, case=case.id, source=case.source_id or ""
        ):
            fields = chosen.record(row)
            found.append(RawRecord(row[-2], row[-1], fields["id"].encode(), encode(fields), ()))
        return tuple(found)

    def _messages(
        self, source_id: str | None, judged: Sequence[Violation], days: Sequence[Interval]
    ) -> tuple[str, int, tuple[RawRecord, ...], tuple[Refused, ...]]:
        """Return topic, partition, messages in the order of offsets, and which were refused."""
        place = next((each for one in judged for each in one.evidence), None)
        topic, partition = ("", 0) if place is None else (place.topic, place.partition)
        if source_id is None:
            return topic, partition, (), ()
        found: dict[int, RawRecord] = {}
        refused: dict[int, str] = {}
        for since, until in days:
            rows = self._store.rows(_RAW, source=source_id, since=since, until=until)
            for row in rows:
                topic, partition = str(row[5]), int(row[6])
                found[row[0]] = _record(row)
        if not found:
            return topic, partition, (), ()
        first, last = min(found), max(found)
        for row in self._store.rows(
            _LETTERS, topic=topic, partition=partition, source=source_id, first=first, last=last
        ):
            reading = self._codec.decode_reading(row[3])
            inside = isinstance(reading, Reading) and any(
                since <= reading.measured_at < until for since, until in days
            )
            if inside:
                found.setdefault(row[0], _record(row))
            if row[0] in found:
                refused[row[0]] = row[7]
        return (
            topic,
            partition,
            tuple(found[offset] for offset in sorted(found)),
            tuple(Refused(offset, refused[offset]) for offset in sorted(refused)),
        )

    def _days(self, entry: SourceEntry, judged: Sequence[Violation]) -> list[Interval]:
        """Return the whole local days of the messages that the violations need."""
        spans: list[Interval] = []
        for each in judged:
            for since, until in spans_of(each):
                first = since
                if each.unit == "s":
                    before = self._store.rows(_BEFORE, source=entry.id, before=each.start)
                    if before and before[0][1]:
                        first = min(since, before[0][0])
                spans += [(first, first + 1), (since, until)]
        days = [
            (entry.window(WHOLE_DAY, since)[0], entry.window(WHOLE_DAY, until - 1)[1])
            for since, until in spans
        ]
        return list(union_of(days))

    def _roots(self, source_id: str, days: Sequence[Interval]) -> tuple[Value, ...]:
        """Return the last final roots of those days."""
        if not self._has("roots"):
            return ()
        encode = self._codec.encoder("SourceDayRoot")
        found: dict[str, Value] = {}
        for since, until in days:
            for record in read_records(
                self._store.rows, "SourceDayRoot", "roots",
                "source_id = {source:String} AND final "
                "AND start < fromUnixTimestamp64Milli({until:Int64}, 'UTC') "
                "AND end > fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
                "day, revision", source=source_id, since=since, until=until,
            ):  # fmt: skip
                name = f"{source_id}|{record['day']}"
                found[name] = Value(name, record["revision"], encode(record))
        return tuple(found.values())


def _record(row: Sequence[Any]) -> RawRecord:
    headers = tuple(
        (str(name), None if value is None else bytes.fromhex(value)) for name, value in row[4]
    )
    return RawRecord(row[0], row[1], row[2], row[3], headers)


def _days_around(start: int, end: int) -> Interval:
    """Return the days of a case with one more on each side."""
    return start - DAY - start % DAY, min(end, FOREVER - 3 * DAY) + 2 * DAY
