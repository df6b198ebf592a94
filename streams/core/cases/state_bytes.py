"""Encodes the cases of one subject as state, and decodes what any earlier version has written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.core.cases.packed import PackedFacts, pack, unpack
from streams.core.cases.state import Case, CaseState, Subject
from streams.core.records.revision import PublishedRevision
from streams.core.time.interval import DAY


class PackedCase(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """A case with its violations packed; the other fields are those of `Case`.

    Its bytes begin with the number 2, those of a whole case with its id.
    """

    id: str
    facts: PackedFacts
    opened_at: int | None
    track: str
    act: str
    article: str
    part: str | None
    repeat_of: tuple[str, ...]
    systematic_with: tuple[str, ...]
    silence_until: int | None
    refused: bool
    reviewed: tuple[str, ...]
    detected_from: int | None
    published: PublishedRevision | None
    taken: tuple[tuple[int, str], ...]


PACKED_AFTER: Final = 30 * DAY
"""A case that opened so long ago is packed: late data change its violations no more."""

_PLAIN = PackedCase.__struct_fields__[2:]
"""Fields that are kept as they are."""

_encoder = msgspec.msgpack.Encoder()
_subject_decoder = msgspec.msgpack.Decoder(Subject)
_case_decoder = msgspec.msgpack.Decoder(PackedCase)
_whole_decoder = msgspec.msgpack.Decoder(Case)


def encode_subject(state: CaseState) -> bytes:
    """Encode what a subject has beside its cases as state."""
    return _encoder.encode(Subject(state.moment, state.changed, state.loose, state.refused))


def is_packed(case: Case, now: int) -> bool:
    """Tell whether a case is saved packed as of ``now`` (ms)."""
    return case.opened_at is not None and case.opened_at + PACKED_AFTER <= now


def encode_case(case: Case, now: int) -> bytes:
    """Encode one case as state as of ``now`` (ms): whole, or packed if it opened long ago."""
    if not is_packed(case, now):
        return _encoder.encode(case)
    packed = pack(case.facts.values(), case.absorbed.values())
    return _encoder.encode(PackedCase(case.id, packed, *(getattr(case, name) for name in _PLAIN)))


def decode_case(encoded: bytes) -> Case:
    """Decode a case that was saved packed or whole; raises ``msgspec.DecodeError`` otherwise."""
    try:
        packed = _case_decoder.decode(encoded)
    except msgspec.ValidationError:
        return _whole_decoder.decode(encoded)
    try:
        facts, absorbed = unpack(packed.facts)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from None
    return Case(packed.id, facts, absorbed, *(getattr(packed, name) for name in _PLAIN))


def decode_cases(subject: bytes | None, cases: Iterable[bytes]) -> CaseState:
    """Decode what `encode_subject` (None: nothing yet) and `encode_case` made.

    Raises ``msgspec.DecodeError`` for anything else.
    """
    known = {case.id: case for case in map(decode_case, cases)}
    if subject is None:
        return CaseState(cases=known)
    own = _subject_decoder.decode(subject)
    return CaseState(own.moment, own.loose, known, own.refused, own.changed)
