"""Follows the topic of operators' notices, so that each is known before readings after it."""

from __future__ import annotations

import structlog
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from streams.core.engine.dead_letter import DETAIL_CHARACTERS
from streams.core.law.country import Country
from streams.core.records.bounded_names import shortened
from streams.core.sources.notices import NoticeHistory
from streams.registry.notices import RECORD, notice_from_record
from streams.registry.topic_follower import TopicFollower
from streams.settings import Settings

log = structlog.get_logger(__name__)


class NoticeFollower(TopicFollower):
    """Read the topic of notices into a `NoticeHistory`."""

    def __init__(
        self, settings: Settings, codec: Codec, history: NoticeHistory, country: Country
    ) -> None:
        super().__init__(settings, settings.topic_notices, "read_notices", "the topic of notices")
        self._codec = codec
        self._history = history
        self._country = country

    def apply(self, record: ConsumerRecord) -> None:
        """Add one notice to the history."""
        if record.value is None:
            raise ValueError("a notice is never deleted: another one takes it back")
        name, fields = self._codec.decode(record.value)
        if name != RECORD:
            raise ValueError(f"it is a {name}")
        notice = notice_from_record(fields, self._country)
        if record.key != notice.id.encode():
            raise ValueError(f"its key is not its id {notice.id}")
        if not self._history.add(notice, record.timestamp):
            before = self._history.get(notice.id)
            if before is None or before.notice != notice:
                raise ValueError(f"the id {notice.id} is taken by another notice")

    def ignored(self, problem: str, record: ConsumerRecord) -> None:
        """Log a record that is no notice."""
        log.warning(
            "notice_ignored",
            problem=shortened(problem, DETAIL_CHARACTERS),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
