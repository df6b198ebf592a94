"""From the pipeline's values to Avro records: a struct as the dict that its schema describes."""

from __future__ import annotations

from typing import Any

import msgspec


def record_of(value: msgspec.Struct) -> dict[str, Any]:
    """The record of a struct, with the names its fields have outside and nested values as dicts.

    Kafka headers, pairs in a struct, are ``{name, value}`` records in Avro.
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
