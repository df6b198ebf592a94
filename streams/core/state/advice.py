"""What is remembered of one source so that its operator is told everything once, and its bytes."""

from __future__ import annotations

import msgspec

from streams.core.time.interval import BEGINNING, FOREVER

_encoder = msgspec.msgpack.Encoder()


class AdviceState(msgspec.Struct, array_like=True):
    """Holds what was told, and what the open day has come to; instants in ms.

    ``slot_start`` and ``slot_end`` are those of the slot in which a value reached what a rule
    compares with and that was not looked at since (``FOREVER``: none). ``told`` has, by rule or
    term and channel, the start of the latest window or gap that was told of: nothing that begins
    by then is told of any more. ``totals`` are of the hours of ``[day_start, day_end)`` that have
    closed, by parameter and unit: the sum of mean times valid time (ms), and that time.
    """

    slot_start: int = BEGINNING
    slot_end: int = FOREVER
    told: dict[str, int] = msgspec.field(default_factory=dict)
    day_start: int = BEGINNING
    day_end: int = BEGINNING
    totals: dict[str, tuple[float, int]] = msgspec.field(default_factory=dict)


_decoder = msgspec.msgpack.Decoder(AdviceState)


def encode_advice(state: AdviceState) -> bytes:
    """Encode what is remembered of a source as state."""
    return _encoder.encode(state)


def decode_advice(saved: bytes) -> AdviceState:
    """Decode what `encode_advice` made; raises ``msgspec.DecodeError`` for anything else."""
    return _decoder.decode(saved)
