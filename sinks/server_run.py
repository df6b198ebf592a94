"""Which run of the ClickHouse server an insert goes to: a part of its deduplication token.

A server that is not replicated notes a token before it commits the rows. Killed between the two,
it comes back with the token and without the rows, and would drop the repetition as done. So a
token counts for one run of the server and one writer; beyond that the natural key of the rows
makes a repetition harmless.
"""

from __future__ import annotations

from typing import Any, Final, Protocol
from uuid import uuid4

from clickhouse_connect.driver.query import QueryResult

_STARTED: Final = "SELECT toUnixTimestamp(now()) - uptime()"
_JITTER_S: Final = 1  # both are whole seconds


class QueryClient(Protocol):
    """What is needed of a client."""

    async def query(self, query: str, /, *, parameters: dict[str, Any]) -> QueryResult: ...


class ServerRun:
    """Asks when the server was started, the first time and whenever that is in doubt."""

    def __init__(self) -> None:
        self._writer = uuid4().hex[:8]
        self._started: int | None = None
        self._doubted = True

    async def mark(self, client: QueryClient) -> str:
        """What tells this writer and this run from others. Raises what the client raises."""
        if self._doubted or self._started is None:
            self._doubted = False  # a failure from here on is a new doubt
            try:
                answer = await client.query(_STARTED, parameters={})
            except BaseException:
                self._doubted = True
                raise
            started = int(answer.result_rows[0][0])
            if self._started is None or abs(started - self._started) > _JITTER_S:
                self._started = started
        return f"{self._writer}:{self._started}"

    def doubt(self) -> None:
        """Something failed: the server may have been started anew."""
        self._doubted = True
