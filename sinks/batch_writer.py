"""Write a frozen batch to its tables, and survive whatever ClickHouse does meanwhile.

For each table of the batch:

1. Insert the batch with its deduplication token. While ClickHouse is unavailable, retry the same
   batch without end, with exponential back-off and full jitter, under the same token as long as
   the server is the same incarnation (`sinks.server_incarnation`).
2. If the data are rejected, split the batch and insert each half, until the messages that are
   rejected by themselves are known.
3. Write each of those to ``dead_letters`` (``SINK_REJECTED``) with its original bytes. If the
   dead-letter limit is reached, write none of them and raise ``LimitReachedError``.
4. If the installation is wrong (missing table, unknown user), raise ``FatalError``: a retry cannot
   help.

When ``write`` returns, every message of the batch is in a table and may be acknowledged. One file,
although a long one: what follows each failure is one decision.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import structlog

from schemas.records import record_of
from sinks.batch import Batch, Entry
from sinks.dead_letter_limit import DeadLetterLimits, Decided
from sinks.failures import Failure, classify, describe
from sinks.insert import InsertClient, insert, row_count
from sinks.metrics import SinkMetrics
from sinks.server_incarnation import ServerIncarnation
from sinks.tables import DEAD_LETTERS, Table
from streams.core.engine.dead_letter import dead_letter
from streams.core.engine.dead_letter_limit import (
    OFF,
    LimitPolicy,
    Reached,
    Resumed,
    never,
    senders_of,
)
from streams.core.records.record import RawRecord
from streams.errors import OperatorError
from streams.kafka.partitions import PartitionRevoked
from streams.metrics.metric_set import MetricSet

log = structlog.get_logger(__name__)

REJECTED: Final = "SINK_REJECTED"
SINK: Final = "sink"
_MIN_BACKOFF_S: Final = 0.2
_MAX_BACKOFF_S: Final = 30.0


class FatalError(OperatorError):
    """The installation is wrong; the text is a sentence that says what to do."""


class LimitReachedError(Exception):
    """The dead-letter limit is reached: a person must decide before the batch is diverted."""

    def __init__(self, batch: Batch, table: Table, reached: Reached) -> None:
        said = reached.sentence(batch.topic, batch.partition)
        super().__init__(f"ClickHouse refuses rows of table {table.name}: {said}")
        self.offset = reached.offset


Returned = TypeVar("Returned")
Connect = Callable[[], Awaitable[InsertClient]]


def _never() -> bool:
    return False


def _nothing_decided(_topic: str, _partition: int) -> Resumed:
    return never


class BatchWriter:
    """Write batches through one client, created on first use and shared by all partitions."""

    def __init__(
        self,
        connect: Connect,
        *,
        log_interval_s: float = 30.0,
        limit: LimitPolicy = OFF,
        decided: Decided = _nothing_decided,
        metrics: SinkMetrics | None = None,
        replicated: bool = False,
    ) -> None:
        self._connect = connect
        self.metrics = metrics or SinkMetrics(MetricSet("sinks"))
        self._limits = DeadLetterLimits(limit, self._rejected_before, decided)
        self._client: InsertClient | None = None
        self._incarnation = ServerIncarnation(replicated=replicated)
        self._connecting = asyncio.Lock()
        self._log_interval_s = log_interval_s
        self._logged_at = -log_interval_s
        self._failing_since: dict[tuple[str, int], float] = {}
        self.rows_written = 0
        self.messages_rejected = 0

    @property
    def failing(self) -> dict[tuple[str, int], float]:
        """Partitions whose batch cannot be written, with the seconds since its first failure."""
        now = time.monotonic()
        return {place: now - since for place, since in self._failing_since.items()}

    async def write(
        self, batch: Batch, tables: Sequence[Table], revoked: Callable[[], bool] = _never
    ) -> None:
        """Insert the batch into its tables, in their order.

        ``revoked`` is asked before each new attempt. Raises ``FatalError``, ``PartitionRevoked``
        and ``LimitReachedError`` (then the batch may be written again, whole).
        """
        try:
            for table in tables:
                rejected: list[Entry] = []
                await self._insert(batch, table, revoked, rejected)
                for entry in rejected:
                    await self._write_dead_letter(batch, table, entry, revoked)
        except (PartitionRevoked, LimitReachedError):
            self._limits.reset(batch)
            raise
        finally:
            self._failing_since.pop((batch.topic, batch.partition), None)

    async def _insert(
        self, batch: Batch, table: Table, revoked: Callable[[], bool], rejected: list[Entry] | None
    ) -> None:
        """Insert the batch; append the entries that ClickHouse rejects to ``rejected``.

        They are in offset order. ``rejected`` is None for dead letters of our own: if one of those
        is rejected, nothing is left to try.
        """
        if not batch.entries:
            return
        rows = await self._with_retries(lambda: self._send(batch, table), batch, table, revoked)
        if rows is not None:
            self.rows_written += rows
            if rows:
                self.metrics.inserted(table, batch, rows)
            self._limits.batch_written(batch, table.name)
        elif len(batch.entries) > 1:
            for half in batch.split():
                await self._insert(half, table, revoked, rejected)
        elif rejected is None:
            raise FatalError(
                f"message {batch.topic}[{batch.partition}]@{batch.entries[0].offset} "
                "cannot be written to the dead letters"
            )
        else:
            rejected += batch.entries
            await self._count_rejection(batch, table, revoked)

    async def _count_rejection(
        self, batch: Batch, table: Table, revoked: Callable[[], bool]
    ) -> None:
        """Count the single message of the batch as dead. Raises LimitReachedError at the limit."""
        limit = self._limits.get(batch, table.name)
        if limit is None:
            limit = await self._with_retries(
                lambda: self._limits.start(batch, table.name, REJECTED), batch, table, revoked
            )
        if limit is None:
            raise FatalError("ClickHouse does not tell which messages it refused before")
        (entry,) = batch.entries
        limit.record_dead_letter(REJECTED, entry.offset, senders_of(entry.key, None))
        if limit.reached is not None:
            raise LimitReachedError(batch, table, limit.reached)

    async def _with_retries(
        self,
        ask: Callable[[], Awaitable[Returned]],
        batch: Batch,
        table: Table,
        revoked: Callable[[], bool],
    ) -> Returned | None:
        """Return the server's answer, retrying until there is one; None if it rejects the data."""
        attempt = 0
        while True:
            try:
                answer = await ask()
            except Exception as error:  # the table of failures says what it means
                failure = classify(error)
                if failure is Failure.FATAL:
                    raise FatalError(_fatal_sentence(error, table)) from error
                if failure is Failure.DATA:
                    return None
                await self._back_off(attempt, error, batch, table)
                attempt += 1
                if revoked():
                    raise PartitionRevoked from error
            else:
                self._on_success(batch, table)
                return answer

    async def _send(self, batch: Batch, table: Table) -> int:
        made = table.build(batch)
        rows = row_count(made)
        if made is None or rows == 0:
            return 0
        client = await self._connected()
        token = f"{batch.token(table.name)}:{await self._incarnation.identify(client)}"
        with self.metrics.stage("insert"):
            await insert(client, table, made, token)
        return rows

    async def _connected(self) -> InsertClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _write_dead_letter(
        self, batch: Batch, table: Table, entry: Entry, revoked: Callable[[], bool]
    ) -> None:
        self.messages_rejected += 1
        self.metrics.rejected(table)
        log.error(
            "message_rejected",
            topic=batch.topic,
            partition=batch.partition,
            offset=entry.offset,
            table=table.name,
        )
        letter = entry._replace(record=_dead_letter_record(batch, entry, table), rows=1)
        range_ = (batch.topic, batch.partition, entry.offset, entry.offset)
        await self._insert(Batch(*range_, (letter,)), DEAD_LETTERS, revoked, None)

    async def _rejected_before(
        self, batch: Batch, first: int, last: int
    ) -> dict[int, bytes | None]:
        """Return the offsets from ``first`` to ``last`` that were rejected, with their keys."""
        client = await self._connected()
        parameters = {"topic": batch.topic, "partition": batch.partition, "stage": SINK}
        answer = await client.query(
            "SELECT offset, any(hex(key)) FROM dead_letters WHERE topic = {topic:String} "
            "AND partition = {partition:Int32} AND offset BETWEEN {first:Int64} AND {last:Int64} "
            "AND stage = {stage:String} GROUP BY offset",
            parameters={**parameters, "first": first, "last": last},
        )
        return {
            offset: None if key is None else bytes.fromhex(key)
            for offset, key in answer.result_rows
        }

    async def _back_off(self, attempt: int, error: Exception, batch: Batch, table: Table) -> None:
        """Sleep a random part of the back-off, and log the reason once per interval."""
        self._incarnation.invalidate()
        self.metrics.retried(table)
        now = time.monotonic()
        since = self._failing_since.setdefault((batch.topic, batch.partition), now)
        if now - self._logged_at >= self._log_interval_s:
            self._logged_at = now
            log.warning(
                "insert_retrying",
                error=describe(error),
                table=table.name,
                topic=batch.topic,
                partition=batch.partition,
                first_offset=batch.first,
                last_offset=batch.last,
                failing_s=round(now - since, 1),
            )
        longest = min(_MAX_BACKOFF_S, _MIN_BACKOFF_S * 2.0 ** min(attempt, 16))
        await asyncio.sleep(random.uniform(0, longest))

    def _on_success(self, batch: Batch, table: Table) -> None:
        since = self._failing_since.pop((batch.topic, batch.partition), None)
        if since is not None and not self._failing_since:
            self._logged_at = -self._log_interval_s
            lasted = round(time.monotonic() - since, 1)
            log.info("insert_recovered", table=table.name, failed_s=lasted)

    async def close(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        close = getattr(client, "close", None)
        if close is not None:
            await close()


def _dead_letter_record(batch: Batch, entry: Entry, table: Table) -> dict[str, Any]:
    """Build the record of a dead letter; its text contains no value of the message."""
    return record_of(
        dead_letter(
            RawRecord(entry.offset, entry.timestamp, entry.key, entry.value, entry.headers),
            topic=batch.topic,
            partition=batch.partition,
            stage=SINK,
            reason=REJECTED,
            detail=f"ClickHouse refused the message's rows for table {table.name}",
            source_id=None,
        )
    )


def _fatal_sentence(error: Exception, table: Table) -> str:
    what = describe(error)
    if what in ("UNKNOWN_TABLE", "UNKNOWN_DATABASE", "NO_SUCH_COLUMN_IN_TABLE"):
        return f"table {table.name} is not as this program needs it ({what}): run emissions migrate"
    return f"ClickHouse refuses inserts into {table.name} ({what}): check its user and settings"
