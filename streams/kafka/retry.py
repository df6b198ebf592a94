"""Back-off between attempts, and what is logged and reported meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError

from streams.log_events import Operation

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


class Backoff:
    """Wait between the attempts of one operation, twice as long each time, up to ``longest_s``.

    ``problem`` says in a sentence what fails. Logs a failing operation once per
    ``log_interval_s`` seconds, and once more when it works again. ``reason`` is the problem with
    its last error, None while the operation works.
    """

    def __init__(
        self,
        operation: Operation,
        problem: str,
        log_interval_s: float,
        *,
        shortest_s: float = 0.1,
        longest_s: float = 5.0,
    ) -> None:
        self._operation = operation
        self._problem = problem
        self._log_interval_s = log_interval_s
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._pause_s = shortest_s
        self._logged_at: float | None = None
        self.reason: str | None = None

    def report(self, error: object) -> None:
        """Record why the operation fails; log it once per interval."""
        why = str(error) or type(error).__name__
        self.reason = f"{self._problem}: {why}"
        now = time.monotonic()
        if self._logged_at is None or now - self._logged_at >= self._log_interval_s:
            self._logged_at = now
            log.warning("retrying", operation=self._operation, problem=self._problem, error=why)

    async def wait(self, error: object) -> None:
        """Report why the operation failed, then sleep until the next attempt."""
        self.report(error)
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, self._longest_s)

    def recovered(self) -> None:
        """Reset after a success; log it if the failure was logged."""
        if self._logged_at is not None:
            log.info("recovered", operation=self._operation, problem=self._problem)
            self._logged_at = None
        self.reason = None
        self._pause_s = self._shortest_s


async def retry_on_node_loss(question: Callable[[], Awaitable[Answer]], times: int = 10) -> Answer:
    """Ask the cluster again where the node that was asked is away; return its answer.

    aiokafka's admin client picks a node at random, also one that is known to be gone. Raises
    ``KafkaError`` when every attempt met such a node.
    """
    for left in reversed(range(times)):
        try:
            return await question()
        except (NodeNotReadyError, KafkaConnectionError):
            if not left:
                raise
    raise AssertionError("unreachable")
