"""Holds a partition whose messages are rejected so often that the fault must be a deployment's.

A bad deployment rejects a whole nation: an unknown schema, a registry that was not loaded, a wrong
clock. Diverting that into the dead letters would look like work; at the limit the partition is
held instead, while every message is still in the topic.

One producer that sends nonsense is no bad deployment. So each sender counts for a part of the limit
at most, however much comes of it: only several at a time reach it. The sender of a message is its
key, and its source where that can be read; all messages without a key are one sender's.

A message is used (or a duplicate), a dead letter, or not counted: ticks, letters that say nothing
about a deployment, and those of a sender who has had its part. The limit is a function of the log
and of what people decided: where batches are cut, and how often the worker starts again, does not
change where it is reached.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from streams.core.law.quality_codes import (
    BAD_SIGNATURE,
    BROKEN_CHAIN,
    CONFLICTING_DUPLICATE,
    TEST_STREAM,
    TOO_LATE,
    UNSIGNED,
)

PASSED_OVER: Final = frozenset(
    {TEST_STREAM, TOO_LATE, CONFLICTING_DUPLICATE, BAD_SIGNATURE, BROKEN_CHAIN, UNSIGNED}
)
"""Reasons of dead letters that the limit does not count:

TEST_STREAM: the registry says so. TOO_LATE: a backfill of old files, which is lawful.
CONFLICTING_DUPLICATE: its interval is used already; nothing is missing by it.
BAD_SIGNATURE, BROKEN_CHAIN, UNSIGNED: whoever can write into the topic can send such in the name of
any source, and must not hold a partition by it.
"""

Senders = tuple[int, ...]
"""The senders of a message as 32-bit hashes, whatever the length of their names."""

Resumed = Callable[[int], bool]
"""Tells whether a person decided to resume at an offset of the partition."""


class LimitPolicy(NamedTuple):
    """Sets the limit: ``share`` dead letters of the last ``records`` messages, or ``run`` in a row.

    They must come from ``senders`` different senders at least. A share or a run of 0 is off.
    """

    share: float = 0.5
    records: int = 2000
    run: int = 1000
    senders: int = 5


OFF: Final = LimitPolicy(share=0.0, run=0)


class Reached(NamedTuple):
    """A limit that is reached: ``dead`` of the last ``messages``, ``most`` of them by ``reason``.

    ``in_a_row`` tells which of its two limits it was; ``first_offset`` is where it began,
    ``offset`` the message that reached it, and ``senders`` how many they are from.
    """

    in_a_row: bool
    dead: int
    messages: int
    reason: str
    most: int
    first_offset: int
    offset: int
    senders: int

    def sentence(self, topic: str, partition: int) -> str:
        """Say what happened, for the person who is called."""
        much = (
            f"{self.dead} messages in a row"
            if self.in_a_row
            else f"{self.dead} of the last {self.messages} messages"
        )
        return (
            f"the dead-letter limit of {topic}/{partition} is reached at offset {self.offset}: "
            f"{much}, from {self.senders} senders, cannot be used, most of them {self.reason} "
            f"({self.most}), the first at offset {self.first_offset}; mend what was deployed and "
            "start the worker again, or let them be refused"
        )


class _Streak(msgspec.Struct, array_like=True):
    """Dead messages of the same senders that follow each other; ``first`` counts messages."""

    reason: int  # its number
    offset: int  # of the first of them
    first: int
    count: int
    senders: Senders


class _Saved(msgspec.Struct, array_like=True):
    messages: int = 0
    reasons: list[str] = []
    streaks: list[_Streak] = []
    run: dict[int, int] = {}  # messages by the number of their reason
    run_senders: dict[int, int] = {}
    run_offset: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Saved)

UNUSED: Final = _encoder.encode(_Saved())
"""The bytes of a limit that has counted nothing, or is off: not worth a record of the state."""


def senders_of(key: bytes | None, source_id: str | None) -> Senders:
    """Return the senders of a message: its key, and its source if that is another one."""
    by_key = 0 if key is None else crc32(key)
    if source_id is None:
        return (by_key,)
    by_source = crc32(source_id.encode(errors="surrogatepass"))
    return (by_key,) if by_key == by_source else (by_key, by_source)


def never(_: int) -> bool:
    """Say that nobody decided anything."""
    return False


class DeadLetterLimit:
    """Counts the messages of a partition in order; ``reached`` says how the limit was, or is None.

    A limit that is off forgets what it has counted: turned on again, it begins anew. So it does
    where people have ``resumed``: what lies before is not counted.
    """

    def __init__(
        self, policy: LimitPolicy, saved: bytes | None = None, resumed: Resumed = never
    ) -> None:
        """Continue the count of ``saved``, the bytes of `save`, if given."""
        state = _Saved() if saved is None else _decoder.decode(saved)
        self._policy = policy
        self._resumed = resumed
        self._reasons = state.reasons
        self._messages = state.messages if policy.share else 0
        self._streaks = deque(state.streaks if policy.share else ())
        self._recent: Counter[int] = Counter()  # dead ones among the last messages, by sender
        for streak in self._streaks:
            self._recent.update(dict.fromkeys(streak.senders, streak.count))
        self._run = Counter(state.run if policy.run else {})
        self._run_senders = Counter(state.run_senders if policy.run else {})
        self._run_offset = state.run_offset
        self._dead = sum(streak.count for streak in self._streaks)
        self._in_a_row = self._run.total()
        senders = max(1, policy.senders)
        self._most_of_run = max(1, policy.run // senders)
        self._most_of_share = max(1, int(policy.share * policy.records / senders))
        self.reached: Reached | None = None
        self.holds = True
        """False while acknowledged batches are repeated: if reached, it restarts."""

    def record_used(self, messages: int = 1) -> None:
        """Count the next ``messages`` as used, or as duplicates."""
        if self._in_a_row and messages:
            self._end_run()
        if self._policy.share:
            self._messages += messages
            if self._streaks:
                self._drop_old()
            if not self._streaks:  # only "enough of them" matters: saved seldom
                self._messages = min(self._messages, self._policy.records)

    def record_dead_letter(self, reason: str, offset: int, senders: Senders) -> None:
        """Count the next message as a dead letter."""
        if reason in PASSED_OVER:
            return
        if self._resumed(offset):
            self._restart()
            return
        policy, number = self._policy, self._number(reason)
        if policy.run and not self._full(self._run_senders, senders, self._most_of_run):
            if not self._in_a_row:
                self._run_offset = offset
            self._run[number] += 1
            self._run_senders.update(senders)
            self._in_a_row += 1
        if policy.share and not self._full(self._recent, senders, self._most_of_share):
            self._add_dead_letter(number, offset, senders)
        if self.reached is None:
            self.reached = self._check(offset)
            if not self.holds and self.reached is not None:
                self.reached = None
                self._restart()

    def save(self) -> bytes:
        """Encode the count, for the partition's next owner."""
        if not self._streaks and not self._in_a_row:  # the names of reasons go, too
            return _encoder.encode(_Saved(self._messages))
        return _encoder.encode(
            _Saved(
                self._messages,
                self._reasons,
                list(self._streaks),
                dict(self._run),
                dict(self._run_senders),
                self._run_offset if self._in_a_row else 0,
            )
        )

    def _number(self, reason: str) -> int:
        if not self._streaks and not self._in_a_row:
            self._reasons = []  # nobody refers to them
        if reason not in self._reasons:
            self._reasons = [*self._reasons, reason]
        return self._reasons.index(reason)

    def _full(self, counts: Counter[int], senders: Senders, most: int) -> bool:
        """Tell whether a sender has had its part of the limit."""
        return any(counts[sender] >= most for sender in senders)

    def _restart(self) -> None:
        self._end_run()
        self._streaks.clear()
        self._recent.clear()
        self._dead = self._messages = 0

    def _end_run(self) -> None:
        self._run.clear()
        self._run_senders.clear()
        self._in_a_row = 0

    def _add_dead_letter(self, reason: int, offset: int, senders: Senders) -> None:
        last = self._streaks[-1] if self._streaks else None
        if (
            last is not None
            and (last.reason, last.senders) == (reason, senders)
            and last.first + last.count == self._messages
        ):
            last.count += 1
        else:
            self._streaks.append(_Streak(reason, offset, self._messages, 1, senders))
        self._recent.update(senders)
        self._dead += 1
        self._messages += 1
        self._drop_old()

    def _drop_old(self) -> None:
        """Drop what is no longer among the last messages."""
        oldest = self._messages - self._policy.records
        while self._streaks and self._streaks[0].first < oldest:
            streak = self._streaks[0]
            gone = min(oldest - streak.first, streak.count)
            streak.first += gone
            streak.count -= gone
            self._dead -= gone
            for sender in streak.senders:
                self._recent[sender] -= gone
                if not self._recent[sender]:
                    del self._recent[sender]
            if not streak.count:
                self._streaks.popleft()

    def _check(self, offset: int) -> Reached | None:
        share, records, run, _ = self._policy
        if run and self._in_a_row >= run:
            (number, count), *_ = self._run.most_common(1)
            many, reason = self._in_a_row, self._reasons[number]
            senders = len(self._run_senders)
            return Reached(True, many, many, reason, count, self._run_offset, offset, senders)
        if share and self._messages >= records and self._dead >= share * records:
            reasons: Counter[int] = Counter()
            for streak in self._streaks:
                reasons[streak.reason] += streak.count
            (number, count), *_ = reasons.most_common(1)
            reason, first = self._reasons[number], self._streaks[0].offset
            senders = len(self._recent)
            return Reached(False, self._dead, records, reason, count, first, offset, senders)
        return None
