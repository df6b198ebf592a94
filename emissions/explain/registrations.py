"""The registrations of an enterprise as the workers knew them, from their messages."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.core.law.country import Country
from streams.core.records.findings import Proof
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.avro import enterprise_from_record
from streams.registry.errors import RegistryError


class RegistrationMessage(NamedTuple):
    """A message of the registry topic; ``value`` None: the enterprise was struck off."""

    topic: str
    partition: int
    offset: int
    arrived_at: int
    value: bytes | None


def registered(
    messages: Iterable[RegistrationMessage],
    bin_: str,
    codec: Codec,
    country: Country,
    notices: NoticeHistory,
) -> RegistryHistory:
    """Return the history of one enterprise; a message that is no registration is left out."""
    history = RegistryHistory(notices)
    for topic, partition, offset, arrived, value in messages:
        enterprise = None
        try:
            if value is not None:
                _, record = codec.decode(value)
                enterprise = enterprise_from_record(record, country)
        except (Undecodable, UnknownSchema, RegistryError):
            continue  # the worker that judged left it out as well
        slot = sha256(value or b"").digest()
        proof = Proof(topic, partition, offset, offset, 0, sha256(slot).hexdigest())
        history.add(arrived, bin_, enterprise, proof)
    return history
