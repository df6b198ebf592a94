"""From the records of a topic to entries: what a message becomes on its way into a table."""

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
from sinks.batch import Entry, Portion
from sinks.judge import Judge
from sinks.reading_entries import ReadingEntries
from sinks.tables import (
    DEAD_LETTERS,
    ENTERPRISES,
    GAPS,
    MEANS,
    READINGS,
    REGISTRY,
    VIOLATIONS,
    Table,
)
from streams.core.calendar import moment
from streams.core.quality import LATEST_ARRIVAL, UNDECODABLE, UNKNOWN_SCHEMA, arrival_refusal
from streams.core.reading import Reading
from streams.registry.avro import enterprise_from_record
from streams.registry.errors import RegistryError
from streams.registry_follower import bin_of
from streams.settings import Settings
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)


class Decoded(NamedTuple):
    """What the table's builder takes, and how many rows it will be."""

    record: Any
    rows: int


class Taken(NamedTuple):
    """The entries of a fetch, and how many of its messages cannot be read."""

    entries: Sequence[Entry]
    unreadable: int = 0


Decode = Callable[[Sequence[ConsumerRecord]], Taken]
"""The records of a fetch, without those that lead to no row."""

_UNREAD: Final = (UNDECODABLE, UNKNOWN_SCHEMA)  # reasons of letters that no reading is read from
_EARLIEST: Final = -2_208_988_800_000  # 1900, where ClickHouse's times begin, milliseconds UTC
_ZONE: Final = "Asia/Almaty"  # dates of an enterprise, which has no source to ask (specification 3)


@dataclass(frozen=True)
class Route:
    """Where a topic's messages go, in the order of the inserts, and what they become."""

    tables: tuple[Table, ...]
    decode: Decode


def one_by_one(decode: Callable[[ConsumerRecord], Decoded | None]) -> Decode:
    """Decodes each record for itself; ``Undecodable`` and ``UnknownSchema`` are caught."""

    def take(records: Sequence[ConsumerRecord]) -> Taken:
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
        return Taken(tuple(entries), unreadable)

    return take


def routes(settings: Settings, codec: Codec, judge: Judge) -> dict[str, Route]:
    """The route of every topic that is written to ClickHouse, by the topic's name."""

    def readings(records: Sequence[ConsumerRecord]) -> Taken:
        arrivals = np.fromiter((record.timestamp for record in records), np.int64, len(records))
        values = [record.value for record in records]
        # Ticks, and messages that the streams worker dead-letters, lead to no row.
        if arrival_refusal(int(arrivals.min())) or arrival_refusal(int(arrivals.max())):
            for at, arrival in enumerate(arrivals.tolist()):
                if arrival_refusal(arrival):
                    values[at] = None
        blocks = [
            judge(block, arrivals[block.rows], records[0].partition)
            for block in codec.decode_readings(values).blocks
            if block.pattern.names
        ]
        return Taken(ReadingEntries.of(records, arrivals, blocks))

    def plain(name: str) -> Decode:
        return one_by_one(lambda record: Decoded(_record(codec, name, record), 1))

    def letter(record: ConsumerRecord) -> Decoded:
        found = _record(codec, "DeadLetter", record)
        if found["topic"] == settings.topic_readings and found["reason"] not in _UNREAD:
            reading = codec.decode_reading(found["value"])
            if isinstance(reading, Reading) and _EARLIEST <= reading.measured_at <= LATEST_ARRIVAL:
                found["measured_at"] = reading.measured_at
        return Decoded(found, 1)

    def registration(record: ConsumerRecord) -> Decoded | None:
        # What raises here the streams worker leaves out as well.
        untimely = arrival_refusal(record.timestamp)
        if untimely is not None:
            raise Undecodable(untimely.detail)
        try:
            if record.value is None:
                struck = _struck_off(bin_of(record.key, None))
                return Decoded({"enterprise": struck, "sources": []}, 1)
            enterprise = _record(codec, "EnterpriseRegistration", record)
            bin_of(record.key, enterprise_from_record(enterprise))
        except (RegistryError, ValueError) as error:
            raise Undecodable(str(error)) from None
        sources = enterprise["sources"]
        record = {
            "enterprise": _enterprise(enterprise),
            "sources": [_source(enterprise["bin"], source) for source in sources],
        }
        return Decoded(record, 1 + len(sources))

    return {
        settings.topic_readings: Route((READINGS,), readings),
        settings.topic_means: Route((MEANS,), plain("WindowMean")),
        settings.topic_gaps: Route((GAPS,), plain("DataGap")),
        settings.topic_violations: Route((VIOLATIONS,), plain("Violation")),
        settings.topic_dead_letters: Route((DEAD_LETTERS,), one_by_one(letter)),
        settings.topic_registry: Route((REGISTRY, ENTERPRISES), one_by_one(registration)),
    }


def portion(batch: PartitionBatch, route: Route) -> Portion:
    """The entries of a fetched batch. A message that cannot be read is left out and logged.

    Raises ``SchemaRegistryError`` where the schema registry does not answer.
    """
    entries, unreadable = route.decode(batch.records)
    if unreadable:
        log.warning(
            "messages that cannot be read are left out",
            messages=unreadable,
            topic=batch.topic,
            partition=batch.partition,
            first_offset=batch.first_offset,
            last_offset=batch.next_offset - 1,
        )
    return Portion(batch.first_offset, batch.next_offset - 1, entries)


def _record(codec: Codec, name: str, record: ConsumerRecord) -> dict[str, Any]:
    if record.value is None:
        raise Undecodable("the message has no value")
    found, content = codec.decode(record.value)
    if found != name:
        raise UnknownSchema(f"the message is a {found}, not a {name}")
    return content


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return moment(_ZONE, text)
    except ValueError as error:
        raise Undecodable(str(error)) from None


def _enterprise(record: dict[str, Any]) -> dict[str, Any]:
    """Values of the table's columns, in their order."""
    roadmap = record["roadmap"] or {"until": None, "reference": ""}
    return {
        "bin": record["bin"],
        "name_ru": record["name"]["ru"],
        "name_kk": record["name"]["kk"],
        "name_en": record["name"]["en"],
        "region": record["region"],
        "category": record["category"],
        "business_size": record["business_size"],
        "commissioned_on": _moment(record["commissioned_on"]),
        "installed_on": _moment(record["asm"]["installed_on"]),
        "connected_on": _moment(record["asm"]["connected_on"]),
        "roadmap_until": _moment(roadmap["until"]),
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
