"""Compares what was published with what is computed again, field by field."""

from __future__ import annotations

from collections.abc import Collection
from math import isnan
from typing import Any

import msgspec

from streams.core.explanation.building import Difference


def differences(
    where: str, published: msgspec.Struct, again: msgspec.Struct, left_out: Collection[str] = ()
) -> list[Difference]:
    """List the fields that differ; doubles are compared exactly, NaN equals NaN."""
    found = []
    for name in published.__struct_fields__:
        if name in left_out:
            continue
        before, after = getattr(published, name), getattr(again, name)
        if not _equal(before, after):
            found.append(Difference(f"{where}.{name}", _text(before), _text(after)))
    return found


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float) and isnan(before) and isnan(after):
        return True
    return bool(before == after)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (str, int, float)):
        return str(value)
    return msgspec.json.encode(value).decode()
