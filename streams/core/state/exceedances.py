"""State of the exceedances of one source that an operator must report, and its bytes."""

from __future__ import annotations

import msgspec

from streams.core.state.source_state import PublishedFinding

_encoder = msgspec.msgpack.Encoder()


class Exceedance(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A violation over ``[start, end)`` that must be reported by ``due`` (ms).

    ``stands``: it was not withdrawn. ``overdue``: stream time has passed the term. ``bin`` is the
    operator who must report it, empty in state of before.
    """

    rule: str
    parameter: str
    start: int
    end: int
    due: int
    stands: bool
    overdue: bool = False
    bin: str = ""


class Exceedances(msgspec.Struct, array_like=True):
    """Exceedances by the id of the violation, and what was published of them, by id."""

    awaited: dict[str, Exceedance] = msgspec.field(default_factory=dict)
    published: dict[str, PublishedFinding] = msgspec.field(default_factory=dict)


_decoder = msgspec.msgpack.Decoder(Exceedances)


def encode_exceedances(state: Exceedances) -> bytes:
    """Encode the exceedances of a source as state."""
    return _encoder.encode(state)


def decode_exceedances(saved: bytes) -> Exceedances:
    """Decode what `encode_exceedances` made; raises ``msgspec.DecodeError`` for anything else."""
    return _decoder.decode(saved)
