"""A replay of letters: first what would be done with each, then the sending."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.codec import Codec
from streams.dead_letters.earlier import Targets, sent_again, targets
from streams.dead_letters.find import Judged, go_through
from streams.dead_letters.letter import Letter, Wanted
from streams.dead_letters.plan import Plan, Policy, plan_replay
from streams.dead_letters.present import Present
from streams.dead_letters.read import Report, with_values
from streams.dead_letters.send import send_again
from streams.settings import Settings


class Prepared(NamedTuple):
    """What a replay would do, and where each letter would go."""

    plan: Plan
    to: Targets


async def prepare_replay(
    settings: Settings,
    codec: Codec,
    stored: Iterable[Letter],
    wanted: Wanted,
    present: Present,
    report: Report,
    *,
    policy: Policy,
    limit: int,
    again: bool,
) -> Prepared:
    """Look at every letter that is wanted, and at what was sent again before; nothing is sent.

    Raises LookupError where a topic is missing, SchemaRegistryError, and Kafka's errors.
    """
    judged = Judged(present.refuses)
    await go_through(settings, codec, stored, wanted, judged.add, report)
    found = judged.letters()
    letters = [letter for letter, _ in found]
    to = await targets(settings, letters)
    sent = await sent_again(settings, letters, to, report)
    return Prepared(plan_replay(found, sent, policy=policy, limit=limit, again=again), to)


async def send_prepared(
    settings: Settings, codec: Codec, prepared: Prepared, report: Report
) -> int:
    """Send what the plan says, in its order; returns how many. Raises SendError."""
    light = prepared.plan.to_send
    whole = await with_values(settings, codec, light)
    letters = [whole[letter.place] for letter in light]
    return await send_again(settings, letters, prepared.to, report)
