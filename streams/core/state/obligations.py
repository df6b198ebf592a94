"""State of one enterprise's obligations, and its bytes."""

from __future__ import annotations

import msgspec

from streams.core.records.revision import PublishedRevision
from streams.core.state.source_state import PublishedFinding, PublishedViolation

_encoder = msgspec.msgpack.Encoder()


class Obligations(msgspec.Struct):
    """Violations of an enterprise by id; when it was judged last, by which registration (ms).

    ``findings`` are those open about its stations, by kind and source.
    """

    judged_at: int | None = None
    registered_at: int = -1
    standing: dict[str, PublishedViolation] = msgspec.field(default_factory=dict)
    findings: dict[str, PublishedFinding] = msgspec.field(default_factory=dict)


class _SavedViolation(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A violation of an enterprise is about no parameter, so none is saved."""

    rule: str
    start: int
    end: int | None
    published: PublishedRevision


class _Saved(msgspec.Struct, array_like=True):
    judged_at: int | None = None
    registered_at: int = -1
    standing: dict[str, _SavedViolation] = {}
    findings: dict[str, PublishedFinding] = {}


_decoder = msgspec.msgpack.Decoder(_Saved)


def encode_obligations(state: Obligations) -> bytes:
    """Encode the obligations of an enterprise as state."""
    standing = {
        identity: _SavedViolation(each.rule, each.start, each.end, each.published)
        for identity, each in state.standing.items()
    }
    saved: list[object] = [state.judged_at, state.registered_at, standing]
    if state.findings:  # most have none, and their bytes are those of always
        saved.append(state.findings)
    return _encoder.encode(saved)


def decode_obligations(saved: bytes) -> Obligations:
    """Decode what `encode_obligations` made; raises ``msgspec.DecodeError`` for anything else."""
    found = _decoder.decode(saved)
    return Obligations(
        found.judged_at,
        found.registered_at,
        {
            identity: PublishedViolation(each.rule, None, each.start, each.end, each.published)
            for identity, each in found.standing.items()
        },
        found.findings,
    )
