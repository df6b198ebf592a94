"""Sends letters again: the original bytes, key and headers to the original topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.dead_letters.earlier import Targets
from streams.dead_letters.letter import REPLAY_OF, Letter
from streams.dead_letters.read import Report
from streams.kafka import client_options
from streams.settings import Settings

_AT_ONCE: Final = 500
_REQUEST_BYTES: Final = 64 * 1024 * 1024  # how large a message may be is the broker's word


class SendError(Exception):
    """The broker did not take a letter: the text is a sentence. ``sent`` were confirmed."""

    def __init__(self, sentence: str, sent: int) -> None:
        super().__init__(sentence)
        self.sent = sent


async def send_again(
    settings: Settings, letters: Sequence[Letter], to: Targets, report: Report
) -> int:
    """Send the letters in their order, each confirmed by all replicas; returns how many.

    Raises SendError. What was not confirmed may be in the topic all the same: a further run
    finds it there.
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
                    f"{letter.place} is too large to be sent again with the header that says "
                    f"where it comes from: raise max.message.bytes of {letter.place.topic}",
                    sent,
                ) from error
            except KafkaError as error:
                raise SendError(f"the broker did not take {letter.place}: {error}", sent) from error
            report("sending", sent, len(letters))
    return sent


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer; idempotent where the broker can be."""
    for idempotent in (True, False):
        producer = AIOKafkaProducer(
            **client_options(settings),
            acks="all",
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
