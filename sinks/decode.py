"""Decode the records of each topic into the entries of its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import structlog
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from schemas.reading import Reading
from sinks.batch import Entry, FetchedEntries
from sinks.readings.entries import ReadingEntries
from sinks.readings.quality import AssessQuality
from sinks.tables import (
    CASES,
    DEAD_LETTERS,
    ENTERPRISES,
    FINDINGS,
    GAPS,
    MEANS,
    MEASURES,
    NOTICES,
    RAW_MESSAGES,
    READINGS,
    REGISTRATIONS,
    REGISTRY,
    ROOTS,
    VIOLATIONS,
    Table,
)
from streams.core.law.country import Country
from streams.core.law.quality_codes import UNDECODABLE, UNKNOWN_SCHEMA
from streams.core.quality.rejection import arrival_rejection
from streams.core.time.interval import LATEST_ARRIVAL
from streams.core.time.local_clock import parse_instant
from streams.registry.avro import enterprise_from_record
from streams.registry.errors import RegistryError
from streams.registry.follower import bin_of
from streams.registry.measures import measure_from_record
from streams.settings import Settings
from streams.transport.batch import PartitionBatch

log = structlog.get_logger(__name__)


class DecodedRecord(NamedTuple):
    """The input of the table's builder, and the number of rows it becomes."""

    record: Any
    rows: int


class DecodedRecords(NamedTuple):
    """The entries of a fetch, and the number of its messages that cannot be decoded."""

    entries: Sequence[Entry]
    unreadable: int = 0


DecodeBatch = Callable[[Sequence[ConsumerRecord]], DecodedRecords]
"""Decode the records of a fetch, dropping those that become no row."""

_UNREAD: Final = (UNDECODABLE, UNKNOWN_SCHEMA)  # reasons of letters that no reading is read from
_EARLIEST: Final = -2_208_988_800_000  # 1900, where ClickHouse's times begin, milliseconds UTC


@dataclass(frozen=True)
class Route:
    """The tables of a topic, in insert order, and the decoder of its messages."""

    tables: tuple[Table, ...]
    decode: DecodeBatch


def record_by_record(decode: Callable[[ConsumerRecord], DecodedRecord | None]) -> DecodeBatch:
    """Decode each record by itself; catch ``Undecodable`` and ``UnknownSchema``."""

    def decode_batch(records: Sequence[ConsumerRecord]) -> DecodedRecords:
        entries, unreadable = [], 0
        for record in records:
            try:
                decoded = decode(record)
            except (Undecodable, UnknownSchema):
                unreadable += 1
                continue
            if decoded is not None:
                said = record.offset, record.timestamp, record.key, record.value
                entries.append(Entry(*said, tuple(record.headers), *decoded))
        return DecodedRecords(tuple(entries), unreadable)

    return decode_batch


def routes(
    settings: Settings, codec: Codec, assess_quality: AssessQuality, country: Country
) -> dict[str, Route]:
    """Return the route of every topic that is written to ClickHouse, by topic name."""

    def readings(records: Sequence[ConsumerRecord]) -> DecodedRecords:
        arrivals = np.fromiter((record.timestamp for record in records), np.int64, len(records))
        values = [record.value for record in records]
        # Ticks, and messages that the streams worker dead-letters, lead to no row.
        if arrival_rejection(int(arrivals.min())) or arrival_rejection(int(arrivals.max())):
            for at, arrival in enumerate(arrivals.tolist()):
                if arrival_rejection(arrival):
                    values[at] = None
        blocks = [
            assess_quality(block, arrivals[block.rows], records[0].partition)
            for block in codec.decode_readings(values).blocks
        ]
        return DecodedRecords(ReadingEntries.from_fetch(records, arrivals, blocks))

    def plain(name: str) -> DecodeBatch:
        return record_by_record(lambda record: DecodedRecord(_record(codec, name, record), 1))

    def letter(record: ConsumerRecord) -> DecodedRecord:
        found = _record(codec, "DeadLetter", record)
        if found["topic"] == settings.topic_readings and found["reason"] not in _UNREAD:
            reading = codec.decode_reading(found["value"])
            if isinstance(reading, Reading) and _EARLIEST <= reading.measured_at <= LATEST_ARRIVAL:
                found["measured_at"] = reading.measured_at
        return DecodedRecord(found, 1)

    def registration(record: ConsumerRecord) -> DecodedRecord | None:
        # What raises here the streams worker leaves out as well.
        untimely = arrival_rejection(record.timestamp)
        if untimely is not None:
            raise Undecodable(untimely.detail)
        try:
            if record.value is None:
                struck = _struck_off(bin_of(record.key, None, country))
                return DecodedRecord({"enterprise": struck, "sources": []}, 1)
            enterprise = _record(codec, "EnterpriseRegistration", record)
            bin_of(record.key, enterprise_from_record(enterprise, country), country)
        except (RegistryError, ValueError) as error:
            raise Undecodable(str(error)) from None
        sources = enterprise["sources"]
        record = {
            "enterprise": _enterprise(enterprise, country.zone),
            "sources": [_source(enterprise["bin"], source) for source in sources],
        }
        return DecodedRecord(record, 1 + len(sources))

    def measure(record: ConsumerRecord) -> DecodedRecord:
        # What raises here the streams worker leaves out as well.
        fields = _record(codec, "Measure", record)
        try:
            told = measure_from_record(fields, country, record.timestamp)
        except (RegistryError, ValueError) as error:
            raise Undecodable(str(error)) from None
        if record.key != told.id.encode():
            raise Undecodable(f"its key is not its id {told.id}")
        return DecodedRecord(fields, 1)

    of_readings = (READINGS, RAW_MESSAGES) if settings.sink_raw_messages else (READINGS,)
    return {
        settings.topic_readings: Route(of_readings, readings),
        settings.topic_means: Route((MEANS,), plain("WindowMean")),
        settings.topic_gaps: Route((GAPS,), plain("DataGap")),
        settings.topic_violations: Route((VIOLATIONS,), plain("Violation")),
        settings.topic_findings: Route((FINDINGS,), plain("Finding")),
        settings.topic_notice_verdicts: Route((NOTICES,), plain("NoticeVerdict")),
        settings.topic_cases: Route((CASES,), plain("AdministrativeCase")),
        settings.topic_roots: Route((ROOTS,), plain("SourceDayRoot")),
        settings.topic_measures: Route((MEASURES,), record_by_record(measure)),
        settings.topic_dead_letters: Route((DEAD_LETTERS,), record_by_record(letter)),
        settings.topic_registry: Route(
            (REGISTRATIONS, REGISTRY, ENTERPRISES), record_by_record(registration)
        ),
    }


def fetched_entries(batch: PartitionBatch, route: Route) -> FetchedEntries:
    """Decode a fetched batch; drop and log messages that cannot be decoded.

    Raises ``SchemaRegistryError`` if the schema registry does not answer.
    """
    entries, unreadable = route.decode(batch.records)
    if unreadable:
        log.warning(
            "messages_undecodable",
            messages=unreadable,
            topic=batch.topic,
            partition=batch.partition,
            first_offset=batch.first_offset,
            last_offset=batch.next_offset - 1,
        )
    return FetchedEntries(batch.first_offset, batch.next_offset - 1, entries)


def _record(codec: Codec, name: str, record: ConsumerRecord) -> dict[str, Any]:
    if record.value is None:
        raise Undecodable("the message has no value")
    found, content = codec.decode(record.value)
    if found != name:
        raise UnknownSchema(f"the message is a {found}, not a {name}")
    return content


def _moment(text: str | None, zone: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(zone, text)
    except ValueError as error:
        raise Undecodable(str(error)) from None


def _enterprise(record: dict[str, Any], zone: str) -> dict[str, Any]:
    """Return the values of the table's columns, in their order."""
    roadmap = record["roadmap"] or {"until": None, "reference": ""}
    return {
        "bin": record["bin"],
        "name_ru": record["name"]["ru"],
        "name_kk": record["name"]["kk"],
        "name_en": record["name"]["en"],
        "region": record["region"],
        "category": record["category"],
        "business_size": record["business_size"],
        "commissioned_on": _moment(record["commissioned_on"], zone),
        "installed_on": _moment(record["asm"]["installed_on"], zone),
        "connected_on": _moment(record["asm"]["connected_on"], zone),
        "roadmap_until": _moment(roadmap["until"], zone),
        "roadmap_reference": roadmap["reference"],
        "test": record["test"],
        "deleted": False,
    }


def _struck_off(bin_: str) -> dict[str, Any]:
    texts = dict.fromkeys(("name_ru", "name_kk", "name_en", "region"), "")
    dates = dict.fromkeys(("installed_on", "connected_on", "roadmap_until"))
    return {
        "bin": bin_,
        **texts,
        "category": 0,
        "business_size": "",
        "commissioned_on": 0,
        **dates,
        "roadmap_reference": "",
        "test": False,
        "deleted": True,
    }


_CRITERIA = ("plant", "fuel", "electric_mw", "thermal_mw", "gross_t_a")


def _source(bin_: str, source: dict[str, Any]) -> dict[str, Any]:
    criteria = source["criteria"] or dict.fromkeys(_CRITERIA)
    return {
        "source_id": source["id"],
        "bin": bin_,
        "name": source["name"],
        "timezone": source["timezone"],
        "cadence_s": source["cadence_s"],
        "plant": criteria["plant"] or "",
        "fuel": criteria["fuel"] or "",
        "electric_mw": criteria["electric_mw"],
        "thermal_mw": criteria["thermal_mw"],
        "gross_t_a": criteria["gross_t_a"],
        "parameters": [channel["parameter"] for channel in source["channels"]],
        "document": json.dumps(source, ensure_ascii=False),
    }
