"""Resend dead letters: plan first, then send original bytes, key and headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from emissions.dead_letters.dead_letter import REPLAY_OF, DeadLetterFilter, DeadLetterRecord
from emissions.dead_letters.read import fetch_values
from emissions.dead_letters.recheck import Rechecker
from emissions.dead_letters.replay_history import ReplayTargets, count_replays, find_targets
from emissions.dead_letters.resend_plan import ResendPlan, ResendPolicy, plan_resend
from emissions.dead_letters.search import RecheckedDeadLetters, search_dead_letters
from emissions.progress import ReportProgress
from schemas.codec import Codec
from streams.kafka.client import client_options, confirmed_by_all
from streams.settings import Settings

_AT_ONCE: Final = 500
_REQUEST_BYTES: Final = 64 * 1024 * 1024  # the broker limits the size of a message


class PreparedResend(NamedTuple):
    """The plan of a resend, and the target partition of each letter."""

    plan: ResendPlan
    to: ReplayTargets


async def prepare_resend(
    settings: Settings,
    codec: Codec,
    stored: Iterable[DeadLetterRecord],
    wanted: DeadLetterFilter,
    present: Rechecker,
    report: ReportProgress,
    *,
    policy: ResendPolicy,
    limit: int,
    again: bool,
) -> PreparedResend:
    """Recheck every matching dead letter and count earlier resends; send nothing.

    Raises LookupError where a topic is missing, SchemaRegistryError, and Kafka's errors.
    """
    judged = RecheckedDeadLetters(present.refuses)
    await search_dead_letters(settings, codec, stored, wanted, judged.add, report)
    found = judged.letters()
    letters = [letter for letter, _ in found]
    to = await find_targets(settings, letters)
    sent = await count_replays(settings, letters, to, report)
    return PreparedResend(plan_resend(found, sent, policy=policy, limit=limit, again=again), to)


async def send_prepared(
    settings: Settings, codec: Codec, prepared: PreparedResend, report: ReportProgress
) -> int:
    """Send what the plan says, in order; return the count; raise SendError."""
    light = prepared.plan.to_send
    whole = await fetch_values(settings, codec, light)
    letters = [whole[letter.place] for letter in light]
    return await send_again(settings, letters, prepared.to, report)


class SendError(Exception):
    """The broker rejected a letter; the text is a sentence. ``sent`` letters were confirmed."""

    def __init__(self, sentence: str, sent: int) -> None:
        super().__init__(sentence)
        self.sent = sent


async def send_again(
    settings: Settings,
    letters: Sequence[DeadLetterRecord],
    to: ReplayTargets,
    report: ReportProgress,
) -> int:
    """Send the letters in order, each confirmed by all replicas; return the count.

    Raises SendError. An unconfirmed letter may be in the topic all the same: the next run finds it
    there.
    """
    sent = 0
    async with _producer(settings) as producer:
        for start in range(0, len(letters), _AT_ONCE):
            portion = letters[start : start + _AT_ONCE]
            letter = portion[0]
            try:
                waiting = []
                for letter in portion:
                    target = to.of(letter)
                    if target is None:
                        raise SendError(f"topic {letter.place.topic} does not exist", sent)
                    mark = (REPLAY_OF, str(letter.place).encode())
                    waiting.append(
                        await producer.send(
                            target.topic,
                            letter.value,
                            letter.key,
                            partition=target.partition,
                            headers=[*letter.headers, mark],
                        )
                    )
                for letter, confirmation in zip(portion, waiting, strict=True):  # noqa: B007 - errors name it
                    await confirmation
                    sent += 1
            except MessageSizeTooLargeError as error:
                raise SendError(
                    f"{letter.place} is too large to resend with the header that names the "
                    f"dead letter: raise max.message.bytes of {letter.place.topic}",
                    sent,
                ) from error
            except KafkaError as error:
                raise SendError(f"the broker rejected {letter.place}: {error}", sent) from error
            report("sending", sent, len(letters))
    return sent


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Open a producer; idempotent where the broker supports it."""
    for idempotent in (True, False):
        producer = confirmed_by_all(
            client_options(settings),
            enable_idempotence=idempotent,
            max_request_size=_REQUEST_BYTES,
        )
        try:
            await producer.start()
        except KafkaError:
            await producer.stop()
            if not idempotent:
                raise
            continue
        try:
            yield producer
        finally:
            await producer.stop()
        return
