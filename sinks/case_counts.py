"""Reads from ClickHouse how many cases there are, and how many are within their terms.

Cases live for years, the workers for days: only ClickHouse has the count of all. It is read once a
minute; while ClickHouse is away the last counts stay, and their age tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, Protocol

import structlog
from clickhouse_connect.driver.query import QueryResult

from sinks.failures import describe
from streams.metrics import cases
from streams.metrics.metric_set import MetricSet

log = structlog.get_logger(__name__)

PERIOD_S: Final = 60.0
TERMS: Final = ("within", "over")

COUNTS: Final = """
WITH
    arrayFilter(
        day -> isNotNull(day),
        arrayMap(
            term -> toDate32OrNull(ifNull(due[term], '')),
            ['prescription_by', 'protocol_by', 'letter_by']
        )
    ) AS days,
    state IN ('OPEN', 'REVIEW') AND delivered_at IS NULL AND notEmpty(days) AS waits
SELECT
    toString(track) AS of_track,
    toString(state) AS in_state,
    multiIf(NOT waits, '', arrayMin(days) < toDate32(now('Asia/Almaty')), 'over', 'within') AS term,
    count() AS number
FROM cases_current
GROUP BY of_track, in_state, term
"""
"""Cases by track, state and, of those that wait for a paper, whether its term is over. Days are
those of Asia/Almaty, as in the view ``case_work_list``."""


class CaseRow(NamedTuple):
    """One row of `COUNTS`; ``term`` is empty where no paper is due."""

    track: str
    state: str
    term: str
    number: int


class QueryClient(Protocol):
    """The methods that are called on a client."""

    async def query(self, query: str, /) -> QueryResult:
        """Run a query and return its rows."""

    async def close(self) -> Any:
        """Close the client."""


class CaseCounts:
    """Keep the counts of cases; ``clock`` is Unix time."""

    def __init__(
        self,
        metrics: MetricSet,
        connect: Callable[[], Awaitable[QueryClient]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._client: QueryClient | None = None
        self._failing = False
        self._cases = metrics.gauge(cases.CASES)
        self._due = metrics.gauge(cases.CASES_DUE)
        self._read_at = metrics.gauge(cases.CASES_TIME)

    async def run(self) -> None:
        """Read the counts periodically, until cancelled."""
        try:
            while True:
                await self.read()
                await asyncio.sleep(PERIOD_S)
        finally:
            await self._close()

    async def read(self) -> None:
        """Read the counts once; keep the last ones where ClickHouse does not tell."""
        try:
            if self._client is None:
                self._client = await self._connect()
            answer = await self._client.query(COUNTS)
        except Exception as error:  # whatever the driver raises, it is no answer
            if not self._failing:  # once: while it lasts the age of the counts tells
                log.warning("cases_not_counted", error=describe(error))
            self._failing = True
            await self._close()
            return
        self._failing = False
        self._show([CaseRow(*row) for row in answer.result_rows])

    def _show(self, rows: list[CaseRow]) -> None:
        states: Counter[tuple[str, str]] = Counter()
        due: Counter[tuple[str, str]] = Counter()
        for row in rows:
            states[row.track, row.state] += row.number
            for term in TERMS:
                due[row.track, term] += row.number if row.term == term else 0
        for gauge, counts in ((self._cases, states), (self._due, due)):
            gauge.clear()
            for labels, number in counts.items():
                gauge.labels(*labels).set(number)
        self._read_at.set(self._clock())

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.close()
