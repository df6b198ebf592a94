"""Columns and types of the tables, as the migrations make them: the order of every insert.

A test holds them against a live database, so that no insert has to ask for them.
"""

from __future__ import annotations

from typing import Final

Columns = dict[str, str]

_TIME: Final = "DateTime64(3, 'UTC')"
_TEXT: Final = "LowCardinality(String)"
_NUMBER: Final = "Nullable(Float64)"

READINGS: Final[Columns] = {
    "source_id": _TEXT,
    "parameter": _TEXT,
    "interval_start": _TIME,
    "measured_at": _TIME,
    "period_s": "UInt32",
    "digits": "Int64",
    "scale": "UInt8",
    "flag": _TEXT,
    "quality": _TEXT,
    "state": _TEXT,
    "device_serial": _TEXT,
    "arrived_at": _TIME,
    "topic": _TEXT,
    "partition": "Int32",
    "version": "UInt64",
}
"""What is inserted; ``value`` and ``offset`` are computed from digits and version when read."""

MEANS: Final[Columns] = {
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
}
GAPS: Final[Columns] = {
    "id": "UUID",
    "revision": "UInt32",
    "status": _TEXT,
    "source_id": _TEXT,
    "parameter": _TEXT,
    "start": _TIME,
    "end": f"Nullable({_TIME})",
    "detected_at": _TIME,
    "version": "UInt64",
}
VIOLATIONS: Final[Columns] = {
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
}
DEAD_LETTERS: Final[Columns] = {
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
}
REGISTRY: Final[Columns] = {
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
}
ENTERPRISES: Final[Columns] = {
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
}
