"""Asks the other side, again and again, what became of cases since they were delivered to it.

A paper is delivered days after its case was handed over. So there is a second address, which
answers ``{"answers": [{"case_id": "...", "measures": [...]}], "next": "..."}``; what ``next`` says
is sent back as ``?after=`` the next time. After a restart the bridge asks from the beginning: what
it publishes again says the same under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from aiokafka import TopicPartition

from emissions.bridge.answer import (
    AnswerError,
    CaseSubject,
    LaterAnswer,
    LaterAnswers,
    checked,
    subject_of,
)
from emissions.bridge.outcome import NoReply, Outcome, Reply, outcome_of, reason_of
from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.core.law.country import Country
from streams.core.records.case import AdministrativeCase
from streams.core.registry.measure import Measure
from streams.kafka.clients import consumer_of
from streams.kafka.reader import FETCH_MS, ends_of
from streams.settings import Settings

log = structlog.get_logger(__name__)

Ask = Callable[[str], Awaitable[Reply | NoReply]]
Publish = Callable[[Iterable[Measure]], Awaitable[None]]


class CaseIndex:
    """What measures take from each case, read from the topic of cases as far as it goes."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self._settings = settings
        self._codec = codec
        self._next: dict[TopicPartition, int] = {}
        self._cases: dict[str, CaseSubject] = {}

    def get(self, identity: str) -> CaseSubject | None:
        """Return the subject of a case; None: there is none."""
        return self._cases.get(identity)

    async def read_on(self) -> None:
        """Read what was published since. Raises LookupError without the topic, KafkaError."""
        ends = await ends_of(self._settings, self._settings.topic_cases)
        left = {each for each, end in ends.items() if end > self._next.get(each, 0)}
        if not left:
            return
        async with consumer_of(self._settings) as consumer:
            consumer.assign(left)
            for partition in left:
                if partition in self._next:
                    consumer.seek(partition, self._next[partition])
            while left:
                fetched = await consumer.getmany(*left, timeout_ms=FETCH_MS)
                for records in fetched.values():
                    for record in records:
                        self._add(record.value)
                for partition in list(left):
                    self._next[partition] = await consumer.position(partition)
                    if self._next[partition] >= ends[partition]:
                        left.discard(partition)

    def _add(self, value: Any) -> None:
        try:
            _, record = self._codec.decode(value or b"")
            case = msgspec.convert(record, AdministrativeCase)
        except (Undecodable, UnknownSchema, msgspec.ValidationError):
            return
        self._cases[case.id] = subject_of(case)


class AnswerPoller:
    """Ask one address for answers, and publish what they tell of cases that exist."""

    def __init__(self, url: str, ask: Ask, index: CaseIndex, publish: Publish) -> None:
        self._url = url
        self._ask = ask
        self._index = index
        self._publish = publish
        self._after = ""

    async def poll(self, country: Country, now: int) -> None:
        """Ask once at the time ``now`` (ms UTC); what goes wrong is logged, and asked again."""
        reply = await self._ask(self._address())
        if outcome_of(reply) is not Outcome.DELIVERED or not isinstance(reply, Reply):
            log.warning("answers_unavailable", error=reason_of(reply))
            return
        try:
            page = msgspec.json.decode(reply.body, type=LaterAnswers) if reply.body else None
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            told = str(error) if reply.whole else "it is longer than what is read of one"
            log.warning("answers_unavailable", error=told)
            return
        if page is None:
            return
        if page.answers:
            await self._index.read_on()
        for answer in page.answers:
            await self._take(answer, country, now)
        self._after = page.next or self._after

    async def run(self, country: Country, now: Callable[[], int], every_s: float) -> None:
        """Ask until cancelled, with a pause between."""
        while True:
            try:
                await self.poll(country, now())
            except Exception as error:  # the broker or the registry is away: delivery waits too
                log.warning("answers_unavailable", error=str(error) or type(error).__name__)
            await asyncio.sleep(every_s)

    async def _take(self, answer: LaterAnswer, country: Country, now: int) -> None:
        case = self._index.get(answer.case_id)
        found = (
            AnswerError("there is no such case")
            if case is None
            else checked(answer.measures, case, country, now)
        )
        if isinstance(found, AnswerError):
            log.error("answer_refused", case=answer.case_id, reason=found.reason)
        else:
            await self._publish(found)

    def _address(self) -> str:
        if not self._after:
            return self._url
        joint = "&" if "?" in self._url else "?"
        return f"{self._url}{joint}after={quote(self._after, safe='')}"
