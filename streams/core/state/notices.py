"""State of the notices about the sources of one partition, and its bytes."""

from __future__ import annotations

import msgspec

from streams.core.records.revision import PublishedRevision
from streams.core.time.interval import BEGINNING

_encoder = msgspec.msgpack.Encoder()


class StandingNotice(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last verdict on a notice, its arrival, and when it must be judged again (ms).

    ``contradicted``: the data deny what the mark says. ``applied``: it does something to readings,
    of a mark to those that end in this time.
    """

    published: PublishedRevision
    arrived_at: int
    check_at: int
    contradicted: bool = False
    applied: tuple[int, int] | None = None


class NoticeState(msgspec.Struct, array_like=True):
    """Verdicts by id of the notice; notices that arrived until ``settled_until`` were judged.

    Each verdict has a key of its own in the state: thousands of them would be too long for one
    record. ``standing`` of the saved bytes holds those of states that had all in one.
    """

    settled_until: int = BEGINNING
    standing: dict[str, StandingNotice] = msgspec.field(default_factory=dict)


_decoder = msgspec.msgpack.Decoder(NoticeState)
_standing_decoder = msgspec.msgpack.Decoder(StandingNotice)


def encode_notices(state: NoticeState) -> bytes:
    """Encode the notices of a partition as state."""
    return _encoder.encode(state)


def decode_notices(saved: bytes) -> NoticeState:
    """Decode what `encode_notices` made; raises ``msgspec.DecodeError`` for anything else."""
    return _decoder.decode(saved)


def encode_standing(standing: StandingNotice) -> bytes:
    """Encode one verdict as state."""
    return _encoder.encode(standing)


def decode_standing(saved: bytes) -> StandingNotice:
    """Decode what `encode_standing` made; raises ``msgspec.DecodeError`` for anything else."""
    return _standing_decoder.decode(saved)
