"""Match messages against the structure of one: constant bytes, and the places of the rest.

A message matches a template exactly if it has the same length and the same constant bytes: framing,
all lengths and counts, period and names. Everything else is read from fixed places: the texts of
source id and serial, the bits of ``measured_at``, the state, the doubles, and the map of flags,
which ends the message.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Floats, Integers
from schemas.decoding.record import Fields, flags_of
from schemas.errors import Undecodable
from schemas.reading import STATES

Words = NDArray[np.uint64]
Octets = NDArray[np.uint8]
Matches = NDArray[np.bool_]

_WORD = 8
_CLOSING_UP = tuple(
    (np.uint64(low), np.uint64(high), np.uint64(shift))
    for low, high, shift in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)


class VariableFields(NamedTuple):
    """The fields in the variable bytes: all but source, device, time and values."""

    state: str
    flags: dict[str, str]


def words_of(messages: list[bytes], size: int) -> Words:
    """Lay out messages of ``size`` bytes as rows of words, padded with zeros.

    Each row has at least two padding bytes: an eight-byte word that starts at ``measured_at`` must
    lie within its row.
    """
    pad = bytes(2 + -(size + 2) % _WORD)
    flat = pad.join((*messages, b""))
    return np.frombuffer(flat, np.uint64).reshape(len(messages), -1)


class MessageTemplate:
    """The structure of one message, to match other messages and decode them."""

    def __init__(self, message: bytes, fields: Fields) -> None:
        """Locate the fields; raise ValueError if a part of the message has no fixed place."""
        moment_size = fields.fixed_at - fields.moment_at
        if moment_size > _WORD or fields.branch_at != fields.state_at + 1:
            raise ValueError("an integer of the message is longer than it need be")
        places = dict(zip(fields.names, fields.doubles, strict=True))  # the last of a name counts
        self.names = tuple(places)
        self.period_s = fields.period_s
        self._doubles = tuple(places.values())
        self._moment = slice(fields.moment_at, fields.moment_at + _WORD)
        self._moment_bits = np.uint64((1 << 8 * moment_size) - 1 & 0x7F7F7F7F7F7F7F7F)
        self._source = _text_slice(fields.source_id, fields.moment_at)
        self._serial: slice | None = None
        if fields.device_serial is not None:
            self._serial = _text_slice(fields.device_serial, fields.values_at)
        flags_at = fields.flags_at
        if len(message) == flags_at + 1:  # no flags: a constant like others
            flags_at += 1
        self._variable_places = np.r_[fields.state_at, flags_at : len(message)].astype(np.intp)
        mask = bytearray(b"\xff" * len(message))
        for place in fields.doubles:
            mask[place : place + 8] = bytes(8)
        for place in self._variable_places:
            mask[place] = 0
        for text in (self._source, self._serial):
            if text is not None:
                mask[text] = bytes(text.stop - text.start)
        mask[fields.moment_at : fields.fixed_at] = b"\x80" * moment_size
        self._mask = words_of([bytes(mask)], len(message))[0]
        self._constants = words_of([message], len(message))[0] & self._mask

    def matches(self, words: Words) -> Matches | None:
        """Tell which messages match; None if all do."""
        same = (words & self._mask) == self._constants
        return None if same.all() else same.all(axis=1)

    def source_ids(self, octets: Octets) -> list[bytes]:
        """Return the source id of each message as bytes, which may not be UTF-8."""
        return _texts(octets, self._source)

    def device_serials(self, octets: Octets) -> list[bytes] | None:
        """Return the device serial of each message as bytes, None if it is null.

        The bytes may not be UTF-8.
        """
        return None if self._serial is None else _texts(octets, self._serial)

    def measured_at(self, octets: Octets) -> Integers:
        """Return the start of each reading, milliseconds UTC."""
        word: Words = octets[:, self._moment].view("<u8")[:, 0] & self._moment_bits
        # Seven bits of each byte, closed up: pairs of bytes, then pairs of pairs, then the halves.
        for low, high, shift in _CLOSING_UP:
            word = word & low | (word & high) >> shift
        number = word.view(np.int64)  # of 56 bits at most
        return (number >> 1) ^ -(number & 1)

    def values(self, octets: Octets) -> Floats:
        """Return the values, float64[messages, names], with contiguous columns."""
        columns = np.empty((len(self._doubles), len(octets)))
        for column, place in zip(columns, self._doubles, strict=True):
            column[:] = octets[:, place : place + 8].view("<f8")[:, 0]
        return columns.T

    def variable_bytes(self, octets: Octets) -> list[bytes]:
        """Return the variable bytes of each message; a single entry if all are equal."""
        found = np.take(octets, self._variable_places, axis=1)
        if (found == found[0]).all():
            return [found[0].tobytes()]
        texts: list[bytes] = found.view(f"V{found.shape[1]}")[:, 0].tolist()
        return texts

    def parse_variable(self, content: bytes) -> VariableFields | None:
        """Parse the variable bytes of a message; None if they are malformed."""
        symbol = content[0]
        if symbol & 1 or symbol >> 1 >= len(STATES):
            return None
        try:
            flags = flags_of(content, 1) if len(content) > 1 else {}
        except (Undecodable, IndexError, UnicodeDecodeError):
            return None
        return VariableFields(STATES[symbol >> 1], flags)


def _texts(octets: Octets, where: slice) -> list[bytes]:
    size = where.stop - where.start
    if not size:
        return [b""] * len(octets)
    found: list[bytes] = octets[:, where].view(f"V{size}")[:, 0].tolist()
    return found


def _text_slice(text: str, end: int) -> slice:
    """Return the slice of a text's bytes that ends at ``end``."""
    return slice(end - len(text.encode()), end)
