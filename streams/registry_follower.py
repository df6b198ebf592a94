"""Follows the registry topic, so that a registration applies to every reading after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.codec import Codec
from schemas.errors import SchemaRegistryError
from streams.core.bury import DETAIL_CHARACTERS
from streams.core.findings import Proof
from streams.core.names import is_parameter, shortened
from streams.core.quality import arrival_refusal
from streams.core.registration import Enterprise
from streams.core.registry_history import RegistryHistory
from streams.kafka import Patience, client_options, partitions_by_topic
from streams.registry.business_number import is_business_number
from streams.settings import Settings
from streams.transport.reader import reader
from streams.transport.stop import stop_consumer

log = structlog.get_logger(__name__)

RECORD: Final = "EnterpriseRegistration"
_FETCH_MS: Final = 200


class RegistryFollower:
    """Reads the registry topic from its beginning, without a group, into a `RegistryHistory`.

    `catch_up` is awaited before each batch of readings: a registration that was in the topic
    before a reading was published is known by the time the reading is judged. A record that is
    no registration is said, counted in ``skipped`` and left out.
    """

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        history: RegistryHistory,
        enterprise_from_record: Callable[[dict[str, Any]], Enterprise],
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._history = history
        self._enterprise = enterprise_from_record
        self._consumer: AIOKafkaConsumer | None = None
        # A connection of its own for questions: on the reader's they would wait behind a fetch.
        self._asker: AIOKafkaConsumer | None = None
        self._partitions: list[TopicPartition] = []
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0  # calls of `catch_up`
        self._answered = 0  # so many of them, the first ones, have what they asked for
        self._trouble = Patience("the registry topic cannot be read", settings.say_s)
        self.applied = 0
        self.skipped = 0

    @property
    def trouble(self) -> str | None:
        """Why the registry topic cannot be read at the moment; None while it can."""
        return self._trouble.why

    async def start(self) -> None:
        """Connect; raises ``KafkaError`` when the broker is away or the topic is missing."""
        await self.stop()
        self._asker = reader(**client_options(self._settings), group_id=None)
        await self._asker.start()
        topic = self._settings.topic_registry
        numbers = (await partitions_by_topic(self._asker)).get(topic)
        if not numbers:
            raise KafkaError(f"topic {topic} is missing")
        self._partitions = [TopicPartition(topic, number) for number in numbers]
        self._consumer = reader(
            **client_options(self._settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)

    async def stop(self) -> None:
        """Disconnect."""
        for client in (self._consumer, self._asker):
            if client is not None:
                await stop_consumer(client)
        self._consumer = self._asker = None

    async def catch_up(self) -> None:
        """Apply every registration that the topic holds at the moment of the call.

        Waits for a broker or a schema registry that is away, for ever; it says so once a period.
        Calls that wait at the same time share one reading, which begins after each of them.
        """
        self._asked += 1
        mine = self._asked
        async with self._one_at_a_time:
            while self._answered < mine:
                asked = self._asked  # before the reading asks where the end is
                try:
                    await self._read_to_the_end()
                except (KafkaError, SchemaRegistryError, OSError) as error:
                    await self._trouble.wait(error)
                else:
                    self._trouble.over()
                    self._answered = asked

    async def _read_to_the_end(self) -> None:
        consumer, asker = self._consumer, self._asker
        if consumer is None or asker is None:
            raise KafkaError("not connected")
        # The answer may be too low by a part of the last record batch (`streams.transport.ends`),
        # but it is beyond what was read as long as that batch was not: enough for this loop,
        # since a batch is always read whole.
        ends: dict[TopicPartition, int] = await asker.end_offsets(self._partitions)
        while True:
            behind = [tp for tp in self._partitions if await consumer.position(tp) < ends[tp]]
            if not behind:
                return
            fetched = await consumer.getmany(*behind, timeout_ms=_FETCH_MS)
            # In order of arrival over the partitions: the history only grows at its end.
            records = sorted(
                (record for records in fetched.values() for record in records),
                key=lambda record: (record.timestamp, record.partition, record.offset),
            )
            for at, record in enumerate(records):
                try:
                    self._apply(record)
                except SchemaRegistryError:
                    self._go_back(consumer, records[at:])
                    raise

    def _go_back(self, consumer: AIOKafkaConsumer, records: list[ConsumerRecord]) -> None:
        """Read again what was fetched and not applied."""
        first: dict[TopicPartition, int] = {}
        for record in records:
            tp = TopicPartition(record.topic, record.partition)
            first[tp] = min(first.get(tp, record.offset), record.offset)
        for tp, offset in first.items():
            consumer.seek(tp, offset)

    def _apply(self, record: ConsumerRecord) -> None:
        """Take one record into the history, or say why it is none."""
        where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        try:
            untimely = arrival_refusal(record.timestamp)
            if untimely is not None:
                # It would hold back every later registration of the enterprise: they count from
                # the time of the one before.
                raise ValueError(untimely.detail)
            enterprise = None
            if record.value is not None:
                name, fields = self._codec.decode(record.value)
                if name != RECORD:
                    raise ValueError(f"it is a {name}")
                enterprise = self._enterprise(fields)
            bin_ = bin_of(record.key, enterprise)
            self._history.add(record.timestamp, bin_, enterprise, _proof(record))
            for source in enterprise.sources if enterprise is not None else ():
                if not any(is_parameter(each.parameter) for each in source.channels):
                    # No file with it is loaded; it takes no other source of the enterprise along.
                    log.warning("a registered source measures nothing", source=source.id, **where)
        except SchemaRegistryError:
            raise
        except Exception as error:  # anybody who may write to the topic can write anything
            self.skipped += 1
            why = shortened(str(error), DETAIL_CHARACTERS)
            log.warning("a registration cannot be used and is left out", why=why, **where)
        else:
            self.applied += 1


def bin_of(key: bytes | None, enterprise: Enterprise | None) -> str:
    """The БИН that a record of the registry topic is about; ``enterprise`` None strikes it off.

    Raises ValueError where the key is none, or another than that of the registration: compaction
    goes by the key, and would drop the registration of the enterprise that it names.
    """
    name = (key or b"").decode(errors="replace")
    if not is_business_number(name):
        raise ValueError("its key is no БИН")
    if enterprise is not None and enterprise.bin != name:
        raise ValueError(f"its key is {name}, it registers {enterprise.bin}")
    return name


def _proof(record: ConsumerRecord) -> Proof:
    """Evidence of one message: the chain of a single slot that holds nothing else."""
    slot = sha256(record.value or b"").digest()
    return Proof(
        topic=record.topic,
        partition=record.partition,
        first_offset=record.offset,
        last_offset=record.offset,
        readings=0,
        sha256=sha256(slot).hexdigest(),
    )
