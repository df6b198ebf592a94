"""Health of a streams worker."""

from __future__ import annotations

from streams.app import StreamsParts
from streams.health.lifecycle import Lifecycle
from streams.health.report import WorkerSnapshot
from streams.health.server import Health
from streams.holds.hold_metrics import count_holds
from streams.kafka.schema_registry import schema_registry_checks
from streams.kafka.topics import in_sync, topics
from streams.settings import Settings
from streams.transport.positions import positions


def streams_health(settings: Settings, parts: StreamsParts, lifecycle: Lifecycle) -> Health:
    """Create the health of a streams worker, which needs no ClickHouse."""
    read = (settings.topic_readings,)

    def snapshot() -> WorkerSnapshot:
        processor, restoring = parts.processor, sorted(parts.state.restoring)
        failure = parts.follower.failure or processor.failure
        restored = parts.records_restored()
        state = None
        if restoring:
            count = sum(restored.get(partition, 0) for partition in restoring)
            state = f"the state of partitions {restoring} is being read, {count} records so far"
        return WorkerSnapshot(
            positions=positions(parts.app, read),
            conditions={
                "started": lifecycle.not_running,
                "assignment": "partitions are being moved" if parts.app.rebalancing else None,
                "state": state,
                "registry": failure,
            },
            restored={(settings.topic_readings, each): restored[each] for each in restored},
            arrivals={
                (settings.topic_readings, each): at
                for each, at in parts.batch_metrics.arrivals.items()
            },
            excuse=lifecycle.excuse or failure,
            excuses={place: str(hold) for place, hold in parts.holds.held.items()},
            counts={
                "records": processor.progress.total,
                "batch_in_work_s": round(processor.progress.in_work_s),
                "registrations": parts.registrations.applied,
                "registrations_left_out": parts.registrations.skipped,
                "notices": parts.notices.applied,
                "notices_left_out": parts.notices.skipped,
                "measures": parts.measures.applied,
                "measures_left_out": parts.measures.skipped,
            },
        )

    count_holds(parts.metrics, parts.holds.held)
    written = {topic.name: in_sync(settings) for topic in topics(settings)}
    return Health(
        settings,
        group=settings.group_streams,
        topics=read,
        snapshot=snapshot,
        metrics=parts.metrics,
        dependencies=schema_registry_checks(settings),
        written=written,
    )
