"""A block of ClickHouse's Native format out of NumPy columns.

For the readings, whose rows are most of what is written: the driver looks at every value of every
column to write it, here a column goes out as it lies in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_TEXT: Final = "LowCardinality(String)"

_u64 = Struct("<Q")
_KEYS_VERSION: Final = _u64.pack(1)
_OWN_DICTIONARY: Final = 1 << 9 | 1 << 10  # the block brings its texts, and no other dictionary


class Texts(NamedTuple):
    """A column of few texts: each of them once, and the number of its text for every row."""

    known: Sequence[str]
    numbers: NDArray[Any]


class NativeBlock(NamedTuple):
    """A block ready to be sent, and how many rows it has."""

    rows: int
    data: bytes


Column = NDArray[Any] | Texts


def native_block(types: Mapping[str, str], columns: Sequence[Column]) -> NativeBlock:
    """The block of columns of equal length, in the order and with the types of ``types``.

    Raises ValueError for columns that do not fit together, KeyError for a type that is not
    written here, UnicodeEncodeError for a text that is no Unicode.
    """
    lengths = {len(each.numbers if isinstance(each, Texts) else each) for each in columns}
    if len(lengths) != 1 or len(columns) != len(types):
        raise ValueError(f"{len(columns)} columns of {sorted(lengths)} rows for {len(types)}")
    (rows,) = lengths
    parts = [_varint(len(columns)), _varint(rows)]
    for (name, type_), column in zip(types.items(), columns, strict=True):
        parts += (_text(name), _text(type_))
        if isinstance(column, Texts):
            if type_ != _TEXT:
                raise ValueError(f"column {name} is a {type_} and holds texts")
            parts += _low_cardinality(column)
        else:
            parts.append(np.ascontiguousarray(column, dtype=_DTYPES[type_]).tobytes())
    return NativeBlock(rows, b"".join(parts))


def _low_cardinality(column: Texts) -> list[bytes]:
    count = len(column.known)
    size = 0 if count <= 1 << 8 else 1 if count <= 1 << 16 else 2
    numbers = np.ascontiguousarray(column.numbers, dtype=("<u1", "<u2", "<u4")[size])
    return [
        _KEYS_VERSION,
        _u64.pack(_OWN_DICTIONARY | size),
        _u64.pack(count),
        *map(_text, column.known),
        _u64.pack(len(numbers)),
        numbers.tobytes(),
    ]


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
