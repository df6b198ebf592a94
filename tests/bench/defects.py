"""What is wrong with one reading in a hundred of a load, each kind as often as the others."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable

import msgspec

from schemas.reading import Reading

DEFECTS = 0.01
"""The share of readings that have one."""

_UNKNOWN = "KZ-9999999"
_FLAGS = ("F", "M", "S", "D", "C", "T", "B")

Spoil = Callable[[bytes], bytes]


class Defect(enum.Enum):
    """The kinds."""

    DUPLICATE = "sent twice"
    OUT_OF_RANGE = "a channel beyond its range"
    FLAG = "a channel with a status flag"
    MISSING = "a channel that was not sent"
    LATE = "comes late"
    UNDECODABLE = "bytes that are no reading"
    UNKNOWN_SOURCE = "a source that nobody registered"


def apply_defect(
    defect: Defect, reading: Reading, chance: random.Random
) -> list[tuple[Reading, Spoil]]:
    """What is sent instead of the reading: readings, and what happens to the bytes of each."""
    parameter = chance.choice(tuple(reading.values))
    if defect is Defect.DUPLICATE:
        return [(reading, _whole), (reading, _whole)]
    if defect is Defect.OUT_OF_RANGE:
        reading = msgspec.structs.replace(reading, values={**reading.values, parameter: 9_999.0})
    elif defect is Defect.FLAG:
        reading = msgspec.structs.replace(reading, flags={parameter: chance.choice(_FLAGS)})
    elif defect is Defect.MISSING:
        values = {name: value for name, value in reading.values.items() if name != parameter}
        reading = msgspec.structs.replace(reading, values=values)
    elif defect is Defect.UNKNOWN_SOURCE:
        reading = msgspec.structs.replace(reading, source_id=_UNKNOWN)
    elif defect is Defect.UNDECODABLE:
        return [(reading, _cut)]
    return [(reading, _whole)]


def _whole(message: bytes) -> bytes:
    return message


def _cut(message: bytes) -> bytes:
    return message[: len(message) // 2]
