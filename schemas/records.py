"""Convert the pipeline's values to Avro records: structs to the dicts of their schemas."""

from __future__ import annotations

from typing import Any

import msgspec


def record_of(value: msgspec.Struct) -> dict[str, Any]:
    """Convert a struct to its record; nested structs become dicts.

    Kafka headers, pairs in a struct, become ``{name, value}`` records.
    """
    record = msgspec.structs.asdict(value)
    for name, item in record.items():
        if isinstance(item, tuple) and item:
            record[name] = [_nested(part) for part in item]
    return record


def _nested(part: Any) -> Any:
    if isinstance(part, msgspec.Struct):
        return msgspec.structs.asdict(part)
    if isinstance(part, str):
        return part
    name, value = part
    return {"name": name, "value": value}
