"""Check that bytes have the structure of a writer's schema, before fastavro reads them with it.

fastavro follows a foreign schema wherever it leads. A type that contains itself, nested ten million
times, overflows the stack and ends the process; an array of 2^60 nulls, which take no bytes, never
ends; a negative length swallows the rest of the message as text. Here types are kept on a list
instead of the stack, and their number is bounded by the size of the message.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.decoding.record import read_long
from schemas.errors import Undecodable

MAX_DEPTH: Final = 500
"""Maximum nesting of values: fastavro keeps each on the stack."""
SPARE_VALUES: Final = 10_000
"""Values that a message may have beyond two per byte: nulls and empty records take none."""

_FIXED: Final = {"null": 0, "float": 4, "double": 8}

_BYTES, _LONG, _BOOLEAN, _TEXT, _ENUM, _UNION, _RECORD, _BLOCKS = range(8)


class _Type:
    """One type: kind, size or number, and inner types (those of a record in reverse order)."""

    __slots__ = ("inner", "kind", "number")

    def __init__(self, kind: int, number: int = 0) -> None:
        self.kind = kind
        self.number = number
        self.inner: list[_Type] = []


class BodyCheck:
    """Check message bodies that were written with one parsed schema of fastavro."""

    def __init__(self, parsed: dict[str, Any]) -> None:
        self._types: dict[str, _Type] = {}
        self._named: dict[str, Any] = parsed.get("__named_schemas", {})
        self._root = self._type(parsed)

    def end_of(self, message: bytes, at: int) -> int:
        """Return where the record that begins at ``at`` ends.

        Raises Undecodable if the bytes do not match the schema, or are nested or repeated too much.
        """
        try:
            return self._walk(message, at)
        except IndexError:
            raise Undecodable("the message ends in the middle of its body") from None

    def _walk(self, message: bytes, at: int) -> int:
        size = len(message)
        left = 2 * size + SPARE_VALUES
        # What is to be read, the next one last: type, how often, how deep.
        stack: list[tuple[_Type, int, int]] = [(self._root, 1, 0)]
        while stack:
            kind, times, depth = stack.pop()
            left -= 1
            if left < 0:
                raise Undecodable("the body has far more values than bytes")
            if depth > MAX_DEPTH:
                raise Undecodable(f"the body has more than {MAX_DEPTH} values inside each other")
            if times > 1:
                stack.append((kind, times - 1, depth))
            if kind.kind == _BYTES:
                at += kind.number
            elif kind.kind == _LONG:
                _, at = read_long(message, at)
            elif kind.kind == _TEXT:
                length, at = read_long(message, at)
                if length < 0:
                    raise Undecodable(f"a text has the length {length}")
                at += length
            elif kind.kind == _UNION:
                number, at = read_long(message, at)
                if not 0 <= number < len(kind.inner):
                    raise Undecodable(f"branch {number} of a union does not exist")
                stack.append((kind.inner[number], 1, depth + 1))
            elif kind.kind == _RECORD:
                stack += [(each, 1, depth + 1) for each in kind.inner]
            elif kind.kind == _ENUM:
                number, at = read_long(message, at)
                if not 0 <= number < kind.number:
                    raise Undecodable(f"symbol number {number} does not exist")
            elif kind.kind == _BOOLEAN:
                if message[at] > 1:
                    raise Undecodable(f"{message[at]} is neither true nor false")
                at += 1
            else:
                count, at = read_long(message, at)
                if count < 0:
                    count = -count
                    _, at = read_long(message, at)  # bytes, for those who skip the block
                if count:
                    stack.append((kind, 1, depth))
                    stack.append((kind.inner[0], count, depth + 1))
            if at > size:
                raise IndexError
        return at

    def _type(self, schema: Any) -> _Type:
        if isinstance(schema, list):
            found = _Type(_UNION)
            found.inner = [self._type(branch) for branch in schema]
            return found
        if isinstance(schema, str):
            return self._primitive(schema) or self._reference(schema)
        kind = schema["type"]
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(schema)
        if kind in ("array", "map"):
            found = _Type(_BLOCKS)
            item = self._type(schema["items" if kind == "array" else "values"])
            if kind == "map":
                entry = _Type(_RECORD)
                entry.inner = [item, _Type(_TEXT)]
                item = entry
            found.inner = [item]
            return found
        return self._type(kind)

    @staticmethod
    def _primitive(name: str) -> _Type | None:
        if name in _FIXED:
            return _Type(_BYTES, _FIXED[name])
        if name in ("int", "long"):
            return _Type(_LONG)
        if name in ("string", "bytes"):
            return _Type(_TEXT)
        return _Type(_BOOLEAN) if name == "boolean" else None

    def _reference(self, name: str) -> _Type:
        return self._types.get(name) or self._define(self._named[name])

    def _define(self, schema: dict[str, Any]) -> _Type:
        name, kind = schema["name"], schema["type"]
        if kind == "fixed":
            found = self._types[name] = _Type(_BYTES, schema["size"])
        elif kind == "enum":
            found = self._types[name] = _Type(_ENUM, len(schema["symbols"]))
        else:
            found = self._types[name] = _Type(_RECORD)
            found.inner = [self._type(field["type"]) for field in reversed(schema["fields"])]
        return found
