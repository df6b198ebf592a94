"""Avro's binary encoding, compiled from a parsed schema once: several times as fast as a walk.

``compile_encoder`` turns a schema into one function that appends the chunks of a value to a list.
Covers what the schemas of this package use: records, enums, arrays, maps, nullable unions and the
primitive types but float and fixed. A field that a value lacks is written as its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any

Append = Callable[[bytes], None]
Write = Callable[[Append, Any], None]

_pack_double = Struct("<d").pack
_pack_present_double = Struct("<Bd").pack
_END = b"\x00"
_NO_DEFAULT = object()


def compile_encoder(schema: Any) -> Callable[[Any], bytes]:
    """A function that encodes one value of a parsed schema as an Avro body.

    It raises KeyError, TypeError, ValueError or AttributeError for a value that does not fit.
    """
    write = _compile(schema, {})

    def encode(value: Any) -> bytes:
        chunks: list[bytes] = []
        write(chunks.append, value)
        return b"".join(chunks)

    return encode


@lru_cache(maxsize=8192)
def _small(number: int) -> bytes:
    return _varint(number)


def _varint(number: int) -> bytes:
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    if zigzag >> 64:
        raise ValueError(f"{number} does not fit into 64 bits")
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


@lru_cache(maxsize=16_384)
def _short_text(text: str) -> bytes:
    body = text.encode()
    return _varint(len(body)) + body


def _write_text(append: Append, text: str) -> None:
    # Ids, parameters and units repeat; a long text does not, and would only fill the cache.
    if len(text) <= 64:
        append(_short_text(text))
    else:
        _write_bytes(append, text.encode())


def _write_bytes(append: Append, value: bytes) -> None:
    append(_varint(len(value)))
    append(value)


def _write_integer(append: Append, number: int) -> None:
    append(_small(number) if 0 <= number < 8192 else _varint(number))


def _write_double(append: Append, number: float) -> None:
    append(_pack_double(number))


def _write_nullable_double(append: Append, number: float | None) -> None:
    append(_END if number is None else _pack_present_double(2, number))


def _write_boolean(append: Append, value: bool) -> None:
    append(b"\x01" if value else b"\x00")


def _write_null(append: Append, value: None) -> None:  # noqa: ARG001 - same shape as the others
    if value is not None:
        raise TypeError("null was expected")


_PRIMITIVES: dict[str, Write] = {
    "string": _write_text,
    "bytes": _write_bytes,
    "int": _write_integer,
    "long": _write_integer,
    "double": _write_double,
    "boolean": _write_boolean,
    "null": _write_null,
}


def _compile(schema: Any, named: dict[str, Write]) -> Write:
    if isinstance(schema, list):
        return _nullable(schema, named)
    if isinstance(schema, str):
        return _PRIMITIVES.get(schema) or named[schema]
    kind = schema["type"]
    if kind == "record":
        named[schema["name"]] = write = _record(schema, named)
    elif kind == "enum":
        named[schema["name"]] = write = _enum(schema["symbols"])
    elif kind == "array":
        write = _array(_compile(schema["items"], named))
    elif kind == "map":
        write = _map(_compile(schema["values"], named))
    else:
        write = _compile(kind, named)
    return write


def _record(schema: dict[str, Any], named: dict[str, Write]) -> Write:
    fields = [
        (field["name"], field.get("default", _NO_DEFAULT), _compile(field["type"], named))
        for field in schema["fields"]
    ]

    complete = [(name, write_field) for name, _, write_field in fields]

    def write(append: Append, value: Mapping[str, Any]) -> None:
        if len(value) == len(complete):
            for name, write_field in complete:
                write_field(append, value[name])
            return
        for name, default, write_field in fields:
            if name in value:
                write_field(append, value[name])
            elif default is not _NO_DEFAULT:
                write_field(append, default)
            else:
                raise KeyError(name)

    return write


def _enum(symbols: list[str]) -> Write:
    numbers = {symbol: _varint(number) for number, symbol in enumerate(symbols)}

    def write(append: Append, value: str) -> None:
        append(numbers[value])

    return write


def _array(write_item: Write) -> Write:
    def write(append: Append, value: Sequence[Any]) -> None:
        if value:
            append(_varint(len(value)))
            for item in value:
                write_item(append, item)
        append(_END)

    return write


def _map(write_value: Write) -> Write:
    def write(append: Append, value: Mapping[str, Any]) -> None:
        if value:
            append(_varint(len(value)))
            for key, item in value.items():
                _write_text(append, key)
                write_value(append, item)
        append(_END)

    return write


def _nullable(branches: list[Any], named: dict[str, Write]) -> Write:
    if len(branches) != 2 or branches[0] != "null":
        raise ValueError(f"only nullable unions are written, not {branches}")
    if branches[1] == "double":
        return _write_nullable_double
    write_value = _compile(branches[1], named)

    def write(append: Append, value: Any) -> None:
        if value is None:
            append(b"\x00")
        else:
            append(b"\x02")
            write_value(append, value)

    return write
