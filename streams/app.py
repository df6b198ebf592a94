"""The streams application: readings in, findings out. The composition root; nothing runs here."""

from __future__ import annotations

import ssl
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types import TP

from schemas.codec import Codec
from schemas.ids import FileIds, SchemaIds
from streams.checkpoint import Checkpoint
from streams.clock_hold import Ahead, ClockPolicy, first_ahead
from streams.core.log import RawRecord, UnusableStateError
from streams.core.partition import PartitionEngine
from streams.core.policy import Policy
from streams.core.registry_history import RegistryHistory
from streams.dead_letter_limit import limit_policy
from streams.hold_log import HoldLog
from streams.judging import Judging, Look
from streams.kafka import client_options
from streams.lanes import Lanes
from streams.leader import TickLeader
from streams.outbox import Outbox, TooLargeError
from streams.outputs import Encoder
from streams.partition_count import too_many
from streams.readings_log import LostReadingsError, ReadingsLog
from streams.registry.avro import enterprise_from_record
from streams.registry_follower import RegistryFollower
from streams.rule_files import load_rules
from streams.saved_state import changelog_topic
from streams.saving import SavePolicy
from streams.schema_registry import registry_ids
from streams.segments import StoreError
from streams.settings import Settings
from streams.state_log import DamagedStateError, StateLog
from streams.transport import PartitionBatch, batch_topic, install

log = structlog.get_logger(__name__)

_METADATA_MS = 5000
_FETCH_BYTES = 4 * 1024 * 1024
"""Of a partition in one fetch: room for 10,000 readings. Faust's 1 MiB cut batches at 4,300."""
SENTENCES = (
    TooLargeError,
    DamagedStateError,
    LostReadingsError,
    UnusableStateError,
    StoreError,
)
"""Errors whose text tells a person what to do."""

Fatal = Callable[[BaseException], None]


@dataclass(frozen=True)
class Parts:
    """What has to be started before the application, and stopped after it."""

    app: faust.App
    outbox: Outbox
    follower: RegistryFollower
    holds: HoldLog
    leader: TickLeader
    state: StateLog
    judging: Judging
    lanes: Lanes
    readings: ReadingsLog
    ids: SchemaIds

    def restored(self) -> dict[int, int]:
        """How many records of its state, and of readings after it, were read of each partition."""
        state, readings = self.state.read, self.readings.read
        return {
            partition: state.get(partition, 0) + readings.get(partition, 0)
            for partition in state.keys() | readings.keys()
        }


def create_app(settings: Settings, fatal: Fatal) -> Parts:
    """Wire the application. ``fatal`` is told an error that nothing here can deal with."""
    app = faust_app(settings, settings.app_id)
    ids = schema_ids(settings)
    codec = Codec(ids)
    history = RegistryHistory()
    rules, policy = load_rules(), policy_of(settings)
    options = client_options(settings)
    changelog = changelog_topic(settings.app_id)
    state = StateLog(options, changelog, directory=state_directory(settings), say_s=settings.say_s)
    outbox = Outbox(options, say_s=settings.say_s)
    follower = RegistryFollower(settings, codec, history, enterprise_from_record)
    holds = HoldLog(settings, "streams")
    readings = ReadingsLog(
        options, settings.topic_readings, most=settings.poll_records, say_s=settings.say_s
    )

    def engine(partition: int, saved: Mapping[str, bytes]) -> PartitionEngine:
        return PartitionEngine(
            topic=settings.topic_readings,
            partition=partition,
            partitions=settings.partitions,
            decode=codec.decode_readings,
            rules=rules,
            policy=policy,
            registry=history,
            state=saved,
            limit=limit_policy(settings),
            resumed=holds.resumed(settings.topic_readings, partition),
        )

    judging = Judging(
        state=state,
        checkpoint=Checkpoint(outbox, changelog),
        follower=follower,
        readings=readings,
        engine=engine,
        encode=Encoder(codec, settings),
        holds=holds,
        look=clock_look(settings, holds),
        policy=SavePolicy(settings.save_records, settings.save_s),
        say_s=settings.say_s,
    )
    leader = TickLeader(
        outbox,
        codec,
        topic=settings.topic_readings,
        partitions=settings.partitions,
        period_s=settings.tick_s,
        leads=lambda: _leads(app, settings.topic_readings),
    )
    lanes = connect(app, settings, judging, state, holds, fatal)
    return Parts(app, outbox, follower, holds, leader, state, judging, lanes, readings, ids)


def connect(
    app: faust.App,
    settings: Settings,
    judging: Judging,
    state: StateLog,
    holds: HoldLog,
    fatal: Fatal,
) -> Lanes:
    """Let the readings flow into the judging, and tell it which partitions are the worker's."""
    topic = settings.topic_readings

    def failed(error: BaseException, batch: str) -> None:
        if not isinstance(error, SENTENCES):
            log.error("a batch cannot be judged", batch=batch, exc_info=error)
        fatal(error)

    lanes = Lanes(judging.take, failed)

    @app.agent(batch_topic(app, topic), concurrency=1, name="readings")  # type: ignore[untyped-decorator]
    async def readings(stream: Any) -> None:
        async for event in stream.noack().events():
            lanes.give(event)

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def settle(_: Any, assigned: set[TP], **__: Any) -> None:
        partitions = {tp.partition for tp in assigned if tp.topic == topic}
        if partitions and max(partitions) >= settings.partitions:
            lanes.end()  # the group may know of new partitions before this worker looks
            fatal(too_many(settings, max(partitions)))
            return
        lanes.keep(partitions)
        judging.keep(partitions)
        holds.keep((topic, partition) for partition in partitions)
        state.assigned(partitions, app.consumer_generation_id)

    app.transport.leaving = judging.leave
    return lanes


def clock_look(settings: Settings, holds: HoldLog) -> Look:
    """Make what finds records that the worker's clock, or their neighbours, speak against."""
    policy = ClockPolicy(int(settings.max_ahead_s * 1000), int(settings.max_step_s * 1000))

    def look(batch: PartitionBatch, records: Sequence[RawRecord], after: int) -> Ahead | None:
        now, resumed = time.time_ns() // 1_000_000, holds.resumed(batch.topic, batch.partition)
        return first_ahead(records, after, now, policy, resumed)

    return look


def faust_app(
    settings: Settings,
    group: str,
    *,
    wait_empty: bool = True,
    records_in_flight: int | None = None,
) -> faust.App:
    """A Faust application on the batch transport, configured around Faust's known traps.

    ``wait_empty``: a rebalance waits for the batches in work. ``records_in_flight``: of a
    partition; the settings' number unless given.
    """
    credentials: Any = None
    context = ssl.create_default_context() if settings.broker_tls else None
    if settings.broker_user is not None:
        credentials = faust.SASLCredentials(
            username=settings.broker_user,
            password=settings.broker_password,
            mechanism="PLAIN",
            ssl_context=context,
        )
    elif context is not None:
        credentials = faust.SSLCredentials(context)
    app = faust.App(
        group,
        broker=[f"kafka://{address}" for address in settings.broker_addresses],
        broker_credentials=credentials,
        store="memory://",
        # Nothing is kept on disk, but Faust makes a directory and would litter the current one.
        datadir=Path(tempfile.gettempdir()) / "emissions-faust",
        processing_guarantee="at_least_once",  # exactly_once crashes and duplicates
        broker_commit_interval=settings.commit_s,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_max_poll_records=settings.poll_records,
        consumer_max_fetch_size=_FETCH_BYTES,
        # A worker that joined while the broker knew no topics owns nothing until it asks again.
        consumer_metadata_max_age_ms=_METADATA_MS,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=wait_empty,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,  # topics are created explicitly, with their configuration
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        worker_redirect_stdouts=False,
        web_enabled=False,  # it would answer in the loop that judges: `streams.health` does
    )
    install(app, records_in_flight=records_in_flight or settings.records_in_flight)
    return app


def schema_ids(settings: Settings) -> SchemaIds:
    """Ids of the schema registry, or the fixed ones where none is set; the registry is not asked.

    Messages wait for ids that the registry does not know (`Settings.schema_wait_s`).
    """
    if settings.schema_registry_url is None:
        return FileIds()
    return registry_ids(settings, settings.schema_registry_url, wait_s=settings.schema_wait_s)


def policy_of(settings: Settings) -> Policy:
    """The times of the specification, in milliseconds, as the settings have them."""
    return Policy(
        grace=settings.grace_s * 1000,
        day_grace=settings.day_grace_s * 1000,
        max_lateness=settings.max_lateness_s * 1000,
        outage_limit=settings.outage_limit_s * 1000,
    )


def state_directory(settings: Settings) -> Path | None:
    """Where the scratch files of the state are; None: the system's temporary directory."""
    return None if settings.state_directory is None else Path(settings.state_directory)


def _leads(app: faust.App, topic: str) -> bool:
    """True while this worker owns partition 0 of the readings and is not joining anew."""
    return not app.rebalancing and TP(topic, 0) in app.consumer.assignment()
