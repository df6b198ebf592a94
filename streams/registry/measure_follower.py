"""Follows the topic of officials' measures, so that each is known before readings after it."""

from __future__ import annotations

import structlog
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from streams.core.cases.measures import MeasureHistory
from streams.core.engine.dead_letter import DETAIL_CHARACTERS
from streams.core.law.country import Country
from streams.core.records.bounded_names import shortened
from streams.registry.measures import RECORD, measure_from_record
from streams.registry.topic_follower import TopicFollower
from streams.settings import Settings

log = structlog.get_logger(__name__)


class MeasureFollower(TopicFollower):
    """Read the topic of measures into a `MeasureHistory`."""

    def __init__(
        self, settings: Settings, codec: Codec, history: MeasureHistory, country: Country
    ) -> None:
        super().__init__(
            settings, settings.topic_measures, "read_measures", "the topic of measures"
        )
        self._codec = codec
        self._history = history
        self._country = country

    def apply(self, record: ConsumerRecord) -> None:
        """Add one version of a measure to the history."""
        if record.value is None:
            raise ValueError("a measure is never deleted: overturned_on takes it back")
        name, fields = self._codec.decode(record.value)
        if name != RECORD:
            raise ValueError(f"it is a {name}")
        measure = measure_from_record(fields, self._country, record.timestamp)
        if record.key != measure.id.encode():
            raise ValueError(f"its key is not its id {measure.id}")
        self._history.add(measure, record.timestamp)

    def ignored(self, problem: str, record: ConsumerRecord) -> None:
        """Log a record that is no measure."""
        log.warning(
            "measure_ignored",
            problem=shortened(problem, DETAIL_CHARACTERS),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
