"""Encode many readings of one source at once: only time and values differ.

The codec encodes one reading as a template, in which the bytes of its time and its doubles are
located. The arrays are then written into copies of it, so the layout remains the codec's business.
"""

from __future__ import annotations

import struct

import numpy as np

from emissions.simulation.noise import Floats, Ints
from schemas.codec import READING, Codec

_PATTERN_TIME = 1_700_123_456_789
_TIME_BYTES = 6  # length of the varint of every time from 2004 to 2039
_FIRST_TIME, _LAST_TIME = 1 << 34, (1 << 41) - 1
_MARK = 1.2345678901234567e80  # no channel shows it


class TemplateEncoder:
    """The encoded template of one source's normal readings."""

    def __init__(
        self, codec: Codec, source_id: str, period_s: int, serial: str, parameters: tuple[str, ...]
    ) -> None:
        marks = [_MARK * (1 + place) for place in range(len(parameters))]
        message = codec.encode(
            READING,
            {
                "source_id": source_id,
                "measured_at": _PATTERN_TIME,
                "period_s": period_s,
                "state": "NORMAL",
                "device_serial": serial,
                "values": dict(zip(parameters, marks, strict=True)),
                "flags": {},
            },
        )
        self._pattern = np.frombuffer(message, dtype=np.uint8)
        self._length = len(message)
        time = np.array([_PATTERN_TIME], dtype=np.int64)
        self._time_at = _only_place(message, _varints(time)[0].tobytes())
        self._value_at = [_only_place(message, struct.pack("<d", mark)) for mark in marks]

    def messages(self, measured: Ints, values: Floats) -> list[bytes]:
        """Encode framed messages, one per row; ``measured`` is milliseconds UTC."""
        count = measured.size
        if not count:
            return []
        if measured.min() < _FIRST_TIME or measured.max() > _LAST_TIME:
            raise ValueError("a time outside 1970-07 to 2039 cannot be stamped")
        sheet = np.tile(self._pattern, (count, 1))
        sheet[:, self._time_at : self._time_at + _TIME_BYTES] = _varints(measured)
        doubles = np.ascontiguousarray(values, dtype="<f8").view(np.uint8)
        for column, at in enumerate(self._value_at):
            sheet[:, at : at + 8] = doubles[:, 8 * column : 8 * column + 8]
        raw, length = sheet.tobytes(), self._length
        return [raw[at : at + length] for at in range(0, count * length, length)]


def _varints(numbers: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Encode Avro's six-byte zigzag varints, one row each; ``numbers`` are positive."""
    zigzag = numbers * 2
    shifts = np.arange(0, 7 * _TIME_BYTES, 7, dtype=np.int64)
    groups = (zigzag[:, None] >> shifts) & 0x7F
    groups[:, :-1] |= 0x80
    return groups.astype(np.uint8)


def _only_place(message: bytes, part: bytes) -> int:
    at = message.find(part)
    if at < 0 or message.find(part, at + 1) >= 0:
        raise ValueError("the pattern message does not hold a field exactly once")
    return at
