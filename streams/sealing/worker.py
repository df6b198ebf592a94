"""The seal worker as a process: reads what is published, and writes the transparency log."""

from __future__ import annotations

import asyncio
import time
from importlib import metadata
from pathlib import Path

import structlog

from schemas.codec import Codec
from schemas.errors import SchemaRegistryError
from streams.errors import OperatorError
from streams.health.lifecycle import Lifecycle
from streams.health.report import WorkerSnapshot
from streams.health.server import Health
from streams.kafka.partition_count import sinks_topics, wait_for_topics
from streams.kafka.partitions import PartitionId
from streams.kafka.retry import Backoff
from streams.kafka.schema_registry import schema_ids, schema_registry_checks
from streams.metrics.metric_set import MetricSet
from streams.rules.country import load_country
from streams.rules.packed import pack_rules, unpack_rules
from streams.runtime.process import STOPPED, End, run_worker
from streams.sealing.leaf_salts import open_salts
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.records import LeafReader, Record
from streams.sealing.rules import keep_rules
from streams.sealing.seal_metrics import SealMetrics
from streams.sealing.sealed_topics import SealedTopics
from streams.sealing.sealer import Sealer
from streams.sealing.stamps import DayStamper
from streams.settings import Settings
from streams.signing.ed25519 import read_key_of

log = structlog.get_logger(__name__)


def run_seal(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code (see `run_worker`)."""
    return run_worker(settings, SealWorker)


def signer_of(settings: Settings) -> NoteSigner:
    """Return the key that signs the log, by its name. Raises OperatorError."""
    if settings.log_origin is None or settings.log_key_file is None:
        raise OperatorError(
            "EMISSIONS_LOG_ORIGIN and EMISSIONS_LOG_KEY_FILE must name the log and its private "
            "key: `emissions log key --new FILE` makes one"
        )
    key = read_key_of(
        "EMISSIONS_LOG_KEY_FILE",
        settings.log_key_file,
        f"`emissions log key --new {settings.log_key_file}` makes it, once in the life of a log",
    )
    return NoteSigner.of(settings.log_origin, key)


def directory_of(settings: Settings) -> Path:
    """Return the directory of the log. Raises OperatorError where none is named."""
    if settings.log_path is None:
        raise OperatorError("EMISSIONS_LOG_PATH must name the directory of the transparency log")
    return Path(settings.log_path)


class SealWorker:
    """Seal roots, violations, cases, registrations and rules; while the broker is away, wait."""

    def __init__(self, settings: Settings, end: End) -> None:  # noqa: ARG002 (it ends by errors)
        self._settings = settings
        self._lifecycle = Lifecycle()
        codec = Codec(schema_ids(settings))
        self._reader = LeafReader(settings, codec, load_country(settings.rules))
        self._topics = SealedTopics(settings, self._reader.topics)
        self._writer: LogWriter | None = None
        self._sealer: Sealer | None = None
        self._writing = asyncio.Lock()  # one at a time writes the log
        self._schemas = Backoff(
            "resolve_schemas", "the schema registry does not answer", settings.log_interval_s
        )
        metrics = MetricSet("seal", metadata.version("emission-streams"))
        self._metrics = SealMetrics(metrics)
        self._health = Health(
            settings,
            group=settings.group_seal,
            topics=self._reader.topics,
            snapshot=self._snapshot,
            metrics=metrics,
            dependencies=schema_registry_checks(settings),
        )

    async def work(self) -> None:
        """Open the log, wait for the broker, read on from where the log ends; never return."""
        settings = self._settings
        if settings.web_port:  # first: whoever watches knows of a worker that its log keeps out
            await self._health.start()
        if settings.stuck_s <= settings.seal_s:
            raise OperatorError("EMISSIONS_STUCK_S must be more than EMISSIONS_SEAL_S")
        signer, directory = signer_of(settings), directory_of(settings)
        packed = pack_rules(settings.rules)
        version = unpack_rules(packed).rules.version
        self._writer = writer = await asyncio.to_thread(LogWriter, directory)
        self._reader.salts = open_salts(directory, writer.size)
        self._sealer = sealer = Sealer(
            writer,
            self._reader,
            signer,
            interval_s=settings.seal_s,
            monotonic=time.monotonic,
            now=time.time,
        )
        keep_rules(writer.files, version, packed)
        sealer.seal_rules(version, packed)
        self._lifecycle.waiting_for("the worker waits for the broker and its topics")
        counts = sinks_topics(settings)
        await wait_for_topics(settings, {each: counts.get(each) for each in self._reader.topics})
        await self._topics.start(writer.offsets)
        self._lifecycle.running()
        log.info("worker_started", log=str(directory), broker=settings.broker)
        stamping = asyncio.create_task(self._stamp(writer))
        try:
            while True:
                await self._take(sealer, *await self._topics.fetch())
                if sealer.append_due or sealer.publication_due:
                    await self._write(sealer)
        finally:
            stamping.cancel()

    async def stop(self, code: int) -> None:
        """Seal what was read, publish it, and leave the log to another worker."""
        self._lifecycle.stopping()
        async with self._writing:
            if self._sealer is not None and code == STOPPED:
                await asyncio.to_thread(self._sealer.append)
                await asyncio.to_thread(self._sealer.publish)
                await self._topics.commit(self._sealer.sealed)
            if self._writer is not None:
                self._writer.close()
        await self._topics.stop()
        await self._health.stop()

    async def _stamp(self, writer: LogWriter) -> None:
        """Have the checkpoint of each day stamped, where an authority is named."""
        settings = self._settings
        if settings.tsa_url is not None:
            stamper = DayStamper(
                writer.files,
                settings.tsa_url,
                log_interval_s=settings.log_interval_s,
                now=time.time,
            )
            await stamper.run()

    async def _take(
        self, sealer: Sealer, records: list[Record], upto: dict[PartitionId, int]
    ) -> None:
        """Take records; wait for the schema registry where it must be asked."""
        while True:
            try:
                sealer.take(records, upto)
            except SchemaRegistryError as error:
                await self._schemas.wait(error)
            else:
                self._schemas.recovered()
                return

    async def _write(self, sealer: Sealer) -> None:
        """Append and publish what is due; a worker that is told to stop waits for its end."""

        async def write() -> None:
            if sealer.append_due:
                await asyncio.to_thread(sealer.append)
                await self._topics.commit(sealer.sealed)
                self._metrics.appended(sealer)
            if sealer.publication_due:
                await asyncio.to_thread(sealer.publish)
                await asyncio.to_thread(self._metrics.published, sealer)

        async with self._writing:
            writing = asyncio.create_task(write())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await writing
                raise

    def _snapshot(self) -> WorkerSnapshot:
        sealer = self._sealer
        sealed = {} if sealer is None else sealer.sealed
        places = [(tp.topic, tp.partition) for tp in self._topics.partitions]
        return WorkerSnapshot(
            positions={place: sealed.get(place) for place in places},
            conditions={"started": self._lifecycle.not_running, "schemas": self._schemas.reason},
            excuse=self._lifecycle.excuse or self._schemas.reason,
            counts={
                "leaves": 0 if sealer is None else sealer.size,
                "records_not_sealed": 0 if sealer is None else sealer.unsealed,
            },
        )
