"""Define the columns of the tables that hold no records as they are: readings and the registry.

The columns of all other tables are derived from the schemas (`sinks.record_columns`). A test
compares all of them with a migrated database, so that no insert has to query them.
"""

from __future__ import annotations

from typing import Final

from sinks.record_columns import NUMBER, TEXT, TIME

ColumnTypes = dict[str, str]


READINGS: Final[ColumnTypes] = {
    "source_id": TEXT,
    "parameter": TEXT,
    "interval_start": TIME,
    "measured_at": TIME,
    "period_s": "UInt32",
    "digits": "Int64",
    "scale": "UInt8",
    "flag": TEXT,
    "quality": TEXT,
    "state": TEXT,
    "device_serial": TEXT,
    "arrived_at": TIME,
    "topic": TEXT,
    "partition": "Int32",
    "version": "UInt64",
}
"""The inserted columns; ``value`` and ``offset`` are computed from ``digits`` and ``version`` on
read.
"""

RAW_MESSAGES: Final[ColumnTypes] = {
    "source_id": TEXT,
    "measured_at": TIME,
    "period_s": "UInt32",
    "topic": TEXT,
    "partition": "Int32",
    "offset": "Int64",
    "arrived_at": TIME,
    "key": "Nullable(String)",
    "value": "Nullable(String)",
    "headers": "Array(Tuple(name String, value Nullable(String)))",
}
"""The inserted columns; ``stored_on`` is the server's."""

REGISTRY: Final[ColumnTypes] = {
    "source_id": "String",
    "bin": "String",
    "name": "String",
    "timezone": TEXT,
    "cadence_s": "UInt32",
    "plant": TEXT,
    "fuel": TEXT,
    "electric_mw": NUMBER,
    "thermal_mw": NUMBER,
    "gross_t_a": NUMBER,
    "parameters": "Array(LowCardinality(String))",
    "document": "String",
    "version": "UInt64",
}
ARRIVAL: Final[ColumnTypes] = {
    "topic": TEXT,
    "partition": "Int32",
    "offset": "Int64",
    "arrived_at": TIME,
    "version": "UInt64",
}
"""Where a message was, when it arrived, and its offset again: what people decided is kept whole."""

REGISTRATIONS: Final[ColumnTypes] = {
    "bin": TEXT,
    "topic": TEXT,
    "partition": "Int32",
    "offset": "Int64",
    "arrived_at": TIME,
    "value": "Nullable(String)",
    "version": "UInt64",
}
ENTERPRISES: Final[ColumnTypes] = {
    "bin": "String",
    "name_ru": "String",
    "name_kk": "String",
    "name_en": "String",
    "region": TEXT,
    "category": "UInt8",
    "business_size": TEXT,
    "commissioned_on": TIME,
    "installed_on": f"Nullable({TIME})",
    "connected_on": f"Nullable({TIME})",
    "roadmap_until": f"Nullable({TIME})",
    "roadmap_reference": "String",
    "test": "Bool",
    "deleted": "Bool",
    "registered_at": TIME,
    "version": "UInt64",
}
