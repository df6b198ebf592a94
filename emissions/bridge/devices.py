"""Knows the devices of each source from the topic of registrations: names and verifications."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import TopicPartition

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.core.law.country import Country
from streams.core.registry.enterprise import Device
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of, read_log
from streams.registry.avro import enterprise_from_record
from streams.registry.errors import RegistryError
from streams.settings import Settings


class DeviceBook:
    """Keeps every device that a registration has named, the newest first.

    A device that was exchanged stays: a case may be about what it read before.
    """

    def __init__(self, settings: Settings, codec: Codec, country: Country) -> None:
        self._settings = settings
        self._codec = codec
        self._country = country
        self._devices: dict[tuple[str, str | None], tuple[Device, ...]] = {}
        self._ends: Mapping[TopicPartition, int] = {}

    def of(self, bin_: str, source_id: str | None) -> tuple[Device, ...]:
        """Return the devices of a source of an enterprise; none of one that is not registered."""
        return self._devices.get((bin_, source_id), ())

    def add(self, value: bytes | None) -> None:
        """Take over a message of the topic; one that is no registration says nothing here."""
        try:
            _, record = self._codec.decode(value or b"")
            enterprise = enterprise_from_record(record, self._country)
        except (Undecodable, UnknownSchema, RegistryError, KeyError):
            return
        for source in enterprise.sources:
            known = self._devices.get((enterprise.bin, source.id), ())
            kept = (each for each in known if each not in source.devices)
            self._devices[enterprise.bin, source.id] = (*source.devices, *kept)

    async def read(self) -> None:
        """Read the topic up to its end; without the topic there are no devices."""
        try:
            self._ends = await ends_of(self._settings, self._settings.topic_registry)
        except LookupError:
            return
        async with consumer_of(self._settings) as consumer:
            async for record in read_log(consumer, self._ends):
                self.add(record.value)

    async def follow(self) -> None:
        """Take over what is registered after `read`, until cancelled."""
        if not self._ends:
            return
        async with consumer_of(self._settings) as consumer:
            consumer.assign(list(self._ends))
            for partition, end in self._ends.items():
                consumer.seek(partition, end)
            async for record in consumer:
                self.add(record.value)
