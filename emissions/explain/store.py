"""Reads from ClickHouse what an explanation is computed from, by primary keys alone.

A violation is found by its id in ``violation_revisions`` (key: id, revision), a gap by the index on
its id; readings by source and day, means by window and source, registrations by БИН, dead letters
by their place in the log. So the time does not grow with the store.

One file, although a long one: each query stands beside what its rows become, and all keep to the
same rule of keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client

from emissions.explain.registrations import RegistrationMessage, registered
from schemas.codec import Codec
from schemas.reading import Reading
from streams.core.explanation.facts import Facts, HistoricRevision, Refusal, StoredMessage
from streams.core.explanation.rerun import Wire
from streams.core.explanation.scope import readings_of, spans_of
from streams.core.law.country import Country
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.findings import Article, DataGap, Finding, Proof, Violation, WindowMean
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.notice import Notice, ReceivedNotice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.sources.series import ANNUAL_MASS, MASS_FLOW
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY
from streams.core.time.local_clock import iso
from streams.registry.avro import enterprise_from_record
from streams.registry.errors import RegistryError
from streams.rules.calendar import load_calendar

_READ_ONLY: Final = {"readonly": "1"}
_AS_BYTES: Final[dict[str, str | dict[str, str]]] = {
    "key": "bytes",
    "value": "bytes",
}  # of columns that are strings
_EVERYTHING: Final = 1 << 62
_MAX_OFFSET: Final = (1 << 63) - 1

_HISTORY = """
SELECT revision, status, rule, source_id, bin, toUnixTimestamp64Milli(start),
    toUnixTimestamp64Milli(end), value, validated_value, limit, ratio, excess_mass_t, automatic,
    reasons, toUnixTimestamp64Milli(detected_at)
FROM violation_revisions FINAL WHERE id = {id:UUID} ORDER BY revision
"""
_VIOLATIONS = """
SELECT revision, status, rule, rule_set, legal_basis.act, legal_basis.article, legal_basis.part,
    legal_basis.point, legal_basis.subpoint, bin, enterprise, region, category, business_size,
    source_id, parameter, unit, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(end), value,
    validated_value, limit, ratio, excess_mass_t, device_serial, verification,
    toUnixTimestamp64Milli(verification_until), toUnixTimestamp64Milli(detected_at), automatic,
    toUnixTimestamp64Milli(deferred_until), evidence.topic, evidence.partition,
    evidence.first_offset, evidence.last_offset, evidence.readings, evidence.sha256, track,
    certainty, reasons
FROM violations
WHERE rule = {rule:String} AND start = fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND id = {id:UUID}
ORDER BY revision
"""
_VIOLATIONS_OF = (
    _VIOLATIONS.partition("FROM violations")[0].replace("SELECT", "SELECT id,", 1)
    + """FROM violations
WHERE rule IN {rules:Array(String)} AND start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND start <= fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND id IN {ids:Array(UUID)}
"""
)
_GAPS = """
SELECT id, revision, status, source_id, parameter, toUnixTimestamp64Milli(start),
    toUnixTimestamp64Milli(end), toUnixTimestamp64Milli(detected_at)
FROM gaps WHERE id = {id:UUID} ORDER BY revision
"""
_GAPS_OF = """
SELECT id, revision, status, source_id, parameter, toUnixTimestamp64Milli(start),
    toUnixTimestamp64Milli(end), toUnixTimestamp64Milli(detected_at)
FROM gaps FINAL
WHERE source_id = {source:String} AND start < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
ORDER BY start
"""
_FINDINGS = """
SELECT id, revision, status, kind, bin, source_id, parameter, toUnixTimestamp64Milli(start),
    toUnixTimestamp64Milli(end), statistic, value, threshold, unit, detail, basis, track, rule_set,
    toUnixTimestamp64Milli(detected_at)
FROM findings WHERE id = {id:UUID} ORDER BY revision
"""
_MEAN_COLUMNS = """
SELECT source_id, parameter, unit, window, toUnixTimestamp64Milli(start),
    toUnixTimestamp64Milli(end), value, raw_value, validated_value, min, max, count, valid_s, due_s,
    excused_s, status, seconds_by_code, limit, rule_set, revision, final,
    toUnixTimestamp64Milli(stream_time)
FROM means
WHERE source_id = {source:String} AND parameter = {parameter:String}
"""
_MEAN = (
    _MEAN_COLUMNS
    + "AND window = {window:String} AND start = fromUnixTimestamp64Milli({start:Int64}, 'UTC') "
    "ORDER BY unit, revision, final"
)
_MEANS = (
    _MEAN_COLUMNS + "AND unit = {unit:String} AND window IN ('20min', '30min', '1h', 'day') "
    "AND start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') "
    "AND start < fromUnixTimestamp64Milli({until:Int64}, 'UTC') ORDER BY window, start, revision"
)
_READINGS = """
SELECT offset, topic, partition, toUnixTimestamp64Milli(arrived_at),
    toUnixTimestamp64Milli(measured_at), period_s, state, device_serial, parameter, value, flag
FROM readings
WHERE source_id = {source:String}
    AND toDate(interval_start) >= toDate({first_day:Int64})
    AND toDate(interval_start) <= toDate({last_day:Int64})
    AND measured_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND measured_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
ORDER BY offset
"""
_LAST_BEFORE = """
SELECT toUnixTimestamp64Milli(measured_at) FROM readings
WHERE source_id = {source:String}
    AND interval_start < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
ORDER BY interval_start DESC LIMIT 1
"""
_LAST_OFFSET = """
SELECT max(offset) FROM readings
WHERE source_id = {source:String} AND parameter = {parameter:String}
    AND toDate(interval_start) >= toDate({first_day:Int64})
    AND toDate(interval_start) <= toDate({last_day:Int64})
"""
_LETTERS = """
SELECT offset, toUnixTimestamp64Milli(timestamp), key, value, reason, detail
FROM dead_letters FINAL
WHERE topic = {topic:String} AND partition = {partition:Int32}
    AND offset >= {first:Int64} AND offset <= {last:Int64}
    AND source_id = {source:String} AND stage != 'sink'
ORDER BY offset
"""
_REGISTRATIONS = """
SELECT topic, partition, offset, toUnixTimestamp64Milli(arrived_at), value
FROM registrations FINAL WHERE bin = {bin:String} ORDER BY arrived_at, partition, offset
"""
_NOTICES = """
SELECT notice_id, kind, bin, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(end), parameter,
    state, flag, withdraws, completes, toUnixTimestamp64Milli(arrived_at)
FROM notices FINAL
WHERE source_id = {source:String} AND verdict NOT IN ('REFUSED', 'CONTRADICTED')
ORDER BY arrived_at, notice_id
"""
_ENTERPRISE_OF = "SELECT bin FROM registry WHERE source_id = {source:String} LIMIT 1"
_LAST_REGISTRATION = """
SELECT bin, name_ru, name_kk, name_en, region, category, business_size,
    toUnixTimestamp64Milli(commissioned_on), toUnixTimestamp64Milli(installed_on),
    toUnixTimestamp64Milli(connected_on), toUnixTimestamp64Milli(roadmap_until), roadmap_reference,
    test
FROM enterprises FINAL WHERE bin = {bin:String} AND NOT deleted
"""
_DOCUMENTS = "SELECT document FROM registry FINAL WHERE bin = {bin:String} ORDER BY source_id"


class UnknownSubjectError(LookupError):
    """Nothing with this id, or no such mean, is stored; the text says what is nearest."""


class MeanKey(NamedTuple):
    """Which mean: source, parameter, window, start (ms UTC), and the unit if it matters."""

    source_id: str
    parameter: str
    window: str
    start: int
    unit: str | None = None


class Store:
    """Reads the facts of one subject; ``client`` is bound to the database."""

    def __init__(
        self, client: Client, codec: Codec, rules: RuleSet, policy: Policy, topic: str
    ) -> None:
        self._client = client
        self._codec = codec
        self._rules = rules
        self._policy = policy
        self._topic = topic
        self.wire = Wire(codec.decode_readings, codec.encode("StreamTick", {"sent_at": 0}))

    def violation(self, identity: UUID) -> Facts | None:
        """Return what is stored about a violation, None where there is none."""
        history = self._rows(_HISTORY, id=identity)
        if not history:
            return None
        rule, start = history[-1][2], history[-1][5]
        found = self._rows(_VIOLATIONS, id=identity, rule=rule, start=start)
        if not found:
            return None
        revisions = [_violation(str(identity), row) for row in found]
        last = revisions[-1]
        registry, whole = self._registry(last.bin, last.source_id)
        facts = Facts(
            self._topic,
            0,
            self._rules,
            self._policy,
            registry,
            violations=tuple(revisions),
            history=tuple(_historic(row) for row in history),
            registered=whole,
        )
        if last.source_id is None:
            return facts
        silent = last.start if last.unit == "s" else None
        for since, until in spans_of(last):
            facts = self._with_messages(facts, last.source_id, since, until, silent, last.evidence)
            facts = facts._replace(gaps=self._gaps_near(last.source_id, since, until))
        if last.parameter is None:
            return facts
        return facts._replace(means=self._means_of(last, facts))

    @property
    def country(self) -> Country:
        """The country whose law the rules are."""
        return self._rules.country

    @property
    def country_zone(self) -> str:
        """The clock of an enterprise as a whole (IANA)."""
        return self._rules.country.zone

    def registrations(self, bin_: str) -> list[RegistrationMessage]:
        """Return the messages of an enterprise's registrations, in the order of their arrival."""
        return [RegistrationMessage(*row) for row in self._rows(_REGISTRATIONS, bin=bin_)]

    def finding(self, identity: UUID) -> list[Finding]:
        """Return the stored revisions of a finding, in order; none where there is no such one."""
        return [_finding(row) for row in self._rows(_FINDINGS, id=identity)]

    def violations(
        self, identities: Sequence[str], rules: Sequence[str], since: int, until: int
    ) -> dict[str, Violation]:
        """Return the last revisions of violations by id.

        They are of these rules and start in ``[since, until]`` (ms).
        """
        found: dict[str, Violation] = {}
        rows = self._rows(
            _VIOLATIONS_OF, ids=list(identities), rules=list(rules), since=since, until=until
        )
        for identity, *row in rows:
            one = _violation(str(identity), row)
            known = found.get(one.id)
            if known is None or known.revision < one.revision:
                found[one.id] = one
        return found

    def means(
        self, source_id: str, parameter: str, unit: str, since: int, until: int
    ) -> list[WindowMean]:
        """Return the last revisions of the means that start in ``[since, until)`` (ms)."""
        rows = self._rows(
            _MEANS, source=source_id, parameter=parameter, unit=unit, since=since, until=until
        )
        last = {(each.window, each.start): each for each in map(_mean, rows)}
        return list(last.values())

    def gaps(self, source_id: str, since: int, until: int) -> tuple[DataGap, ...]:
        """Return the gaps of a source that may reach into an interval (ms)."""
        return self._gaps_near(source_id, since, until)

    def registered(self, bin_: str, source_id: str | None) -> RegistryHistory:
        """Return the registrations of an enterprise, with notices about the source."""
        return self._registry(bin_, source_id)[0]

    def _means_of(self, violation: Violation, facts: Facts) -> tuple[WindowMean, ...]:
        """Return the stored means inside a violation; of a year those of its hours in g/s."""
        parameter, unit = violation.parameter or "", violation.unit or ""
        source_id, yearly = violation.source_id or "", violation.unit == ANNUAL_MASS
        entry = facts.registry.last_known(source_id, _EVERYTHING)
        if (yearly or unit == MASS_FLOW) and entry is not None:
            key = entry.plan(min(violation.detected_at, violation.end or _EVERYTHING))
            parameter, unit = key.mass_key(parameter).split("|", 1)
        rows = self._rows(
            _MEANS,
            source=source_id,
            parameter=parameter,
            unit=unit,
            since=violation.start,
            until=violation.detected_at if violation.end is None else violation.end,
        )
        return tuple(map(_mean, rows))

    def gap(self, identity: UUID) -> Facts | None:
        """Return what is stored about a gap, None where there is none."""
        found = [_gap(row) for row in self._rows(_GAPS, id=identity)]
        if not found:
            return None
        last = found[-1]
        facts = self._of_source(last.source_id)._replace(gaps=tuple(found))
        since, until = readings_of(last.start, last.end, last.detected_at)
        return self._with_messages(facts, last.source_id, since, until, last.start, ())

    def mean(self, key: MeanKey) -> Facts | None:
        """Return what is stored about a mean in every unit it has, None where there is none."""
        found = [
            _mean(row)
            for row in self._rows(
                _MEAN,
                source=key.source_id,
                parameter=key.parameter,
                window=key.window,
                start=key.start,
            )
            if key.unit in (None, row[2])
        ]
        if not found:
            return None
        last = found[-1]
        facts = self._of_source(key.source_id)._replace(means=tuple(found))
        since, until = readings_of(last.start, last.end, last.stream_time)
        facts = self._with_messages(facts, key.source_id, since, until, None, ())
        return facts._replace(gaps=self._gaps_near(key.source_id, since, until))

    def entry(self, source_id: str) -> SourceEntry | None:
        """Return a source as last registered, None where it is not."""
        return self._of_source(source_id).registry.last_known(source_id, _EVERYTHING)

    def _of_source(self, source_id: str) -> Facts:
        """Return the facts of a source without anything that was found."""
        registry, whole = self._registry(self._bin_of(source_id), source_id)
        return Facts(self._topic, 0, self._rules, self._policy, registry, registered=whole)

    def rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Run one read-only question."""
        return self._rows(sql, **parameters)

    def _rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        return self._client.query(
            sql, parameters=parameters, settings=_READ_ONLY, column_formats=_AS_BYTES
        ).result_rows

    def _columns(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        found = self._client.query(
            sql, parameters=parameters, settings=_READ_ONLY, column_oriented=True
        )
        return found.result_columns

    def _bin_of(self, source_id: str) -> str:
        found = self._rows(_ENTERPRISE_OF, source=source_id)
        return str(found[0][0]) if found else ""

    def _gaps_near(self, source_id: str, since: int, until: int) -> tuple[DataGap, ...]:
        rows = self._rows(_GAPS_OF, source=source_id, since=since - 31 * DAY, until=until)
        return tuple(map(_gap, rows))

    def _with_messages(
        self,
        facts: Facts,
        source_id: str,
        since: int,
        until: int,
        silent_from: int | None,
        evidence: Sequence[Proof],
    ) -> Facts:
        """Add the messages of the source, and where in the log they are."""
        entry = facts.registry.last_known(source_id, _EVERYTHING)
        order = [each.parameter for each in entry.source.channels] if entry is not None else []
        if silent_from is not None:
            before = self._rows(_LAST_BEFORE, source=source_id, before=silent_from)
            since = min(since, before[0][0]) if before else since
        columns = self._columns(
            _READINGS,
            source=source_id,
            since=since,
            until=until,
            first_day=(since - DAY) // 1000,
            last_day=until // 1000,
        )
        accepted = {
            message.record.offset: message for message in self._messages(source_id, columns, order)
        }
        topic, partition = self._place(columns, evidence)
        letters = self._letters(topic, partition, source_id, accepted, since, until)
        messages = {each.record.offset: each for each in facts.messages}
        messages |= {**accepted, **letters}
        return facts._replace(
            topic=topic,
            partition=partition,
            messages=tuple(messages[offset] for offset in sorted(messages)),
        )

    def _place(
        self, columns: Sequence[Sequence[Any]], evidence: Sequence[Proof]
    ) -> tuple[str, int]:
        if columns and columns[0]:
            return str(columns[1][0]), int(columns[2][0])
        if evidence:
            return evidence[0].topic, evidence[0].partition
        return self._topic, 0

    def _messages(
        self, source_id: str, columns: Sequence[Sequence[Any]], order: Sequence[str]
    ) -> Iterator[StoredMessage]:
        """Put the rows of channels together to messages, and write their bytes anew."""
        if not columns:
            return
        encode, key = self._codec.encoder("EmissionReading"), source_id.encode()
        rank = {name: number for number, name in enumerate(order)}
        found: dict[int, tuple[int, int, int, str, str | None, dict[str, float], dict[str, str]]]
        found = {}
        for offset, _, _, arrived, measured, period, state, serial, parameter, value, flag in zip(
            *columns, strict=True
        ):
            known = found.get(offset)
            if known is None:
                known = found[offset] = arrived, measured, period, state, serial or None, {}, {}
            known[5][parameter] = value
            if flag:
                known[6][parameter] = flag
        for offset, (arrived, measured, period, state, serial, values, flags) in found.items():
            ordered = {
                name: values[name] for name in sorted(values, key=lambda each: rank.get(each, 999))
            }
            reading = Reading(source_id, measured, period, state, serial, ordered, flags)
            record = RawRecord(offset, arrived, key, encode(msgspec.structs.asdict(reading)), ())
            yield StoredMessage(record, reading)

    def _letters(
        self,
        topic: str,
        partition: int,
        source_id: str,
        accepted: dict[int, StoredMessage],
        since: int,
        until: int,
    ) -> dict[int, StoredMessage]:
        """Return the dead letters whose reading lies in the interval, by offset.

        They are looked for between the first message of the interval and the last that can have
        come before its readings were final.
        """
        last_day = until + self._policy.max_lateness + DAY
        found = self._rows(
            _LAST_OFFSET,
            source=source_id,
            parameter=next(
                (name for each in accepted.values() for name in each.reading.values), ""
            ),
            first_day=(since - DAY) // 1000,
            last_day=last_day // 1000,
        )
        last = int(found[0][0]) if found and accepted else _MAX_OFFSET
        first = min(accepted, default=0)
        letters = {}
        for offset, timestamp, key, value, reason, detail in self._rows(
            _LETTERS,
            topic=topic,
            partition=partition,
            source=source_id,
            first=max(0, first - 10_000),
            last=max(last, max(accepted, default=0)),
        ):
            raw: bytes | None = value
            reading = self._codec.decode_reading(raw)
            if isinstance(reading, Reading) and since <= reading.measured_at < until:
                record = RawRecord(offset, timestamp, key, raw, ())
                letters[offset] = StoredMessage(record, reading, Refusal(reason, detail))
        return letters

    def _registry(self, bin_: str, source_id: str | None) -> tuple[RegistryHistory, bool]:
        """Return the registrations of an enterprise, and whether they are all of them.

        With them are the notices about the source: what they excuse is laid over it.
        """
        messages, notices = self.registrations(bin_), self._notices(source_id)
        history = registered(messages, bin_, self._codec, self._rules.country, notices)
        if not history.version and (last := self._last_registration(bin_)) is not None:
            unknown = Proof("", 0, 0, 0, 0, "")
            history.add(-_EVERYTHING, bin_, last, unknown)
            return history, False
        return history, True

    def notices(self, source_id: str) -> list[ReceivedNotice]:
        """Return the notices about a source that were judged to be its operator's, and true."""
        found = []
        for row in self._rows(_NOTICES, source=source_id):
            identity, kind, bin_, start, end, *texts, arrived = row
            parameter, state, flag, withdraws, completes = (text or None for text in texts)
            notice = Notice(
                identity, kind, bin_, source_id, start, end, parameter, state, flag, withdraws,
                completes,
            )  # fmt: skip
            found.append(ReceivedNotice(notice, arrived))
        return found

    def _notices(self, source_id: str | None) -> NoticeHistory:
        notices = NoticeHistory(load_calendar(self._rules.country.code), self._policy)
        for each in () if source_id is None else self.notices(source_id):
            notices.add(each.notice, each.arrived_at)
        return notices

    def _last_registration(self, bin_: str) -> Enterprise | None:
        """Return an enterprise as last registered, put together from the tables of today."""
        found = self._rows(_LAST_REGISTRATION, bin=bin_)
        if not found:
            return None
        (
            number, ru, kk, en, region, category, size, commissioned, installed, connected, until,
            reference, test,
        ) = found[0]  # fmt: skip
        moment = [None if at is None else iso(at) for at in (installed, connected, until)]
        record: dict[str, Any] = {
            "bin": number,
            "name": {"ru": ru, "kk": kk, "en": en},
            "region": region,
            "category": category,
            "business_size": size,
            "commissioned_on": iso(commissioned),
            "asm": {"installed_on": moment[0], "connected_on": moment[1]},
            "roadmap": {"until": moment[2], "reference": reference} if moment[2] else None,
            "test": test,
            "sources": [json.loads(document) for (document,) in self._rows(_DOCUMENTS, bin=bin_)],
        }
        try:
            return enterprise_from_record(record, self._rules.country)
        except RegistryError:
            return None


def _violation(identity: str, row: Sequence[Any]) -> Violation:
    (
        revision, status, rule, rule_set, acts, articles, parts, points, subpoints, bin_, names,
        region, category, size, source, parameter, unit, start, end, value, validated, limit, ratio,
        excess, serial, verification, verified_until, detected, automatic, deferred, topics,
        partitions, firsts, lasts, readings, hashes, track, certainty, reasons,
    ) = row  # fmt: skip
    basis = tuple(
        Article(act, article or None, part or None, point or None, subpoint or None)
        for act, article, part, point, subpoint in zip(
            acts, articles, parts, points, subpoints, strict=True
        )
    )
    evidence = tuple(
        Proof(*proof)
        for proof in zip(topics, partitions, firsts, lasts, readings, hashes, strict=True)
    )
    return Violation(
        identity, revision, status, rule, rule_set, basis, bin_, dict(names), region, category,
        size, source or None, parameter or None, unit or None, start, end, value, validated, limit,
        ratio, excess, serial or None, verification or None, verified_until, detected, automatic,
        deferred, evidence, track, certainty, tuple(reasons),
    )  # fmt: skip


def _historic(row: Sequence[Any]) -> HistoricRevision:
    revision, status, _, _, _, _, end, *numbers, automatic, reasons, detected = row
    value, validated, limit, ratio, excess = numbers
    return HistoricRevision(
        revision, status, end, value, validated, limit, ratio, excess, automatic, tuple(reasons),
        detected,
    )  # fmt: skip


def _gap(row: Sequence[Any]) -> DataGap:
    identity, revision, status, source, parameter, start, end, detected = row
    return DataGap(str(identity), revision, status, source, parameter or None, start, end, detected)


def _finding(row: Sequence[Any]) -> Finding:
    (
        identity, revision, status, kind, bin_, source, parameter, start, end, statistic, value,
        threshold, unit, detail, basis, track, rule_set, detected,
    ) = row  # fmt: skip
    return Finding(
        str(identity), revision, status, kind, bin_, source or None, parameter or None, start, end,
        statistic, value, threshold, unit or None, detail, basis, track, rule_set, detected,
    )  # fmt: skip


def _mean(row: Sequence[Any]) -> WindowMean:
    values = list(row)
    values[16] = dict(sorted(values[16].items()))
    return WindowMean(*values)
