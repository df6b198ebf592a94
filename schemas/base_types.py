"""Reduce a writer's schema to base types, the structure that its bytes depend on.

A logical type says what a value means, not how it is encoded (Avro specification, Logical Types: a
reader that does not know one uses the underlying type). fastavro converts them to datetimes, UUIDs
and decimals in the middle of a batch, and raises on values that do not fit. So they are removed
before fastavro sees them, except for the unit of a time in microseconds or nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import fastavro

MAX_DEPTH: Final = 100
"""Maximum nesting of types; real schemas have less, and recursion costs stack."""

_PER_MILLISECOND: Final = {
    "timestamp-micros": 1_000,
    "local-timestamp-micros": 1_000,
    "timestamp-nanos": 1_000_000,
    "local-timestamp-nanos": 1_000_000,
}
_PREFIX: Final = "kz-emissions-per-millisecond-"
_NAMED: Final = ("record", "error", "enum", "fixed")


def _to_milliseconds(factor: int) -> Callable[..., int]:
    return lambda value, *_: value // factor


for _factor in sorted(set(_PER_MILLISECOND.values())):
    # fastavro's way to add a logical type; the name is nobody else's: a writer's own are removed.
    fastavro.read.LOGICAL_READERS[f"long-{_PREFIX}{_factor}"] = _to_milliseconds(_factor)


class SchemaReduction:
    """Reduce one schema; afterwards ``converts`` tells whether a time has another unit."""

    def __init__(self, times: Callable[[str], Collection[str]]) -> None:
        """Take ``times``: it returns the names of a record's time fields, given its full name."""
        self._times = times
        self.converts = False

    def of(self, schema: Any) -> Any:
        """Return only the schema's structure. Raises ValueError or TypeError if there is none."""
        return self._type(schema, "", 0, time=False)

    def _type(self, schema: Any, namespace: str, depth: int, *, time: bool) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} types inside each other")
        if isinstance(schema, str):
            return schema
        if isinstance(schema, list):
            return [self._type(branch, namespace, depth + 1, time=time) for branch in schema]
        if not isinstance(schema, dict) or "type" not in schema:
            raise ValueError("a type is a name, a list or an object with a type")
        kind = schema["type"]
        if not isinstance(kind, str):  # a type in the place of its name, as Java allows it
            return self._type(kind, namespace, depth + 1, time=time)
        if kind in _NAMED:
            return self._named(schema, namespace, depth)
        if kind == "array":
            return {"type": kind, "items": self._inner(schema, "items", namespace, depth)}
        if kind == "map":
            return {"type": kind, "values": self._inner(schema, "values", namespace, depth)}
        factor = self._factor(schema.get("logicalType")) if time and kind == "long" else None
        if factor is None:
            return kind
        self.converts = True
        return {"type": kind, "logicalType": f"{_PREFIX}{factor}"}

    @staticmethod
    def _factor(logical: Any) -> int | None:
        return _PER_MILLISECOND.get(logical) if isinstance(logical, str) else None

    def _inner(self, schema: dict[str, Any], what: str, namespace: str, depth: int) -> Any:
        if what not in schema:
            raise ValueError(f"no {what}")
        return self._type(schema[what], namespace, depth + 1, time=False)

    def _named(self, schema: dict[str, Any], namespace: str, depth: int) -> dict[str, Any]:
        kind, name, own = schema["type"], schema.get("name"), schema.get("namespace")
        if own is None:
            own = namespace
        if not isinstance(name, str) or not isinstance(own, str):
            raise TypeError("the name of a type is no text")
        if "." in name:
            own = name.rpartition(".")[0]
        found: dict[str, Any] = {
            "type": kind,
            "name": name.rpartition(".")[2],
            "namespace": own,
        }
        if kind == "fixed":
            if type(schema.get("size")) is not int or schema["size"] < 0:
                raise ValueError(f"the size of {name} is no number")
            found["size"] = schema["size"]
        elif kind == "enum":
            symbols = schema.get("symbols")
            if not isinstance(symbols, list) or not all(isinstance(each, str) for each in symbols):
                raise ValueError(f"the symbols of {name} are no texts")
            found["symbols"] = symbols
        else:
            full_name = f"{own}.{found['name']}" if own else found["name"]
            times = self._times(full_name)
            fields = schema.get("fields")
            if not isinstance(fields, list):
                raise ValueError(f"the fields of {name} are no list")
            found["fields"] = [self._field(field, own, depth, times) for field in fields]
        return found

    def _field(
        self, field: Any, namespace: str, depth: int, times: Collection[str]
    ) -> dict[str, Any]:
        if not isinstance(field, dict) or not isinstance(field.get("name"), str):
            raise TypeError("a field has no name")
        if "type" not in field:
            raise ValueError(f"field {field['name']} has no type")
        name = field["name"]  # its default is left out: only a reader needs it, and many are wrong
        inner = self._type(field["type"], namespace, depth + 1, time=name in times)
        return {"name": name, "type": inner}
