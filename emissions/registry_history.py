"""Reads every registration of the registry topic, and every notice of operators."""

from __future__ import annotations

from schemas.codec import Codec
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.avro import enterprise_from_record
from streams.registry.follower import RegistryFollower
from streams.registry.notice_follower import NoticeFollower
from streams.registry.topic_follower import TopicFollowers
from streams.rules.calendar import load_calendar
from streams.rules.country import load_country
from streams.settings import Settings


async def read_registry_history(settings: Settings, codec: Codec) -> RegistryHistory:
    """Read both topics to their ends; raise ``KafkaError`` where one is missing."""
    country = load_country(settings.rules)
    notices = NoticeHistory(load_calendar(country.code), settings.policy)
    history = RegistryHistory(notices)
    follower = TopicFollowers(
        RegistryFollower(settings, codec, history, enterprise_from_record, country),
        NoticeFollower(settings, codec, notices, country),
    )
    try:
        await follower.start()
        await follower.catch_up()
    finally:
        await follower.stop()
    return history
