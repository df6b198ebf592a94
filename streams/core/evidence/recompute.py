"""Recomputes the evidence of a finding from the messages themselves.

It does not depend on the state that the first computation kept: it needs the messages of a
partition, which of them were dead-lettered, and the clock of the source.
"""

from __future__ import annotations

from hashlib import sha256

from schemas.reading import Reading
from streams.core.records.findings import Proof
from streams.core.time.interval import FOREVER, HOUR, SLOT
from streams.core.time.local_clock import LocalClock

NO_MESSAGES = sha256(b"").hexdigest()
"""What the evidence of a silence says: no message is in it."""


class EvidenceRecomputer:
    """Chains the readings of one source inside ``[start, end)`` (ms); ``end`` None is open.

    ``claimed`` is the evidence to check. A message outside its range of offsets came after the
    finding and is not part of it; neither is one of an hour that ends after ``closed`` (ms): a year
    rests on the hours that had closed when it was judged.
    """

    def __init__(self, claimed: Proof, start: int, end: int | None, closed: int = FOREVER) -> None:
        self.claimed = claimed
        self.start = start
        self.end = FOREVER if end is None else end
        self._closed = closed
        self._chains: dict[int, bytes] = {}
        self._accepted: set[tuple[int, int]] = set()
        self._first = self._last = -1

    def add(self, offset: int, reading: Reading, clock: LocalClock, raw: bytes) -> None:
        """Add a message of the source that was not dead-lettered, in the order of offsets.

        Of several in one interval index the first is the accepted one; the others repeat it.
        """
        if not self.start <= reading.measured_at < self.end:
            return
        if self._closed < FOREVER and reading.measured_at >= clock.start(self._closed, HOUR):
            return
        if not self.claimed.first_offset <= offset <= self.claimed.last_offset:
            return
        index = (reading.period_s, reading.measured_at // (reading.period_s * 1000))
        if index in self._accepted:
            return
        self._accepted.add(index)
        slot = clock.start(reading.measured_at, SLOT)
        self._chains[slot] = sha256(self._chains.get(slot, b"") + raw).digest()
        self._first = offset if self._first < 0 else self._first
        self._last = offset

    def proof(self) -> Proof:
        """Return the evidence of these messages; a silence keeps the range that is claimed."""
        claimed = self.claimed
        if not self._accepted:
            return Proof(
                claimed.topic,
                claimed.partition,
                claimed.first_offset,
                claimed.last_offset,
                0,
                NO_MESSAGES,
            )
        chain = b""
        for _, link in sorted(self._chains.items()):
            chain = sha256(chain + link).digest()
        return Proof(
            claimed.topic,
            claimed.partition,
            self._first,
            self._last,
            len(self._accepted),
            chain.hex(),
        )

    def difference(self) -> str | None:
        """Say what does not match the claim; None: the evidence is confirmed."""
        found, claimed = self.proof(), self.claimed
        if found.readings != claimed.readings:
            return f"rests on {claimed.readings} messages, the topic has {found.readings} of them"
        for found_at, claimed_at in (
            (found.first_offset, claimed.first_offset),
            (found.last_offset, claimed.last_offset),
        ):
            if found_at != claimed_at:
                return f"names offset {claimed_at}, its messages end at {found_at}"
        if found.sha256 != claimed.sha256:
            return f"sha256 {claimed.sha256[:16]}… is not that of its messages"
        return None
