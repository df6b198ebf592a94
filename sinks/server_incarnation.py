"""Identify the incarnation of the ClickHouse server, a part of every deduplication token.

A server without replication stores a token before it commits the rows. If it is killed in between,
it restarts with the token and without the rows, and would drop the retry as a duplicate. So a token
is valid for one incarnation of the server and one writer; beyond that, the natural key of the rows
makes a retry harmless.

Replicated tables keep tokens in ClickHouse Keeper, written together with the part that they name.
There a token is valid on every replica, whichever of them is asked after the failure of another, so
no server's start belongs to it.
"""

from __future__ import annotations

from typing import Any, Final, Protocol
from uuid import uuid4

from clickhouse_connect.driver.query import QueryResult

_STARTED: Final = "SELECT toUnixTimestamp(now()) - uptime()"
_JITTER_S: Final = 1  # both are whole seconds


class QueryClient(Protocol):
    """The method that is called on a client."""

    async def query(self, query: str, /, *, parameters: dict[str, Any]) -> QueryResult:
        """Run a query and return its rows."""


class ServerIncarnation:
    """Query when the server was started, on first use and whenever that is in doubt.

    ``replicated``: the tables are, so nothing is queried.
    """

    def __init__(self, *, replicated: bool = False) -> None:
        self._replicated = replicated
        self._writer = uuid4().hex[:8]
        self._started: int | None = None
        self._stale = True

    async def identify(self, client: QueryClient) -> str:
        """Return an id of this writer and this incarnation. Raises what the client raises."""
        if self._replicated:
            return self._writer
        if self._stale or self._started is None:
            self._stale = False  # a failure from here on is a new doubt
            try:
                answer = await client.query(_STARTED, parameters={})
            except BaseException:
                self._stale = True
                raise
            started = int(answer.result_rows[0][0])
            if self._started is None or abs(started - self._started) > _JITTER_S:
                self._started = started
        return f"{self._writer}:{self._started}"

    def invalidate(self) -> None:
        """Query the start time again before the next use: the server may have been restarted."""
        self._stale = True
