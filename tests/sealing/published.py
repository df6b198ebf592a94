"""Records as they stand on the sealed topics, and the leaves that they are."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.evidence.leaf import Leaf, LeafSalts
from tests.schemas.examples import RECORDS

CODEC = Codec(FileIds())
UNSALTED = LeafSalts()


class Published(NamedTuple):
    """A record of a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_772_305_200_000


def violation(
    number: int, revision: int = 1, salts: LeafSalts = UNSALTED
) -> tuple[bytes, bytes, Leaf]:
    """Key, value and leaf of a revision of the violation of a number."""
    return _revision("violation", "Violation", number, revision, salts)


def case(number: int, revision: int = 1) -> tuple[bytes, bytes, Leaf]:
    """Key, value and leaf of a revision of the case of a number."""
    return _revision("case", "AdministrativeCase", number, revision, UNSALTED)


def root(day: str, revision: int = 1, *, final: bool = True) -> tuple[bytes, bytes, Leaf]:
    """Key, value and leaf of the root of a source's day."""
    fields = {**RECORDS["SourceDayRoot"], "day": day, "revision": revision, "final": final}
    value = CODEC.encode("SourceDayRoot", fields)
    source = fields["source_id"]
    return source.encode(), value, Leaf.of("root", f"{source}|{day}", revision, value)


def registration(offset: int = 0, **changes: Any) -> tuple[bytes, bytes, Leaf]:
    """Key, value and leaf of a registration at an offset."""
    fields = {**RECORDS["EnterpriseRegistration"], **changes}
    value = CODEC.encode("EnterpriseRegistration", fields)
    return fields["bin"].encode(), value, Leaf.of("registration", fields["bin"], offset, value)


def record(topic: str, content: tuple[bytes, bytes, Leaf], offset: int = 0) -> Published:
    """Put a record on a topic."""
    return Published(topic, 0, offset, content[0], content[1])


def _revision(
    kind: Any, name: str, number: int, revision: int, salts: LeafSalts
) -> tuple[bytes, bytes, Leaf]:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {number}"))
    value = CODEC.encode(name, {**RECORDS[name], "id": identity, "revision": revision})
    leaf = Leaf.of(kind, identity, revision, value, salts.of(kind, identity, revision))
    return identity.encode(), value, leaf
