"""Compare the transparency log with the topics and with ClickHouse: each record a leaf, and back.

Compared is what was sealed when the audit looked: a size of the log, and the offsets of the topics
up to which they are in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from emissions.audit.check import AuditCheck
from emissions.audit.later_records import records_after
from emissions.audit.leaf_comparison import CLICKHOUSE, PART, TOPICS, LeafComparison
from emissions.audit.newest_registrations import NewestRegistrations
from emissions.audit.stored_leaves import StoredLeaves
from schemas.codec import Codec
from streams.core.evidence.leaf import LeafSalts
from streams.counted import counted
from streams.kafka.clients import consumer_of
from streams.kafka.partitions import PartitionId
from streams.kafka.reader import ends_of, read_log
from streams.rules.country import load_country
from streams.sealing.leaf_salts import read_salts
from streams.sealing.log_files import LogError, LogFiles
from streams.sealing.log_writer import SealedState, read_state
from streams.sealing.records import LeafReader, UnsealedError
from streams.settings import Settings


class LogAudit:
    """The log as it is when the audit looks; without one, or one that cannot be read, no check."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        state: SealedState | None,
        problem: str | None,
        salts: LeafSalts,
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._files = LogFiles(Path(settings.log_path or "."))
        self._state = state
        self._problem = problem
        self._reader = LeafReader(settings, codec, load_country(settings.rules), salts)
        self.compared: dict[TopicPartition, int] = {}
        """How far the topics were compared, which is how far the tables must be."""

    @classmethod
    def open(cls, settings: Settings, codec: Codec) -> Self:
        """Look at the log's directory."""
        state, problem, salts = None, None, LeafSalts()
        if settings.log_path is not None:
            try:
                state = read_state(Path(settings.log_path))
                salts = read_salts(Path(settings.log_path))
            except (LogError, OSError, ValueError) as error:
                problem = str(error)
            else:
                problem = None if state is not None else "nothing is sealed yet"
        return cls(settings, codec, state, problem, salts)

    async def topics(self) -> list[AuditCheck]:
        """Compare the log with the topics, as far as it is sealed; nothing where there is no log.

        Raises LookupError for a missing topic, and the errors of Kafka and of the schema registry.
        """
        if self._problem is not None:
            return [AuditCheck(PART, str(self._files.directory), "not compared", [self._problem])]
        if self._state is None:
            return []
        sealed = self._state.of_partitions()
        newest = NewestRegistrations()
        ends = await ends_of(self._settings, *self._reader.topics)
        self.compared = upto = {
            tp: min(end, sealed.get((tp.topic, tp.partition), 0)) for tp, end in ends.items()
        }
        compared = LeafComparison(self._files, self._state.size, TOPICS)
        try:
            async with consumer_of(self._settings) as consumer:
                async for record in read_log(consumer, upto):
                    try:
                        leaf = self._reader.leaf(record)
                    except UnsealedError:
                        continue  # the checks of results name it
                    if leaf is not None:
                        newest.take(leaf)
                        compared.take(leaf)
            checks = await asyncio.to_thread(compared.checks, newest.replaced)
        except (LogError, FileNotFoundError, ValueError) as error:
            return [self._unreadable(error)]
        # The rule sets are on no topic.
        checks = [each for each in checks if each.place != "rule sets"]
        return [_how_far(self._state.size, sealed, ends), *checks]

    async def stored(self, client: Client) -> list[AuditCheck]:
        """Compare the log with the tables of a database whose worker has taken what is sealed.

        Raises the errors of ClickHouse, Kafka and of the schema registry.
        """
        if self._state is None:
            return []
        compared = LeafComparison(self._files, self._state.size, CLICKHOUSE)
        rows = StoredLeaves(client, self._codec, self._reader.salts)
        try:
            await asyncio.to_thread(rows.take, compared)
            if compared.unknown():
                await self._forget_unsealed(compared)
            return await asyncio.to_thread(compared.checks, rows.excused)
        except (LogError, FileNotFoundError, ValueError) as error:
            return [self._unreadable(error)]

    async def _forget_unsealed(self, compared: LeafComparison) -> None:
        """Leave out what is on the topics and not in the log yet."""
        topics = self._reader.topics
        async for record in records_after(self._settings, topics, self.compared):
            try:
                leaf = self._reader.leaf(record)
            except UnsealedError:
                continue
            if leaf is not None:
                compared.forget(leaf)

    def _unreadable(self, error: Exception) -> AuditCheck:
        return AuditCheck(PART, str(self._files.directory), "not compared", [str(error)])


def _how_far(
    size: int, sealed: Mapping[PartitionId, int], ends: Mapping[TopicPartition, int]
) -> AuditCheck:
    """Say how far the topics are sealed, and name those that end before that."""
    behind, wrong = 0, []
    for tp, end in sorted(ends.items()):
        offset = sealed.get((tp.topic, tp.partition), 0)
        behind += max(0, end - offset)
        if offset > end:
            wrong.append(f"{tp.topic}[{tp.partition}] ends at {end}, sealed was up to {offset}")
    seen = counted(size, "leaf", "leaves")
    if behind:
        seen += f", {counted(behind, 'record')} not sealed yet"
    return AuditCheck(PART, "topics", seen, wrong)
