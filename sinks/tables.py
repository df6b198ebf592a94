"""What is written where: for each table its columns and how entries become them.

Columns, not row objects, and times as integer milliseconds: the driver's fast path. The types are
those of the migrations (a test holds them against a live database), so that no insert has to ask.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sinks.batch import Batch, Entry
from streams.core.reading import Reading

Columns = list[list[Any]]

_MAX_OFFSET: Final = (1 << 63) - 1
_TIME: Final = "DateTime64(3, 'UTC')"
_TEXT: Final = "LowCardinality(String)"
_NUMBER: Final = "Nullable(Float64)"


@dataclass(frozen=True)
class Table:
    """A table, its columns with their types, and the builder of the values in that order."""

    name: str
    columns: dict[str, str]
    build: Callable[[Batch], Columns]


def _readings(batch: Batch) -> Columns:
    """Entries hold ``(Reading, {parameter: quality code})``; a row a channel."""
    columns: Columns = [[] for _ in READINGS.columns]
    (source, parameter, interval, measured, period, value, flag, quality, state, serial, arrived,
     topic, partition, offset, version) = columns  # fmt: skip
    for entry in batch.entries:
        reading: Reading
        reading, codes = entry.record
        names = list(reading.values)
        count = len(names)
        flags = reading.flags
        source += [reading.source_id] * count
        parameter += names
        length = reading.period_s * 1000
        interval += [reading.measured_at - reading.measured_at % length] * count
        measured += [reading.measured_at] * count
        period += [reading.period_s] * count
        value += reading.values.values()
        flag += [flags.get(name, "") for name in names] if flags else [""] * count
        quality += [codes.get(name, "") for name in names] if codes else [""] * count
        state += [reading.state] * count
        serial += [reading.device_serial or ""] * count
        arrived += [entry.timestamp] * count
        topic += [batch.topic] * count
        partition += [batch.partition] * count
        offset += [entry.offset] * count
        version += [_MAX_OFFSET - entry.offset] * count
    return columns


def _fields(entries: Sequence[Entry], names: Sequence[str]) -> Columns:
    return [[entry.record[name] for entry in entries] for name in names]


def _text(entries: Sequence[Entry], name: str) -> list[str]:
    return [entry.record[name] or "" for entry in entries]


def _ids(entries: Sequence[Entry]) -> list[uuid.UUID]:
    return [uuid.UUID(entry.record["id"]) for entry in entries]


def _means(batch: Batch) -> Columns:
    versions = [2 * entry.record["revision"] + entry.record["final"] for entry in batch.entries]
    return [*_fields(batch.entries, list(MEANS.columns)[:-1]), versions]


def _gaps(batch: Batch) -> Columns:
    entries = batch.entries
    revision, status, source, start, end, detected = _fields(
        entries, ("revision", "status", "source_id", "start", "end", "detected_at")
    )
    parameter = _text(entries, "parameter")
    return [_ids(entries), revision, status, source, parameter, start, end, detected, revision]


def _violations(batch: Batch) -> Columns:
    entries = batch.entries
    columns: Columns = []
    for name in VIOLATIONS.columns:
        group, _, part = name.partition(".")
        if name == "id":
            columns.append(_ids(entries))
        elif name == "version":
            columns += _fields(entries, ("revision",))
        elif group == "legal_basis":
            columns.append([[item[part] or "" for item in e.record[group]] for e in entries])
        elif part:
            columns.append([[item[part] for item in e.record[group]] for e in entries])
        elif name in _EMPTY_TEXTS:
            columns.append(_text(entries, name))
        else:
            columns += _fields(entries, (name,))
    return columns


def _dead_letters(batch: Batch) -> Columns:
    """Entries hold records of the dead-letters topic, or what the sink itself refused."""
    entries = batch.entries
    versions = [0 if entry.record["stage"] == "sink" else 1 for entry in entries]
    headers = [
        [(header["name"], header["value"]) for header in entry.record["headers"]]
        for entry in entries
    ]
    columns = _fields(entries, list(DEAD_LETTERS.columns)[:-2])
    columns[3] = _text(entries, "source_id")
    return [*columns, headers, versions]


def _registry(batch: Batch) -> Columns:
    """Entries hold ``{"enterprise": {...}, "sources": [{...}]}`` of `sinks.decode`."""
    rows = [
        [*source.values(), entry.offset + 1]
        for entry in batch.entries
        for source in entry.record["sources"]
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _enterprises(batch: Batch) -> Columns:
    rows = [
        [*entry.record["enterprise"].values(), entry.timestamp, entry.offset + 1]
        for entry in batch.entries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


READINGS: Final = Table(
    "readings",
    {
        "source_id": _TEXT,
        "parameter": _TEXT,
        "interval_start": _TIME,
        "measured_at": _TIME,
        "period_s": "UInt32",
        "value": "Float64",
        "flag": _TEXT,
        "quality": _TEXT,
        "state": _TEXT,
        "device_serial": _TEXT,
        "arrived_at": _TIME,
        "topic": _TEXT,
        "partition": "Int32",
        "offset": "Int64",
        "version": "UInt64",
    },
    _readings,
)
MEANS: Final = Table(
    "means",
    {
        "source_id": _TEXT,
        "parameter": _TEXT,
        "unit": _TEXT,
        "window": _TEXT,
        "start": _TIME,
        "end": _TIME,
        "value": _NUMBER,
        "raw_value": _NUMBER,
        "validated_value": _NUMBER,
        "min": _NUMBER,
        "max": _NUMBER,
        "count": "UInt32",
        "valid_s": "UInt32",
        "due_s": "UInt32",
        "excused_s": "UInt32",
        "status": _TEXT,
        "seconds_by_code": "Map(LowCardinality(String), UInt32)",
        "limit": _NUMBER,
        "rule_set": _TEXT,
        "revision": "UInt32",
        "final": "Bool",
        "stream_time": _TIME,
        "version": "UInt64",
    },
    _means,
)
GAPS: Final = Table(
    "gaps",
    {
        "id": "UUID",
        "revision": "UInt32",
        "status": _TEXT,
        "source_id": _TEXT,
        "parameter": _TEXT,
        "start": _TIME,
        "end": f"Nullable({_TIME})",
        "detected_at": _TIME,
        "version": "UInt64",
    },
    _gaps,
)
_EMPTY_TEXTS: Final = ("source_id", "parameter", "unit", "device_serial", "verification")
VIOLATIONS: Final = Table(
    "violations",
    {
        "id": "UUID",
        "revision": "UInt32",
        "status": _TEXT,
        "rule": _TEXT,
        "rule_set": _TEXT,
        "legal_basis.act": "Array(String)",
        "legal_basis.article": "Array(String)",
        "legal_basis.part": "Array(String)",
        "legal_basis.point": "Array(String)",
        "bin": _TEXT,
        "enterprise": "Map(LowCardinality(String), String)",
        "region": _TEXT,
        "category": "UInt8",
        "business_size": _TEXT,
        "source_id": _TEXT,
        "parameter": _TEXT,
        "unit": _TEXT,
        "start": _TIME,
        "end": f"Nullable({_TIME})",
        "value": _NUMBER,
        "validated_value": _NUMBER,
        "limit": _NUMBER,
        "ratio": _NUMBER,
        "excess_mass_t": _NUMBER,
        "device_serial": _TEXT,
        "verification": "String",
        "verification_until": f"Nullable({_TIME})",
        "detected_at": _TIME,
        "automatic": "Bool",
        "deferred_until": f"Nullable({_TIME})",
        "evidence.topic": "Array(String)",
        "evidence.partition": "Array(Int32)",
        "evidence.first_offset": "Array(Int64)",
        "evidence.last_offset": "Array(Int64)",
        "evidence.readings": "Array(UInt64)",
        "evidence.sha256": "Array(String)",
        "version": "UInt64",
    },
    _violations,
)
DEAD_LETTERS: Final = Table(
    "dead_letters",
    {
        "reason": _TEXT,
        "stage": _TEXT,
        "detail": "String",
        "source_id": _TEXT,
        "topic": _TEXT,
        "partition": "Int32",
        "offset": "Int64",
        "timestamp": _TIME,
        "key": "Nullable(String)",
        "value": "Nullable(String)",
        "headers": "Array(Tuple(name String, value String))",
        "version": "UInt64",
    },
    _dead_letters,
)
REGISTRY: Final = Table(
    "registry",
    {
        "source_id": "String",
        "bin": "String",
        "name": "String",
        "timezone": _TEXT,
        "cadence_s": "UInt32",
        "fuel": _TEXT,
        "thermal_mw": _NUMBER,
        "gross_t_a": _NUMBER,
        "parameters": "Array(LowCardinality(String))",
        "document": "String",
        "version": "UInt64",
    },
    _registry,
)
ENTERPRISES: Final = Table(
    "enterprises",
    {
        "bin": "String",
        "name_ru": "String",
        "name_kk": "String",
        "name_en": "String",
        "region": _TEXT,
        "category": "UInt8",
        "business_size": _TEXT,
        "commissioned_on": _TIME,
        "installed_on": f"Nullable({_TIME})",
        "connected_on": f"Nullable({_TIME})",
        "roadmap_until": f"Nullable({_TIME})",
        "roadmap_reference": "String",
        "test": "Bool",
        "deleted": "Bool",
        "registered_at": _TIME,
        "version": "UInt64",
    },
    _enterprises,
)
TABLES: Final = (READINGS, MEANS, GAPS, VIOLATIONS, DEAD_LETTERS, REGISTRY, ENTERPRISES)
