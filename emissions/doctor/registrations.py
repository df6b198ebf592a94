"""Check that enterprises are registered: without them every reading is refused."""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of, holding
from streams.settings import Settings

PART: Final = "registry"


async def look_at_registrations(settings: Settings) -> list[PartCheck]:
    """Report a registry topic that holds nothing. Never raises.

    Empty where it holds something, or is missing (another check reports that).
    """
    topic = settings.topic_registry
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            ends = await ends_of(settings, topic)
            async with consumer_of(settings) as consumer:
                begins = await consumer.beginning_offsets(list(ends))
            spans = {tp: (begins[tp], end) for tp, end in ends.items()}
            filled = await holding(settings, spans)
    except TopicAuthorizationFailedError:
        remedy = f"allow this user READ on the topic {topic} (kafka-acls.sh)"
        return [PartCheck(PART, "UNSEEN", f"access to {topic} denied", remedy)]
    except LookupError:
        return []
    except (KafkaError, OSError, TimeoutError) as error:
        what = str(error) or f"{topic} could not be read within {ANSWER_S * 2:g} s"
        return [PartCheck(PART, "UNSEEN", what, "try again")]
    if filled:
        return []
    what = f"{topic} is empty: no source is known, so every reading is refused"
    return [PartCheck(PART, "MISSING", what, "emissions registry load FILE")]
