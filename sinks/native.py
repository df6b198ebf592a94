"""Encode columns as a block of ClickHouse's Native format.

Used for readings and their messages, which are most of the rows: the driver encodes value by value,
this writes each column from its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DTYPES: Final = {
    "DateTime64(3, 'UTC')": "<i8",
    "Int64": "<i8",
    "UInt64": "<u8",
    "UInt32": "<u4",
    "Int32": "<i4",
    "UInt8": "<u1",
}
_LOW_CARDINALITY: Final = "LowCardinality(String)"
_NULLABLE_BYTES: Final = "Nullable(String)"
_NAMED_BYTES: Final = "Array(Tuple(name String, value Nullable(String)))"

_u64 = Struct("<Q")
_KEYS_VERSION: Final = _u64.pack(1)
_OWN_DICTIONARY: Final = 1 << 9 | 1 << 10  # the block brings its texts, and no other dictionary


class DictionaryColumn(NamedTuple):
    """A column of repeating texts: each distinct text once, and an index per row."""

    values: Sequence[str]
    indices: NDArray[Any]


class BytesColumn(NamedTuple):
    """A column of byte strings that hardly repeat (``Nullable(String)``)."""

    values: Sequence[bytes | None]


class NamedBytesColumn(NamedTuple):
    """A column of lists of names with byte strings, as Kafka has headers."""

    values: Sequence[Sequence[tuple[str, bytes | None]]]


class NativeBlock(NamedTuple):
    """An encoded block and its number of rows."""

    rows: int
    data: bytes


Column = NDArray[Any] | DictionaryColumn | BytesColumn | NamedBytesColumn


def native_block(types: Mapping[str, str], columns: Sequence[Column]) -> NativeBlock:
    """Encode columns of equal length, in the order and with the types of ``types``.

    Raises ValueError if columns and types do not match, KeyError for an unsupported type,
    UnicodeEncodeError for a text that is not valid Unicode.
    """
    lengths = {_length(each) for each in columns}
    if len(lengths) != 1 or len(columns) != len(types):
        raise ValueError(f"{len(columns)} columns of {sorted(lengths)} rows for {len(types)}")
    (rows,) = lengths
    parts = [_varint(len(columns)), _varint(rows)]
    for (name, type_), column in zip(types.items(), columns, strict=True):
        parts += (_string(name), _string(type_))
        if isinstance(column, np.ndarray):
            parts.append(np.ascontiguousarray(column, dtype=_DTYPES[type_]).tobytes())
            continue
        of_type, encode = _ENCODERS[type(column)]
        if type_ != of_type:
            raise ValueError(f"column {name} is a {type_} and holds a {of_type}")
        parts += encode(column)
    return NativeBlock(rows, b"".join(parts))


def _length(column: Column) -> int:
    if isinstance(column, DictionaryColumn):
        return len(column.indices)
    return len(column if isinstance(column, np.ndarray) else column.values)


def _low_cardinality(column: DictionaryColumn) -> list[bytes]:
    count = len(column.values)
    size = 0 if count <= 1 << 8 else 1 if count <= 1 << 16 else 2
    numbers = np.ascontiguousarray(column.indices, dtype=("<u1", "<u2", "<u4")[size])
    return [
        _KEYS_VERSION,
        _u64.pack(_OWN_DICTIONARY | size),
        _u64.pack(count),
        *map(_string, column.values),
        _u64.pack(len(numbers)),
        numbers.tobytes(),
    ]


def _nullable_bytes(column: BytesColumn) -> list[bytes]:
    return [bytes([value is None for value in column.values]), *_lengths_and(column.values)]


def _named_bytes(column: NamedBytesColumn) -> list[bytes]:
    counts = np.fromiter(map(len, column.values), np.uint64, len(column.values))
    pairs = [pair for pairs in column.values for pair in pairs]
    return [
        np.cumsum(counts, dtype="<u8").tobytes(),
        *(_string(name) for name, _ in pairs),
        *_nullable_bytes(BytesColumn([value for _, value in pairs])),
    ]


def _lengths_and(values: Sequence[bytes | None]) -> list[bytes]:
    """Put before each value its length; an absent one is as long as an empty one."""
    parts: list[bytes] = [b""] * (2 * len(values))
    present = [value or b"" for value in values]
    parts[0::2] = [
        _LENGTHS[length] if length < len(_LENGTHS) else _varint(length)
        for length in map(len, present)
    ]
    parts[1::2] = present
    return parts


def _string(text: str) -> bytes:
    encoded = text.encode()
    return _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_LENGTHS: Final = tuple(_varint(length) for length in range(1 << 10))

_ENCODERS: Final[dict[type, tuple[str, Callable[[Any], list[bytes]]]]] = {
    DictionaryColumn: (_LOW_CARDINALITY, _low_cardinality),
    BytesColumn: (_NULLABLE_BYTES, _nullable_bytes),
    NamedBytesColumn: (_NAMED_BYTES, _named_bytes),
}
