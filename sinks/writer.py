"""Brings a frozen batch into its tables, whatever happens on the way.

The order, for each table of the batch:

1. Insert the batch with its token. While ClickHouse is away: the same batch for ever, with
   exponential back-off and full jitter, and the same token as long as it is the same server
   (`sinks.server_run`).
2. If its data are refused: cut it in two and begin again with each half, until the messages
   that are refused by themselves are known.
3. Each of those becomes a row of ``dead_letters`` (``SINK_REJECTED``) with its original bytes,
   unless there are so many that the dead-letter limit is reached: then none of them, and
   ``LimitReachedError``.
4. If the installation is wrong (no such table, no such user): raise ``FatalError``; nothing that
   this program could do would help.

``write`` returns when every message of the batch is in a table: only then may it be acknowledged.
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
from sinks.dead_letter_limit import Decided, Limits
from sinks.failures import Failure, classify, describe
from sinks.insert import InsertClient, insert, row_count
from sinks.server_run import ServerRun
from sinks.tables import DEAD_LETTERS, Table
from streams.core.bury import dead_letter
from streams.core.dead_letter_limit import OFF, LimitPolicy, Reached, Resumed, never, senders_of
from streams.core.log import RawRecord

log = structlog.get_logger(__name__)

REJECTED: Final = "SINK_REJECTED"
SINK: Final = "sink"
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0


class FatalError(Exception):
    """A person must act; the text is a sentence that says on what."""


class LimitReachedError(Exception):
    """A person must decide before anything of the batch is diverted."""

    def __init__(self, batch: Batch, table: Table, reached: Reached) -> None:
        said = reached.sentence(batch.topic, batch.partition)
        super().__init__(f"ClickHouse refuses rows of table {table.name}: {said}")
        self.offset = reached.offset


class RevokedError(Exception):
    """The partition belongs to another worker now, which will write the batch itself."""


Result = TypeVar("Result")
Connect = Callable[[], Awaitable[InsertClient]]


def _never() -> bool:
    return False


def _nothing_decided(_topic: str, _partition: int) -> Resumed:
    return never


class Writer:
    """Writes batches through one client, made when first needed and shared by all partitions."""

    def __init__(
        self,
        connect: Connect,
        *,
        say_s: float = 30.0,
        limit: LimitPolicy = OFF,
        decided: Decided = _nothing_decided,
    ) -> None:
        self._connect = connect
        self._limits = Limits(limit, self._refused_before, decided)
        self._client: InsertClient | None = None
        self._run = ServerRun()
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

        ``revoked`` is asked before each new attempt. Raises ``FatalError``, ``RevokedError`` and
        ``LimitReachedError`` (then the batch may be written again, whole).
        """
        try:
            for table in tables:
                refused: list[Entry] = []
                await self._insert(batch, table, revoked, refused)
                for entry in refused:
                    await self._bury(batch, table, entry, revoked)
        except (RevokedError, LimitReachedError):
            self._limits.forget(batch)
            raise
        finally:
            self._failing_since.pop((batch.topic, batch.partition), None)

    async def _insert(
        self, batch: Batch, table: Table, revoked: Callable[[], bool], refused: list[Entry] | None
    ) -> None:
        """Insert what is taken; what is not is added to ``refused``, in the order of offsets.

        ``refused`` is None for our own dead letters: where one is refused nothing is left to try.
        """
        if not batch.entries:
            return
        rows = await self._patiently(lambda: self._send(batch, table), batch, table, revoked)
        if rows is not None:
            self.rows_written += rows
            self._limits.good(batch, table.name)
        elif len(batch.entries) > 1:
            for half in batch.halves():
                await self._insert(half, table, revoked, refused)
        elif refused is None:
            raise FatalError(
                f"message {batch.topic}[{batch.partition}]@{batch.entries[0].offset} "
                "cannot be written to the dead letters"
            )
        else:
            refused += batch.entries
            await self._count(batch, table, revoked)

    async def _count(self, batch: Batch, table: Table, revoked: Callable[[], bool]) -> None:
        """Tell the limit of the one message of the batch; LimitReachedError where that was it."""
        limit = self._limits.of(batch, table.name)
        if limit is None:
            limit = await self._patiently(
                lambda: self._limits.begin(batch, table.name, REJECTED), batch, table, revoked
            )
        if limit is None:
            raise FatalError("ClickHouse does not tell which messages it refused before")
        (entry,) = batch.entries
        limit.dead(REJECTED, entry.offset, senders_of(entry.key, None))
        if limit.reached is not None:
            raise LimitReachedError(batch, table, limit.reached)

    async def _patiently(
        self,
        ask: Callable[[], Awaitable[Result]],
        batch: Batch,
        table: Table,
        revoked: Callable[[], bool],
    ) -> Result | None:
        """What ClickHouse answers, asked until it does; None where it refuses the data."""
        attempt = 0
        while True:
            try:
                answer = await ask()
            except Exception as error:  # the table of failures says what it means
                failure = classify(error)
                if failure is Failure.FATAL:
                    raise FatalError(_sentence(error, table)) from error
                if failure is Failure.DATA:
                    return None
                await self._wait(attempt, error, batch, table)
                attempt += 1
                if revoked():
                    raise RevokedError from error
            else:
                self._recovered(batch, table)
                return answer

    async def _send(self, batch: Batch, table: Table) -> int:
        made = table.build(batch)
        rows = row_count(made)
        if made is None or rows == 0:
            return 0
        client = await self._connected()
        token = f"{batch.token(table.name)}:{await self._run.mark(client)}"
        await insert(client, table, made, token)
        return rows

    async def _connected(self) -> InsertClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _bury(
        self, batch: Batch, table: Table, entry: Entry, revoked: Callable[[], bool]
    ) -> None:
        self.messages_rejected += 1
        log.error(
            "message refused by ClickHouse, kept in dead_letters",
            topic=batch.topic,
            partition=batch.partition,
            offset=entry.offset,
            table=table.name,
        )
        letter = entry._replace(record=_letter(batch, entry, table), rows=1)
        range_ = (batch.topic, batch.partition, entry.offset, entry.offset)
        await self._insert(Batch(*range_, (letter,)), DEAD_LETTERS, revoked, None)

    async def _refused_before(self, batch: Batch, first: int, last: int) -> dict[int, bytes | None]:
        """Offsets of the batch's partition that were refused before, of first to last, by key."""
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

    async def _wait(self, attempt: int, error: Exception, batch: Batch, table: Table) -> None:
        """Sleep a random part of the back-off; say once a period why."""
        self._run.doubt()
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
