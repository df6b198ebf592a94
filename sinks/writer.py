"""Brings a frozen batch into its tables, whatever happens on the way.

The order, for each table of the batch:

1. Insert the batch with its token. While ClickHouse is away: the same batch, the same token, for
   ever, with exponential back-off and full jitter.
2. If its data are refused: cut it in two and begin again with each half; a single message that
   is refused becomes a row of ``dead_letters`` (``SINK_REJECTED``) with its original bytes.
3. If the installation is wrong (no such table, no such user): raise ``FatalError``; nothing that
   this program could do would help.

``write`` returns when every message of the batch is in a table: only then may it be acknowledged.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import structlog

from schemas.records import record_of
from sinks.batch import Batch, Entry
from sinks.clickhouse import INSERT_SETTINGS
from sinks.failures import Failure, classify, describe
from sinks.tables import DEAD_LETTERS, Table
from streams.core.bury import dead_letter
from streams.core.log import RawRecord

log = structlog.get_logger(__name__)

REJECTED: Final = "SINK_REJECTED"
SINK: Final = "sink"
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0


class FatalError(Exception):
    """A person must act; the text is a sentence that says on what."""


class RevokedError(Exception):
    """The partition belongs to another worker now, which will write the batch itself."""


class InsertClient(Protocol):
    """What the writer needs of a client."""

    async def insert(
        self,
        table: str,
        data: Sequence[Sequence[Any]],
        /,
        *,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        column_oriented: bool,
        settings: dict[str, Any],
    ) -> object: ...


Connect = Callable[[], Awaitable[InsertClient]]


def _never() -> bool:
    return False


class Writer:
    """Writes batches through one client, made when first needed and shared by all partitions."""

    def __init__(self, connect: Connect, *, say_s: float = 30.0) -> None:
        self._connect = connect
        self._client: InsertClient | None = None
        self._connecting = asyncio.Lock()
        self._say_s = say_s
        self._said_at = -say_s
        self._failing_since: dict[tuple[str, int], float] = {}
        self.rows_written = 0
        self.messages_rejected = 0

    @property
    def failing(self) -> dict[tuple[str, int], float]:
        """Partitions whose batch is not taken, with the seconds since its first failure."""
        now = time.monotonic()
        return {place: now - since for place, since in self._failing_since.items()}

    async def write(
        self, batch: Batch, tables: Sequence[Table], revoked: Callable[[], bool] = _never
    ) -> None:
        """Insert the batch into its tables, in their order.

        ``revoked`` is asked before each new attempt. Raises ``FatalError`` and ``RevokedError``.
        """
        try:
            for table in tables:
                await self._insert(batch, table, revoked)
        finally:
            self._failing_since.pop((batch.topic, batch.partition), None)

    async def _insert(self, batch: Batch, table: Table, revoked: Callable[[], bool]) -> None:
        if not batch.entries:
            return
        attempt = 0
        while True:
            try:
                rows = await self._send(batch, table)
            except Exception as error:  # the table of failures says what it means
                failure = classify(error)
                if failure is Failure.FATAL:
                    raise FatalError(_sentence(error, table)) from error
                if failure is Failure.DATA:
                    break
                await self._wait(attempt, error, batch, table)
                attempt += 1
                if revoked():
                    raise RevokedError from error
            else:
                self._recovered(batch, table)
                self.rows_written += rows
                return
        await self._cut(batch, table, revoked)

    async def _send(self, batch: Batch, table: Table) -> int:
        columns = table.build(batch)
        rows = len(columns[0]) if columns else 0
        if rows == 0:
            return 0
        client = await self._connected()
        await client.insert(
            table.name,
            columns,
            column_names=list(table.columns),
            column_type_names=list(table.columns.values()),
            column_oriented=True,
            settings={**INSERT_SETTINGS, "insert_deduplication_token": batch.token(table.name)},
        )
        return rows

    async def _connected(self) -> InsertClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _cut(self, batch: Batch, table: Table, revoked: Callable[[], bool]) -> None:
        if len(batch.entries) > 1:
            for half in batch.halves():
                await self._insert(half, table, revoked)
            return
        if table is DEAD_LETTERS:  # not even as bytes: nothing is left to try
            raise FatalError(
                f"message {batch.topic}[{batch.partition}]@{batch.entries[0].offset} "
                "cannot be written to the dead letters"
            )
        self.messages_rejected += 1
        entry = batch.entries[0]
        log.error(
            "message refused by ClickHouse, kept in dead_letters",
            topic=batch.topic,
            partition=batch.partition,
            offset=entry.offset,
            table=table.name,
        )
        letter = entry._replace(record=_letter(batch, entry, table), rows=1)
        range_ = (batch.topic, batch.partition, entry.offset, entry.offset)
        await self._insert(Batch(*range_, (letter,)), DEAD_LETTERS, revoked)

    async def _wait(self, attempt: int, error: Exception, batch: Batch, table: Table) -> None:
        """Sleep a random part of the back-off; say once a period why."""
        now = time.monotonic()
        since = self._failing_since.setdefault((batch.topic, batch.partition), now)
        if now - self._said_at >= self._say_s:
            self._said_at = now
            log.warning(
                "ClickHouse does not take the batch, will try again",
                reason=describe(error),
                table=table.name,
                topic=batch.topic,
                partition=batch.partition,
                first_offset=batch.first,
                last_offset=batch.last,
                failing_s=round(now - since, 1),
            )
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 16))
        await asyncio.sleep(random.uniform(0, longest))

    def _recovered(self, batch: Batch, table: Table) -> None:
        since = self._failing_since.pop((batch.topic, batch.partition), None)
        if since is not None and not self._failing_since:
            self._said_at = -self._say_s
            lasted = round(time.monotonic() - since, 1)
            log.info("ClickHouse takes batches again", table=table.name, failed_s=lasted)

    async def close(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        close = getattr(client, "close", None)
        if close is not None:
            await close()


def _letter(batch: Batch, entry: Entry, table: Table) -> dict[str, Any]:
    """The record of a dead letter. No value of the message stands in its text."""
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


def _sentence(error: Exception, table: Table) -> str:
    what = describe(error)
    if what in ("UNKNOWN_TABLE", "UNKNOWN_DATABASE", "NO_SUCH_COLUMN_IN_TABLE"):
        return f"table {table.name} is not as this program needs it ({what}): run emissions migrate"
    return f"ClickHouse refuses inserts into {table.name} ({what}): check its user and settings"
