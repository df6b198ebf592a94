"""The fuse of a partition: it blows when so much is refused that the fault must be ours.

A bad deploy refuses a nation: an unknown schema, a registry that was not loaded, a clock. To
divert that into the dead letters looks like work; the fuse stops the worker instead, while
everything is still in the topic.

Messages are good (used, or a duplicate), dead, or passed over: ticks, and letters that say
nothing about a deploy. The fuse is a function of the log: where batches are cut, and how often
the worker starts again, does not change where it blows.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, NamedTuple

import msgspec

from streams.core.quality import CONFLICTING_DUPLICATE, TEST_STREAM, TOO_LATE

PASSED_OVER: Final = frozenset({TEST_STREAM, TOO_LATE, CONFLICTING_DUPLICATE})
"""Letters that are neither good nor dead to the fuse, and why:

TEST_STREAM: the registry says so. TOO_LATE: a backfill of old files, which is lawful.
CONFLICTING_DUPLICATE: its interval is used already; nothing is missing by it.
"""


class FusePolicy(NamedTuple):
    """When a fuse blows: ``share`` dead of the last ``records`` messages, or ``run`` in a row.

    A share or a run of 0 is off.
    """

    share: float = 0.5
    records: int = 2000
    run: int = 1000


OFF: Final = FusePolicy(share=0.0, run=0)


class Blown(NamedTuple):
    """A fuse that has blown: ``dead`` of the last ``messages``, ``most`` of them by ``reason``.

    ``in_a_row`` tells which of its two limits it was; ``first_offset`` is where it began.
    """

    in_a_row: bool
    dead: int
    messages: int
    reason: str
    most: int
    first_offset: int

    def sentence(self, topic: str, partition: int) -> str:
        """What happened and what to do, for the person who is called."""
        setting = "EMISSIONS_FUSE_RUN" if self.in_a_row else "EMISSIONS_FUSE_SHARE"
        much = (
            f"{self.dead} messages in a row"
            if self.in_a_row
            else f"{self.dead} of the last {self.messages} messages"
        )
        return (
            f"the fuse of {topic}/{partition} has blown: {much} cannot be used, most of them "
            f"{self.reason} ({self.most}), the first at offset {self.first_offset}; mend what "
            f"was deployed, or set {setting} to 0 if they are to be refused, then start again "
            "(nothing of the batch that blew it was diverted or acknowledged)"
        )


class _Stretch(msgspec.Struct, array_like=True):
    """Dead messages that follow each other, for one reason; ``first`` counts messages."""

    reason: str
    offset: int  # of the first of them
    first: int
    count: int


class _Saved(msgspec.Struct, array_like=True):
    messages: int = 0
    stretches: list[_Stretch] = []
    run: dict[str, int] = {}
    run_offset: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Saved)

UNUSED: Final = _encoder.encode(_Saved())
"""What a fuse saves that has seen nothing, or is off: not worth a record of the state."""


class Fuse:
    """Told of every message of a partition in order; ``blown`` is what made it blow, or None.

    A limit that is off forgets what it has seen: turned on again, it begins anew.
    """

    def __init__(self, policy: FusePolicy, saved: bytes | None = None) -> None:
        """``saved``: the bytes of `save`, with which the fuse goes on where it was."""
        state = _Saved() if saved is None else _decoder.decode(saved)
        self._policy = policy
        self._messages = state.messages if policy.share else 0
        self._stretches = deque(state.stretches if policy.share else ())
        self._run = Counter(state.run if policy.run else {})
        self._run_offset = state.run_offset
        self._dead = sum(stretch.count for stretch in self._stretches)
        self._in_a_row = self._run.total()
        self.blown: Blown | None = None

    def good(self, messages: int = 1) -> None:
        """The next message, or so many of them, was used, or had been."""
        if self._in_a_row and messages:
            self._run.clear()
            self._in_a_row = 0
        if self._policy.share:
            self._messages += messages
            if self._stretches:
                self._forget()

    def dead(self, reason: str, offset: int) -> None:
        """The next message is dead-lettered."""
        if reason in PASSED_OVER:
            return
        if self._policy.run:
            if not self._in_a_row:
                self._run_offset = offset
            self._run[reason] += 1
            self._in_a_row += 1
        if self._policy.share:
            self._remember(reason, offset)
        if self.blown is None:
            self.blown = self._blown()

    def save(self) -> bytes:
        """Its state, for the partition's next owner."""
        run_offset = self._run_offset if self._in_a_row else 0
        return _encoder.encode(
            _Saved(self._messages, list(self._stretches), dict(self._run), run_offset)
        )

    def _remember(self, reason: str, offset: int) -> None:
        last = self._stretches[-1] if self._stretches else None
        if last is not None and last.reason == reason and last.first + last.count == self._messages:
            last.count += 1
        else:
            self._stretches.append(_Stretch(reason, offset, self._messages, 1))
        self._dead += 1
        self._messages += 1
        self._forget()

    def _forget(self) -> None:
        """Let go of what is no longer among the last messages."""
        oldest = self._messages - self._policy.records
        while self._stretches and self._stretches[0].first < oldest:
            stretch = self._stretches[0]
            gone = min(oldest - stretch.first, stretch.count)
            stretch.first += gone
            stretch.count -= gone
            self._dead -= gone
            if not stretch.count:
                self._stretches.popleft()

    def _blown(self) -> Blown | None:
        share, records, run = self._policy
        if run and self._in_a_row >= run:
            (reason, count), *_ = self._run.most_common(1)
            return Blown(True, self._in_a_row, self._in_a_row, reason, count, self._run_offset)
        if share and self._messages >= records and self._dead >= share * records:
            reasons: Counter[str] = Counter()
            for stretch in self._stretches:
                reasons[stretch.reason] += stretch.count
            (reason, count), *_ = reasons.most_common(1)
            return Blown(False, self._dead, records, reason, count, self._stretches[0].offset)
        return None
