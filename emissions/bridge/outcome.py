"""Decides what the reply of a webhook means, and when a delivery is tried again."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Reply(NamedTuple):
    """What came back: an HTTP status, the first bytes of the body, and Retry-After in seconds.

    ``whole`` False: the body was longer than what is read of one.
    """

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    whole: bool = True


class NoReply(NamedTuple):
    """Nothing came back; ``reason`` says why in a few words."""

    reason: str


class Outcome(Enum):
    """What a try came to."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # never to be taken, whenever it is sent
    FAILED = "failed"  # perhaps by what was sent: tried a number of times
    UNAVAILABLE = "unavailable"  # perhaps by the address, the key, the load: see Deliverer


_ABOUT_THE_ADDRESS: Final = frozenset((401, 403, 404, 405, 407, 410))
"""A wrong address or key refuses everything: it must not divert every case."""

_LATER: Final = frozenset((408, 425, 429, 502, 503, 504))


def outcome_of(reply: Reply | NoReply) -> Outcome:
    """Return what a reply means. Redirects are not followed: their address is not configured."""
    if isinstance(reply, NoReply):
        return Outcome.UNAVAILABLE
    status = reply.status
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in _ABOUT_THE_ADDRESS or status in _LATER or 300 <= status < 400:
        return Outcome.UNAVAILABLE
    return Outcome.REFUSED if 400 <= status < 500 else Outcome.FAILED


def reason_of(reply: Reply | NoReply) -> str:
    """Say in a few words what came back."""
    if isinstance(reply, NoReply):
        return reply.reason
    if 300 <= reply.status < 400:
        return f"HTTP {reply.status}, and redirects are not followed"
    return f"HTTP {reply.status}"


class Patience(NamedTuple):
    """How a delivery is tried again: pauses double from the shortest to the longest, seconds.

    ``tries`` that count lead to a dead letter. ``refused`` deliveries in a row that end so are
    enough: after them the fault is rather on this side, and none is given up any more until one is
    accepted.
    """

    tries: int = 12
    shortest_s: float = 1.0
    longest_s: float = 300.0
    longest_asked_s: float = 3600.0
    refused: int = 20

    def pause_s(self, tried: int, jitter: float, asked_s: float | None = None) -> float:
        """Return the pause after ``tried`` tries; ``jitter`` from 0 to 1 takes off up to half.

        ``asked_s`` is what the other side asks for; of it an hour at most is kept.
        """
        doubled: float = self.shortest_s * 2 ** min(tried - 1, 30)
        pause = min(self.longest_s, doubled) * (1 - jitter / 2)
        if asked_s is None:
            return pause
        return max(pause, min(asked_s, self.longest_asked_s))
