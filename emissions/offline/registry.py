"""Registrations and notices from files, as workers know them once they are published."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.codec import Codec
from streams.core.law.country import Country
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.avro import RECORD, enterprise_from_record, enterprise_to_record
from streams.registry.follower import registration_proof
from streams.registry.notices import DatedNotice
from streams.rules.calendar import load_calendar
from streams.settings import Settings


def loaded_registry(
    enterprises: Iterable[Enterprise],
    notices: Iterable[DatedNotice],
    *,
    codec: Codec,
    settings: Settings,
    country: Country,
    until: int | None,
) -> RegistryHistory:
    """Register the enterprises before everything else, under the offsets that a replay gives.

    Their evidence is that of the messages that would be in the registry topic. Notices count from
    their arrivals on; those that arrive after ``until`` (ms UTC) are left out.
    """
    told = NoticeHistory(load_calendar(country.code), settings.policy)
    for each in sorted(notices, key=lambda each: each.arrived_at or 0):
        if until is None or (each.arrived_at or 0) <= until:
            told.add(each.notice, each.arrived_at or 0)
    history = RegistryHistory(told)
    for offset, enterprise in enumerate(enterprises):
        value = codec.encode(RECORD, enterprise_to_record(enterprise))
        registered = enterprise_from_record(codec.decode(value)[1], country)
        proof = registration_proof(settings.topic_registry, 0, offset, value)
        history.add(0, registered.bin, registered, proof)
    return history
