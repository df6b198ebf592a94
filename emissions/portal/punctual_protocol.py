"""Ends connections on which a request does not come in, or whose client takes no answer.

uvicorn has a limit for the time between two requests alone (``timeout_keep_alive``): whoever sends
half a head, or nothing, keeps a connection for as long as they like. Not limited here: how many
connections an address opens, and whoever sends or takes just fast enough. A server in front does
that.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""Seconds from the connection, or the answer before, to the end of a request's head."""
BODY_S: Final = 120.0
"""Seconds from there to the end of its body, of 16 MiB at most."""
TAKEN_S: Final = 60.0
"""Seconds for which a client may take nothing of an answer that waits for it."""

Phase = Literal["head", "body", "answer"]
_SECONDS: Final[dict[Phase, float]] = {"head": HEAD_S, "body": BODY_S}


class PunctualProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn with a deadline for each part of a request."""

    _phase: Phase | None = None
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the head of the first request."""
        super().connection_made(transport)
        self._follow()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for what is still to come."""
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._cancel()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(TAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Send on: the client has taken it."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _follow(self) -> None:
        phase: Phase = "answer"
        if self.cycle is None or self.cycle.response_complete:
            phase = "head"
        elif self.cycle.more_body:
            phase = "body"
        if phase == self._phase:
            return
        self._cancel()
        if self.transport.is_closing():
            return
        self._phase = phase
        if phase in _SECONDS:
            self._deadline = self.loop.call_later(_SECONDS[phase], self.transport.close)

    def _cancel(self) -> None:
        self._phase = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
