"""Fails requests on a lost connection with the error that aiokafka expects.

A uvloop transport raises RuntimeError when it is written to after the peer has reset it (asyncio's
only warns), and aiokafka sees the reset some turns of the loop later than the transport does. A
request in between takes that error past everything that handles a lost connection. Worst is the
task that refreshes the metadata: it ends silently, and everything that waits for metadata, such as
the lookup of the group coordinator, waits without end. The consumer then fetches on and never
commits again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaConnectionError


def fail_on_lost_connections() -> None:
    """Patch this process's clients; calling it again changes nothing."""
    conn.AIOKafkaConnection = _Connection


class _Connection(conn.AIOKafkaConnection):  # type: ignore[misc]
    """Check that the connection is open before writing to it."""

    def send(self, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        """Send a request; raise KafkaConnectionError when the connection is lost."""
        self._check_open()
        sent: Awaitable[Any] = super().send(request, expect_response)
        return sent

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Awaitable[Any]:
        self._check_open()
        sent: Awaitable[Any] = super()._send_sasl_token(payload, expect_response)
        return sent

    def _check_open(self) -> None:
        writer: asyncio.StreamWriter | None = self._writer
        if writer is not None and writer.is_closing():
            self.close(reason=conn.CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} is lost")
