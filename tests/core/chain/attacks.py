"""What somebody who can write into the topic, or sits between it and a station, may send.

`attacked` yields the honest messages of a station in their order and, between them, messages made
of them, each with the end that it must have: the reason of its dead letter, or ``DUPLICATE``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from streams.core.chain.head import CHAIN_HEADER, SIGNATURE_HEADER
from tests.core.chain.stations import EXPIRED, FOREIGN, OTHERS, SECOND, Sent, Station, second

USED: Final = "USED"
DUPLICATE: Final = "DUPLICATE"
BAD, BROKEN, UNSIGNED = "BAD_SIGNATURE", "BROKEN_CHAIN", "UNSIGNED"


class Message(NamedTuple):
    """A message, how it must end, and what it is."""

    sent: Sent
    ends: str
    what: str


class Moment(NamedTuple):
    """What an attacker knows: the messages that were taken, and those that wait in their order."""

    taken: list[Sent]
    waiting: list[Sent]
    station: Station


Attack = Callable[[Moment, Random], Message | None]
"""Makes a message, or nothing where the moment gives no occasion."""


def _by_form(sent: Sent) -> str:
    """What a tampered message is: of a head the signature fails, else it is not in line."""
    return BAD if sent.is_head else BROKEN


def _flipped(value: bytes, chance: Random) -> bytes:
    at = chance.randrange(8 * len(value))
    return bytes(each ^ (1 << at % 8 if n == at // 8 else 0) for n, each in enumerate(value))


def forged_value(now: Moment, chance: Random) -> Message | None:
    """The next message with another value."""
    sent = now.waiting[0]
    return Message(sent.saying(values={"SO2": chance.uniform(0, 99)}), _by_form(sent), "forged")


def forged_after(now: Moment, chance: Random) -> Message | None:
    """A message that was taken, with another value: not a conflict, it is not the station's."""
    if not now.taken:
        return None
    sent = chance.choice(now.taken[-20:])
    return Message(sent.saying(values={"SO2": -1.0}), _by_form(sent), "forged after")


def flipped_chain(now: Moment, chance: Random) -> Message | None:
    """A bit of the link is another."""
    sent = now.waiting[0]
    chain = _flipped(dict(sent.headers)[CHAIN_HEADER], chance)
    return Message(sent.carrying(chain=chain), _by_form(sent), "bit of chain")


def flipped_signature(now: Moment, chance: Random) -> Message | None:
    """A bit of the signed head is another: its key, number, head before, signature."""
    heads = [each for each in now.waiting if each.is_head]
    if not heads:
        return None
    sig = _flipped(dict(heads[0].headers)[SIGNATURE_HEADER], chance)
    return Message(heads[0].carrying(sig=sig), BAD, "bit of sig")


def replayed(now: Moment, chance: Random) -> Message | None:
    """The same bytes again."""
    return Message(chance.choice(now.taken[-40:]), DUPLICATE, "replayed") if now.taken else None


def at_another_time(now: Moment, chance: Random) -> Message | None:
    """A message that was taken, for an interval that nobody has told of."""
    if not now.taken:
        return None
    sent = chance.choice(now.taken[-40:])
    moved = chance.choice(now.taken[-40:]).reading.measured_at + SECOND
    return Message(sent.saying(measured_at=moved), _by_form(sent), "another time")


def of_another_source(now: Moment, chance: Random) -> Message | None:
    """A message for another source that is registered too."""
    sent = now.waiting[0]
    return Message(sent.saying(source_id="B"), _by_form(sent), "another source")


def too_early(now: Moment, chance: Random) -> Message | None:
    """A later message before its turn."""
    if len(now.waiting) < 2:
        return None
    return Message(chance.choice(now.waiting[1:]), BROKEN, "reordered")


def _as_next(now: Moment, station: Station, what: str, ends: str = BAD) -> Message:
    """A message with another value at the place of the next head, signed by somebody."""
    head = next((each for each in now.waiting if each.is_head), now.waiting[0])
    made = station.sign([head.saying(values={"SO2": 7.0}).reading])
    return Message(made[0], ends, what)


def by_a_foreign_key(now: Moment, chance: Random) -> Message | None:
    """A chain of one's own, begun just now."""
    return _as_next(now, Station(now.waiting[0].reading.measured_at, key=FOREIGN), "foreign key")


def by_the_key_of_another(now: Moment, chance: Random) -> Message | None:
    """Signed by a key that is registered for another source."""
    return _as_next(now, Station(now.waiting[0].reading.measured_at, key=OTHERS), "key of another")


def by_an_expired_key(now: Moment, chance: Random) -> Message | None:
    """At its place in the chain, by a key that was valid once."""
    station = Station(now.station.end.began, key=EXPIRED)
    station.end = now.station.end
    return _as_next(now, station, "expired key")


def signed_for_another(now: Moment, chance: Random) -> Message | None:
    """What the station of another source has signed, said to be of this one."""
    made = Station(now.waiting[0].reading.measured_at, "B", OTHERS)
    sent = made.sign([second(now.waiting[0].reading.measured_at, source_id="B")])[0]
    return Message(sent.saying(source_id="A"), BAD, "signed for another")


def without_headers(now: Moment, chance: Random) -> Message | None:
    """The next message, not signed."""
    return Message(now.waiting[0]._replace(headers=()), UNSIGNED, "unsigned")


def without_chain(now: Moment, chance: Random) -> Message | None:
    """A signed head without its link."""
    heads = [each for each in now.waiting if each.is_head]
    return Message(heads[0].carrying(chain=None), BAD, "sig alone") if heads else None


def without_signature(now: Moment, chance: Random) -> Message | None:
    """The first message of a head as if it were another one of it."""
    heads = [each for each in now.waiting if each.is_head]
    return Message(heads[0].carrying(sig=None), BROKEN, "chain alone") if heads else None


def with_noise(now: Moment, chance: Random) -> Message | None:
    """Headers of any length and content."""
    noise = chance.randbytes(chance.choice((0, 1, 31, 32, 33, 122, 5000)))
    if chance.random() < 0.5:
        return Message(now.waiting[0].carrying(chain=noise, sig=None), BROKEN, "noise in chain")
    return Message(now.waiting[0].carrying(sig=noise), BAD, "noise in sig")


def signature_of_another_head(now: Moment, chance: Random) -> Message | None:
    """The next message under the signature of an earlier head."""
    heads = [each for each in now.taken[-40:] if each.is_head]
    if not heads:
        return None
    sig = dict(chance.choice(heads).headers)[SIGNATURE_HEADER]
    return Message(now.waiting[0].carrying(sig=sig), BAD, "sig of another head")


ATTACKS: Final[tuple[Attack, ...]] = (
    forged_value,
    forged_after,
    flipped_chain,
    flipped_signature,
    replayed,
    at_another_time,
    of_another_source,
    too_early,
    by_a_foreign_key,
    by_the_key_of_another,
    by_an_expired_key,
    signed_for_another,
    without_headers,
    without_chain,
    without_signature,
    with_noise,
    signature_of_another_head,
)


def attacked(begin: int, many: int, seed: int, *, each: int = 4) -> Iterator[Message]:
    """Yield honest messages from ``begin`` (ms) on, and ``many`` others between them.

    About ``each`` for an honest one. Heads cover one to eight messages; the first is an anchor.
    The station measures each other second.
    """
    chance, station = Random(seed), Station(begin)
    taken: list[Sent] = []
    waiting: list[Sent] = []
    at, made = begin, 0
    while made < many:
        while len(waiting) < 9:
            size = chance.randint(1, 8)
            readings = [
                second(at + 2 * n * SECOND, values={"SO2": chance.uniform(100, 400)})
                for n in range(size)
            ]
            waiting += station.sign(readings)
            at += 2 * size * SECOND
        now = Moment(taken, waiting, station)
        for _ in range(chance.randint(0, 2 * each)):
            attack = chance.choice(ATTACKS)(now, chance)
            if attack is not None:
                made += 1
                yield attack
        yield Message(waiting[0], USED, "honest")
        taken.append(waiting.pop(0))
        del taken[:-50]
