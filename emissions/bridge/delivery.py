"""Carries an event to its end: accepted, its answer taken; or written to the dead letters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import structlog

from emissions.bridge.answer import AnswerError, measures_of, subject_of
from emissions.bridge.dead_letters import BridgeDeadLetter, Stage, as_text
from emissions.bridge.event import Event, NoEvent
from emissions.bridge.outcome import NoReply, Outcome, Patience, Reply, outcome_of, reason_of
from streams.core.law.country import Country
from streams.core.registry.measure import Measure

log = structlog.get_logger(__name__)

_REMEMBERED = 10_000
_SHOWN_CHARACTERS = 2_000


class Record(NamedTuple):
    """A record of a topic: where it is, its value, and what was read from it."""

    topic: str
    partition: int
    offset: int
    value: bytes
    event: Event | NoEvent


class Outside(NamedTuple):
    """What a delivery needs of the world; ``now`` in ms UTC, ``jitter`` from 0 to 1."""

    post: Callable[[Event], Awaitable[Reply | NoReply]]
    publish: Callable[[Iterable[Measure]], Awaitable[None]]
    bury: Callable[[BridgeDeadLetter], None]
    pause: Callable[[float], Awaitable[None]]
    now: Callable[[], int]
    jitter: Callable[[], float]
    country: Country


class Counts:
    """What happened to records since the start."""

    def __init__(self) -> None:
        self.delivered = 0
        self.retried = 0
        self.measures = 0
        self.dead_letters = 0


class Deliverer:
    """Deliver events, many at a time, each until its end.

    A try that failed counts against its event where the reply is about the event; where it may be
    about the address, the key or the load (`Outcome.UNAVAILABLE`), only if another event was
    accepted since the reply before. So an outage of hours diverts nothing, and one event that the
    other side cannot take ends as a dead letter.
    """

    def __init__(self, outside: Outside, patience: Patience) -> None:
        self.counts = Counts()
        self._outside = outside
        self._patience = patience
        self._refused_in_a_row = 0
        self._published: dict[str, Measure] = {}

    async def deliver(self, record: Record) -> None:
        """Return when the record was accepted, its measures published, or it is a dead letter."""
        event = record.event
        if isinstance(event, NoEvent):
            self._bury(record, "decode", event.reason)
            return
        tries = counted = 0
        accepted = self.counts.delivered
        while True:
            reply = await self._outside.post(event)
            tries += 1
            outcome = outcome_of(reply)
            if outcome is Outcome.DELIVERED and isinstance(reply, Reply):
                self.counts.delivered += 1
                self._refused_in_a_row = 0
                await self._take_answer(record, event, reply)
                return
            counted += outcome is Outcome.FAILED or self.counts.delivered > accepted
            accepted = self.counts.delivered
            over = outcome is Outcome.REFUSED or counted >= self._patience.tries
            if over and not self._held:
                break
            self.counts.retried += 1
            log.warning(
                "delivery_retrying",
                id=event.id,
                tries=tries,
                error=reason_of(reply),
                held=self._held,
            )
            pause_s = self._patience.pause_s(tries, self._outside.jitter(), _asked(reply))
            await self._outside.pause(pause_s)
        self._refused_in_a_row += 1
        self._bury(record, "deliver", reason_of(reply), tries=tries, answer=_shown(reply))

    @property
    def _held(self) -> bool:
        """Whether so many were given up in a row that the fault is rather on this side."""
        return self._refused_in_a_row >= self._patience.refused

    async def _take_answer(self, record: Record, event: Event, reply: Reply) -> None:
        """Publish the measures of an answer that were not published as they are."""
        case = None if event.case is None else subject_of(event.case)
        answered = (
            measures_of(case, reply.body, self._outside.country, self._outside.now())
            if reply.whole
            else AnswerError("the answer is longer than what is read of one")
        )
        if isinstance(answered, AnswerError):
            self._bury(record, "answer", answered.reason, tries=1, answer=_shown(reply))
            return
        await self.publish(answered)

    async def publish(self, measures: Iterable[Measure]) -> None:
        """Publish the measures that were not published as they are since the start."""
        new = [each for each in measures if self._published.get(each.id) != each]
        if not new:
            return
        await self._outside.publish(new)
        self.counts.measures += len(new)
        if len(self._published) >= _REMEMBERED:
            self._published.clear()
        self._published |= {each.id: each for each in new}

    def _bury(
        self,
        record: Record,
        stage: Stage,
        reason: str,
        *,
        tries: int = 0,
        answer: str | None = None,
    ) -> None:
        event = record.event
        identity = event.id if isinstance(event, Event) else None
        self.counts.dead_letters += 1
        log.error(
            "delivery_dead_lettered",
            stage=stage,
            id=identity,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )
        self._outside.bury(
            BridgeDeadLetter(
                stage,
                reason,
                record.topic,
                record.partition,
                record.offset,
                as_text(record.value),
                tries,
                identity,
                answer,
            )
        )


def _asked(reply: Reply | NoReply) -> float | None:
    return reply.retry_after_s if isinstance(reply, Reply) else None


def _shown(reply: Reply | NoReply) -> str | None:
    """Return the beginning of what was answered, for a person to read."""
    if isinstance(reply, NoReply):
        return None
    return reply.body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS]
