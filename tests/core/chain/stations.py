"""Stations that sign, and what others may make of their messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.reading import Reading
from streams.core.chain.head import key_id_of
from streams.core.chain.writer import ChainEnd, Headers, sign_messages
from streams.core.registry.enterprise import Enterprise, Source, StationKey
from streams.signing.ed25519 import SigningKey, key_of
from tests.core.examples import CODEC, enterprise, reading, source

SECOND = 1000

OWN, NEXT, EXPIRED, FOREIGN, OTHERS = (key_of(bytes([number]) * 32) for number in range(1, 6))
"""Keys: of the station, its next one, one that was valid once, nobody's, another station's."""


def registered_key(identity: str, key: SigningKey, **validity: str) -> StationKey:
    """A key as the registry has it."""
    return StationKey(identity, b64encode(key.public).decode(), **validity)


def signing(*keys: StationKey, signatures: str | None = "require", **changes: Any) -> Source:
    """Source A, which measures each second and signs."""
    own = keys or (registered_key("own", OWN),)
    return source("A", **({"keys": own, "signatures": signatures, "cadence_s": 1} | changes))


def second(measured_at: int, **changes: Any) -> Reading:
    """A reading of one second."""
    return reading(measured_at, **({"period_s": 1} | changes))


def plant(*keys: StationKey, **changes: Any) -> Enterprise:
    """An enterprise with it, and with a source B that has the same key and one of its own."""
    own = (registered_key("own", OWN), registered_key("others", OTHERS))
    return enterprise(signing(*keys, **changes), signing(*own, id="B"))


class Sent(NamedTuple):
    """A message on its way."""

    reading: Reading
    value: bytes
    headers: Headers

    @property
    def is_head(self) -> bool:
        """Whether it carries a signature."""
        return len(self.headers) > 1

    def saying(self, **changes: Any) -> Sent:
        """The same headers with another reading."""
        other = msgspec.structs.replace(self.reading, **changes)
        return Sent(other, encoded(other), self.headers)

    def carrying(self, **headers: bytes | None) -> Sent:
        """The same reading with other headers; None: without it."""
        own = dict(self.headers) | headers
        return self._replace(headers=tuple((k, v) for k, v in own.items() if v is not None))


def encoded(reading: Reading) -> bytes:
    """The message of a reading."""
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(reading))


class Station:
    """A station with its own chain."""

    def __init__(self, began: int, source_id: str = "A", key: SigningKey = OWN) -> None:
        self.end = ChainEnd(began)
        self.source_id = source_id
        self.key = key

    def sign(self, readings: Sequence[Reading], *, anchor: bool = False) -> list[Sent]:
        """Sign readings under one head."""
        values = [encoded(each) for each in readings]
        self.end, headers = sign_messages(
            self.end, self.source_id, key_id_of(self.key.public), values, self.key, anchor=anchor
        )
        return [Sent(*each) for each in zip(readings, values, headers, strict=True)]
