"""What belongs to which tier, and the guard that keeps processes and sockets out of the first.

Without a mark a test is one of ``make check``: it starts no process, opens no connection, and is
failed when it tries. ``process`` is what needs more than this process (whoever asks for a server
has it by itself), ``slow`` what calculates for long; ``make test`` runs both. ``long`` is what
only ``make test-long`` runs, together with many times as many examples of what is ``generated``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from hypothesis import is_hypothesis_test

SERVERS: Final = frozenset(
    (
        *("broker", "any_broker", "own_broker", "kafka", "kafka_cluster"),
        *("secured_kafka", "example_run"),
        *("clickhouse", "clickhouse_server", "own_server"),
    )
)
"""Fixtures that need a process."""

_KEPT_OUT: Final = frozenset(
    (
        *("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec"),
        *("os.system", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
        *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    )
)
"""Audit events of Python that tell of a process or of the network."""


class OutsideError(Exception):
    """A test of the first tier reached out of its process."""


class Guard:
    """Refuses, where it is on, what reaches out of this process, and remembers that it did."""

    def __init__(self) -> None:
        self._on = False
        self.refused: list[str] = []
        sys.addaudithook(self._hear)

    @contextmanager
    def on(self) -> Iterator[list[str]]:
        """Refuse from here to the end of the block; gives what was refused, also if caught."""
        before, self.refused = (self._on, self.refused), []
        self._on = True
        try:
            yield self.refused
        finally:
            self._on, self.refused = before

    @contextmanager
    def off(self) -> Iterator[None]:
        """Refuse nothing from here to the end of the block."""
        before, self._on = self._on, False
        try:
            yield
        finally:
            self._on = before

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if self._on and event in _KEPT_OUT:
            self.refused.append(f"{event} {args[-1] if args else ''}".strip())
            raise OutsideError(
                f"{event} in a test without a process; mark it with pytest.mark.process"
            )


GUARD: Final = Guard()


def mark(item: pytest.Item) -> None:
    """Mark a test that asks for a server with ``process``, one of examples with ``generated``."""
    if SERVERS.intersection(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.process)
    if is_hypothesis_test(getattr(item, "obj", None)):
        item.add_marker(pytest.mark.generated)


def is_first(item: pytest.Item) -> bool:
    """Whether a test is one of ``make check``."""
    return not any(item.get_closest_marker(name) for name in ("process", "long"))


kafka_now_embedded_later = pytest.mark.parametrize(
    "any_broker", ["kafka", pytest.param("tansu", marks=pytest.mark.long)], indirect=True
)
"""A long scenario: on Apache Kafka in ``make test``, on the embedded broker in the long tier."""
