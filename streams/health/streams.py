"""What a streams worker tells of itself."""

from __future__ import annotations

from streams.app import Parts
from streams.health.report import Look
from streams.health.server import Health
from streams.health.stage import Stage
from streams.schema_registry import schema_questions
from streams.settings import Settings
from streams.topics import in_sync, topics
from streams.transport.positions import positions


def streams_health(settings: Settings, parts: Parts, stage: Stage) -> Health:
    """The health of a streams worker; it needs no ClickHouse."""
    read = (settings.topic_readings,)

    def look() -> Look:
        judging, recovering = parts.judging, sorted(parts.state.recovering)
        trouble = parts.follower.trouble or judging.trouble
        restored = parts.restored()
        state = None
        if recovering:
            count = sum(restored.get(partition, 0) for partition in recovering)
            state = f"the state of partitions {recovering} is being read, {count} records so far"
        return Look(
            positions=positions(parts.app, read),
            conditions={
                "started": stage.why,
                "assignment": "partitions are being moved" if parts.app.rebalancing else None,
                "state": state,
                "registry": trouble,
            },
            restored={(settings.topic_readings, each): restored[each] for each in restored},
            excuse=stage.excuse or trouble,
            excuses={place: str(hold) for place, hold in parts.holds.holding.items()},
            counts={
                "records": judging.progress.total,
                "batch_in_work_s": round(judging.progress.in_work_s),
                "registrations": parts.follower.applied,
                "registrations_left_out": parts.follower.skipped,
            },
        )

    written = {topic.name: in_sync(settings) for topic in topics(settings)}
    return Health(
        settings,
        group=settings.group_streams,
        topics=read,
        look=look,
        questions=schema_questions(settings),
        written=written,
    )
