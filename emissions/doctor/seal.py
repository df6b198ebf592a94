"""Check the seal worker by what it told the broker: how far the topics are in the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.kafka.clients import consumer_of
from streams.kafka.reader import FETCH_MS, ends_of
from streams.sealing.records import sealed_topics
from streams.settings import Settings

PART = "seal worker"
START = "emissions worker seal"


async def look_at_seal(settings: Settings) -> list[PartCheck]:
    """Check that what is published is sealed in time. Never raises.

    A record waits at most ``seal_s`` for its checkpoint. What waits for more than three times as
    long waits for a worker.
    """
    try:
        async with asyncio.timeout(ANSWER_S * 3):
            ends = await ends_of(settings, *sealed_topics(settings))
            async with consumer_of(settings, settings.group_seal) as group:
                sealed = {tp: await group.committed(tp) for tp in ends}
            behind = {tp: sealed[tp] or 0 for tp, end in ends.items() if end > (sealed[tp] or 0)}
            async with consumer_of(settings) as consumer:
                oldest = await _oldest(consumer, behind, ends)
    except LookupError as error:
        return [PartCheck(PART, "UNSEEN", str(error), "emissions topics create")]
    except (KafkaError, OSError, TimeoutError) as error:
        why = str(error) or "no answer"
        return [PartCheck(PART, "UNSEEN", f"group {settings.group_seal}: {why}", "try again")]
    begun = any(offset is not None for offset in sealed.values())
    if not begun and not wanted(settings):
        what = "no transparency log is kept: nobody can check that nothing was taken back"
        return [
            PartCheck(
                PART,
                "RISK",
                what,
                f"set EMISSIONS_LOG_ORIGIN, _PATH and _KEY_FILE, and run {START}",
            )
        ]
    waiting = sum(ends[tp] - offset for tp, offset in behind.items())
    for_s = None if oldest is None else time.time() - oldest / 1000
    return [judged(settings, waiting, for_s, begun=begun)]


def wanted(settings: Settings) -> bool:
    """Return whether the settings say that a log is kept, here or on another machine."""
    return any((settings.log_path, settings.log_origin, settings.log_key_file))


def judged(
    settings: Settings, waiting: int, for_s: float | None, *, begun: bool = True
) -> PartCheck:
    """Judge how many offsets are not sealed, and for how long the oldest record of them waits.

    ``begun``: a worker has sealed something before.
    """
    if for_s is None:
        seen = "everything that is published is in the log" if begun else "nothing to seal yet"
        return PartCheck(PART, "ok", seen)
    seen = f"{waiting:,} not in the log yet, the oldest for {max(0, round(for_s)):,} s"
    if not begun:
        seen += ": nothing was ever sealed"
    if for_s <= 3 * settings.seal_s:
        return PartCheck(PART, "ok", seen)
    remedy = START if begun else f"{START}; if one is started, its log says why it ends"
    return PartCheck(PART, "MISSING", seen, remedy)


async def _oldest(
    consumer: AIOKafkaConsumer,
    behind: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> int | None:
    """Return the timestamp (ms) of the oldest record that is not sealed; None: there is none."""
    consumer.assign(list(behind))
    for tp, offset in behind.items():
        consumer.seek(tp, offset)
    found: list[int] = []
    left = set(behind)
    while left:
        for tp, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
            found.append(records[0].timestamp)
            left.discard(tp)
        for tp in list(left):
            if await consumer.position(tp) >= ends[tp]:
                left.discard(tp)  # markers of transactions alone
    return min(found, default=None)
