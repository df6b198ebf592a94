"""Decode the body of one ``EmissionReading`` (a whole batch: `schemas.decoding.batch`).

A source sends the same channels in the same order, so only a few bytes of its messages change. The
first message is decoded field by field and leaves a *layout*: which byte ranges are constant and
where the doubles are. A later message of the same source and length is unpacked by one ``struct``
call, and accepted only if every constant range is equal; then it has exactly the same structure.
Any other message is decoded field by field.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, unpack_from
from typing import Any, NamedTuple

from schemas.errors import Undecodable
from schemas.reading import STATES, Reading

HEADER = 5
"""Length of the framing before the body: magic byte and schema id."""

_MAX_LAYOUTS = 8192
_MAX_LAYOUT_BYTES = 4096


class _Layout(NamedTuple):
    """The structure of one source's messages of one length, behind ``measured_at``."""

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    constants: tuple[bytes, ...]
    source_id: str
    period_s: int
    state: str
    device_serial: str | None
    names: tuple[str, ...]
    flags: dict[str, str]


class Fields(NamedTuple):
    """The fields of a reading in message order, with their positions."""

    source_id: str
    moment_at: int
    measured_at: int
    fixed_at: int
    """Start of the period."""
    period_s: int
    state_at: int
    state: str
    branch_at: int
    device_serial: str | None
    values_at: int
    names: list[str]
    doubles: list[int]
    """Start of each eight-byte value; a name may occur twice."""
    flags_at: int
    flags: dict[str, str]


class ReadingDecoder:
    """Decode framed readings of the current schema, caching layouts."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[bytes, int], _Layout] = {}

    def decode(self, message: bytes) -> Reading:
        """Decode a whole message; the framing is not checked.

        Raises Undecodable if the body is malformed or longer than its record.
        """
        try:
            at = HEADER + 1 + (message[HEADER] >> 1)  # behind a source id of less than 64 bytes
            layout = self._layouts.get((message[:at], len(message)))
            if layout is not None:
                word = int.from_bytes(message[at : at + 6], "little")
                if word & 0x808080808080 == 0x8080808080:  # a varint of exactly six bytes
                    parts = layout.unpack(message, at + 6)
                    if parts[::2] == layout.constants:
                        return Reading(
                            layout.source_id,
                            _six_bytes(word),
                            layout.period_s,
                            layout.state,
                            layout.device_serial,
                            dict(zip(layout.names, parts[1::2], strict=True)),
                            layout.flags.copy(),
                        )
            return self._decode_by_field(message)
        except IndexError:
            raise Undecodable("the message ends in the middle of its body") from None
        except UnicodeDecodeError:
            raise Undecodable("a text of the message is not UTF-8") from None

    def _decode_by_field(self, message: bytes) -> Reading:
        fields = fields_of(message)
        reading = Reading(
            fields.source_id,
            fields.measured_at,
            fields.period_s,
            fields.state,
            fields.device_serial,
            {
                name: unpack_from("<d", message, where)[0]
                for name, where in zip(fields.names, fields.doubles, strict=True)
            },
            fields.flags,
        )
        moment_at, fixed_at = fields.moment_at, fields.fixed_at
        if fixed_at == moment_at + 6 and len(message) <= _MAX_LAYOUT_BYTES:
            if len(self._layouts) >= _MAX_LAYOUTS:  # only made-up sources get this far
                self._layouts.clear()
            layout = _layout_of(reading, message, fixed_at, fields.names, fields.doubles)
            self._layouts[message[:moment_at], len(message)] = layout
        return reading


def fields_of(message: bytes) -> Fields:
    """Parse the fields of a framed reading and their positions; the framing is not checked.

    Raises Undecodable, IndexError or UnicodeDecodeError for a malformed body.
    """
    source_id, moment_at = _text(message, HEADER)
    measured_at, fixed_at = read_long(message, moment_at)
    period_s, state_at = read_long(message, fixed_at)
    symbol, branch_at = read_long(message, state_at)
    if not 0 <= symbol < len(STATES):
        raise Undecodable(f"operating state number {symbol} does not exist")
    branch, at = read_long(message, branch_at)
    if branch not in (0, 1):
        raise Undecodable(f"branch {branch} of device_serial does not exist")
    serial: str | None = None
    if branch:
        serial, at = _text(message, at)
    values_at = at
    names, doubles, flags_at = _doubles(message, at)
    return Fields(
        source_id,
        moment_at,
        measured_at,
        fixed_at,
        period_s,
        state_at,
        STATES[symbol],
        branch_at,
        serial,
        values_at,
        names,
        doubles,
        flags_at,
        flags_of(message, flags_at),
    )


def _layout_of(
    reading: Reading, message: bytes, start: int, names: list[str], doubles: list[int]
) -> _Layout:
    sizes: list[int] = []
    at = start
    for where in doubles:
        sizes.append(where - at)
        at = where + 8
    sizes.append(len(message) - at)
    struct = Struct("<" + "d".join(f"{size}s" for size in sizes))
    return _Layout(
        struct.unpack_from,
        struct.unpack_from(message, start)[::2],
        reading.source_id,
        reading.period_s,
        reading.state,
        reading.device_serial,
        tuple(names),
        reading.flags.copy(),
    )


def read_long(message: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag varint of at most 64 bits; return it and its end."""
    zigzag = shift = 0
    while True:
        byte = message[at]
        at += 1
        zigzag |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise Undecodable("an integer has more than 64 bits")
    if zigzag >> 64:
        raise Undecodable("an integer has more than 64 bits")
    return (zigzag >> 1) ^ -(zigzag & 1), at


def _text(message: bytes, at: int) -> tuple[str, int]:
    """Read a length-prefixed text; return it and its end."""
    size, at = read_long(message, at)
    if size < 0:
        raise Undecodable(f"a text has the length {size}")
    end = at + size
    if end > len(message):
        raise Undecodable(f"a text of {size} bytes does not fit into the message")
    return message[at:end].decode(), end


def _block(message: bytes, at: int) -> tuple[int, int]:
    """Read the number of entries of a map block (0: the last), and where they start."""
    count, at = read_long(message, at)
    if count < 0:
        count = -count
        _, at = read_long(message, at)  # size in bytes, for those who skip the block
    return count, at


def _doubles(message: bytes, at: int) -> tuple[list[str], list[int], int]:
    """Read the keys of a map of doubles, the positions of its values, and its end."""
    names: list[str] = []
    places: list[int] = []
    count, at = _block(message, at)
    while count:
        for _ in range(count):  # each entry takes bytes, so the message bounds the work
            name, at = _text(message, at)
            names.append(name)
            places.append(at)
            at += 8
            if at > len(message):
                raise IndexError
        count, at = _block(message, at)
    return names, places, at


def flags_of(message: bytes, at: int) -> dict[str, str]:
    """Read the map of texts from ``at`` to the end of the message; raises as `fields_of`."""
    flags: dict[str, str] = {}
    count, at = _block(message, at)
    while count:
        for _ in range(count):
            name, at = _text(message, at)
            flags[name], at = _text(message, at)
        count, at = _block(message, at)
    if at != len(message):
        raise Undecodable(f"{len(message) - at} bytes follow the record")
    return flags


def _six_bytes(word: int) -> int:
    """Decode a six-byte varint, given as a little-endian word."""
    zigzag = (
        word & 0x7F
        | word >> 1 & 0x3F80
        | word >> 2 & 0x1FC000
        | word >> 3 & 0xFE00000
        | word >> 4 & 0x7F0000000
        | word >> 5 & 0x3F800000000
    )
    return (zigzag >> 1) ^ -(zigzag & 1)
