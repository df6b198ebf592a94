"""Writes the violations of a case with what they have in common once.

A source that is always above its limit has hundreds of them a month, and a case is remembered for
three years: subject, place in the law, device and limit are the same in nearly all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from streams.core.cases.state import Fact

_encoder = msgspec.msgpack.Encoder()


class Common(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What violations of a case share: fields of `Fact` under the same names."""

    rule: str
    track: str
    act: str
    article: str
    bin: str
    parameter: str | None
    automatic: bool
    reasons: tuple[str, ...]
    certainty: str
    category: int
    business_size: str
    region: str
    enterprise: dict[str, str]
    rule_set: str
    unit: str | None
    limit: float | None
    device_serial: str | None
    verification: str | None
    verification_until: int | None
    part: str | None


class Own(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a violation has of its own; times in ms.

    ``id`` is the 16 bytes of a UUID; any other is a ``name``. ``common`` is a place in the list,
    ``start`` counts from the beginning of the case, ``length`` (None: it goes on) and ``seen`` from
    the start.
    """

    id: bytes
    common: int
    start: int
    length: int | None
    seen: int
    stands: bool
    mass: float | None
    value: float | None
    validated: float | None
    deferred_until: int | None = None
    name: str | None = None


class PackedFacts(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Violations that were packed together."""

    begin: int
    common: tuple[Common, ...]
    facts: tuple[Own, ...]
    absorbed: tuple[Own, ...]


def pack(facts: Iterable[Fact], absorbed: Iterable[Fact]) -> PackedFacts:
    """Pack the violations of a case and those that it absorbs."""
    own, other = list(facts), list(absorbed)
    begin = min((each.start for each in (*own, *other)), default=0)
    common: dict[bytes, tuple[int, Common]] = {}
    packed = [tuple(_packed(each, begin, common) for each in group) for group in (own, other)]
    return PackedFacts(begin, tuple(each for _, each in common.values()), packed[0], packed[1])


def unpack(packed: PackedFacts) -> tuple[dict[str, Fact], dict[str, Fact]]:
    """Return the violations by id, and those that are absorbed; raises ValueError."""
    return _unpacked(packed, packed.facts), _unpacked(packed, packed.absorbed)


def _packed(fact: Fact, begin: int, common: dict[bytes, tuple[int, Common]]) -> Own:
    shared = Common(*(getattr(fact, name) for name in Common.__struct_fields__))
    place, _ = common.setdefault(_encoder.encode(shared), (len(common), shared))
    short = _short(fact.id)
    return Own(
        id=short or b"",
        common=place,
        start=fact.start - begin,
        length=None if fact.end is None else fact.end - fact.start,
        seen=fact.first_seen - fact.start,
        stands=fact.stands,
        mass=fact.excess_mass_t,
        value=fact.value,
        validated=fact.validated_value,
        deferred_until=fact.deferred_until,
        name=fact.id if short is None else None,
    )


def _unpacked(packed: PackedFacts, facts: Sequence[Own]) -> dict[str, Fact]:
    found = {}
    for each in facts:
        if not 0 <= each.common < len(packed.common):
            raise ValueError(f"a violation names place {each.common} of {len(packed.common)}")
        shared = packed.common[each.common]
        start = packed.begin + each.start
        fact = Fact(
            id=str(UUID(bytes=each.id)) if each.name is None else each.name,
            start=start,
            end=None if each.length is None else start + each.length,
            first_seen=start + each.seen,
            stands=each.stands,
            excess_mass_t=each.mass,
            deferred_until=each.deferred_until,
            value=each.value,
            validated_value=each.validated,
            **{name: getattr(shared, name) for name in Common.__struct_fields__},
        )
        found[fact.id] = fact
    return found


def _short(identity: str) -> bytes | None:
    try:
        found = UUID(identity)
    except ValueError:
        return None
    return found.bytes if str(found) == identity else None
