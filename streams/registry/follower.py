"""Follows the registry topic, so that a registration applies to every reading after it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import structlog
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from streams.core.engine.dead_letter import DETAIL_CHARACTERS
from streams.core.law.country import Country
from streams.core.records.bounded_names import is_parameter, shortened
from streams.core.records.findings import Proof
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.registry.topic_follower import TopicFollower
from streams.settings import Settings

log = structlog.get_logger(__name__)

RECORD: Final = "EnterpriseRegistration"


class RegistryFollower(TopicFollower):
    """Read the registry topic into a `RegistryHistory`."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        history: RegistryHistory,
        enterprise_from_record: Callable[[dict[str, Any], Country], Enterprise],
        country: Country,
    ) -> None:
        super().__init__(settings, settings.topic_registry, "read_registry", "the registry topic")
        self._codec = codec
        self._history = history
        self._enterprise = enterprise_from_record
        self._country = country

    def apply(self, record: ConsumerRecord) -> None:
        """Add one registration to the history."""
        enterprise = None
        if record.value is not None:
            name, fields = self._codec.decode(record.value)
            if name != RECORD:
                raise ValueError(f"it is a {name}")
            enterprise = self._enterprise(fields, self._country)
        bin_ = bin_of(record.key, enterprise, self._country)
        proof = registration_proof(record.topic, record.partition, record.offset, record.value)
        self._history.add(record.timestamp, bin_, enterprise, proof)
        for source in enterprise.sources if enterprise is not None else ():
            if not any(is_parameter(each.parameter) for each in source.channels):
                # Files with such a source are refused; here the other sources still count.
                log.warning(
                    "source_without_measurements",
                    source=source.id,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )

    def ignored(self, problem: str, record: ConsumerRecord) -> None:
        """Log a record that is no registration."""
        log.warning(
            "registration_ignored",
            problem=shortened(problem, DETAIL_CHARACTERS),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )


def bin_of(key: bytes | None, enterprise: Enterprise | None, country: Country) -> str:
    """Return the operator's number in a record of the registry topic.

    ``enterprise`` None: the record strikes it off.

    Raises ValueError where the key is none, or another than that of the registration: compaction
    goes by the key, and would drop the registration of the enterprise that it names.
    """
    name = (key or b"").decode(errors="replace")
    if not country.identity.accepts(name):
        raise ValueError(f"its key is no {country.identity.name}")
    if enterprise is not None and enterprise.bin != name:
        raise ValueError(f"its key is {name}, it registers {enterprise.bin}")
    return name


def registration_proof(topic: str, partition: int, offset: int, value: bytes | None) -> Proof:
    """Return the evidence of one message: the chain of a slot that holds nothing else."""
    slot = sha256(value or b"").digest()
    return Proof(
        topic=topic,
        partition=partition,
        first_offset=offset,
        last_offset=offset,
        readings=0,
        sha256=sha256(slot).hexdigest(),
    )
