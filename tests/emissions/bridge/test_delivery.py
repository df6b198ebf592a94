"""A record to its end, with every way in which the other side may behave."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st

from emissions.bridge.dead_letters import BridgeDeadLetter
from emissions.bridge.delivery import Deliverer, Outside, Record
from emissions.bridge.event import Event, NoEvent
from emissions.bridge.outcome import NoReply, Patience, Reply
from streams.core.registry.measure import Measure
from streams.rules.country import home
from tests.emissions.bridge.cases import case, framed
from tests.support.broker import eventually

Post = Callable[[Event], Reply | NoReply]
CASE_ID = "7d444840-9dc0-5ef3-a245-5ffdce74fad2"
NOW = 1_772_900_000_000


class World:
    """Everything outside of a delivery, remembered; pauses take no time."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self.posted: list[str] = []
        self.measures: list[Measure] = []
        self.letters: list[BridgeDeadLetter] = []
        self.pauses: list[float] = []

    def deliverer(self, **patience: int) -> Deliverer:
        outside = Outside(
            self.post,
            self.publish,
            self.letters.append,
            self.pause,
            lambda: NOW,
            lambda: 0.0,
            home(),
        )
        return Deliverer(outside, Patience(**{"tries": 3, **patience}))

    async def post(self, event: Event) -> Reply | NoReply:
        await asyncio.sleep(0)
        self.posted.append(event.id)
        return self._post(event)

    async def publish(self, measures: Iterable[Measure]) -> None:
        self.measures += measures

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


def record(identity: str, revision: int = 1) -> Record:
    found = case(identity, revision)
    event = Event(f"{identity}-{revision}", identity.encode(), b"{}", found)
    return Record("emissions.cases", 0, revision, framed(found), event)


def one_after_another(*replies: Reply | NoReply) -> Post:
    left = list(replies)
    return lambda _: left.pop(0)


async def test_it_is_sent_until_it_is_accepted() -> None:
    world = World(
        one_after_another(NoReply("hangs"), Reply(503, retry_after_s=90), Reply(429), Reply(200))
    )
    await world.deliverer().deliver(record("a"))
    assert world.posted == ["a-1"] * 4
    assert world.pauses == [1, 90, 4]
    assert world.letters == []


async def test_a_refusal_is_a_dead_letter_at_once_and_a_failure_after_its_tries() -> None:
    world = World(one_after_another(Reply(422, b"no such code"), *[Reply(500)] * 3))
    deliverer = world.deliverer()
    await deliverer.deliver(record("a"))
    await deliverer.deliver(record("b"))
    assert world.posted == ["a-1", "b-1", "b-1", "b-1"]
    told = [(each.id, each.stage, each.reason, each.tries, each.answer) for each in world.letters]
    assert told == [
        ("a-1", "deliver", "HTTP 422", 1, "no such code"),
        ("b-1", "deliver", "HTTP 500", 3, ""),
    ]
    assert world.letters[0].record == framed(case("a"))


async def test_an_outage_diverts_nothing() -> None:
    bad: list[Reply | NoReply] = [NoReply("no reply"), Reply(503), Reply(404), Reply(302)]
    replies = bad * 25
    world = World(one_after_another(*replies, Reply(204)))
    await world.deliverer().deliver(record("a"))
    assert len(world.posted) == 101
    assert world.letters == []


async def test_an_event_that_kills_the_other_side_ends_while_others_are_accepted() -> None:
    world = World(lambda event: NoReply("dropped") if event.id == "bad-1" else Reply(200))
    deliverer = world.deliverer()
    stubborn = asyncio.create_task(deliverer.deliver(record("bad")))
    others = 0
    while not stubborn.done():
        others += 1
        await deliverer.deliver(record(f"good{others}"))
    assert [each.id for each in world.letters] == ["bad-1"]
    assert world.posted.count("bad-1") >= 3


async def test_refusals_in_a_row_hold_everything_until_one_is_accepted() -> None:
    well = False
    world = World(lambda _: Reply(200 if well else 400))
    deliverer = world.deliverer(refused=2)
    for name in ("a", "b"):
        await deliverer.deliver(record(name))
    assert len(world.letters) == 2
    held = asyncio.create_task(deliverer.deliver(record("c")))
    await eventually(lambda: world.posted.count("c-1") >= 20, "it is sent again and again")
    assert len(world.letters) == 2
    well = True
    await held
    assert len(world.letters) == 2


async def test_measures_are_published_once_and_again_when_they_change() -> None:
    first = b'{"measures": [{"kind": "SENT"}]}'
    later = b'{"measures": [{"kind": "SENT", "reference": "17"}]}'
    world = World(one_after_another(*(Reply(200, body) for body in (first, first, later, first))))
    deliverer = world.deliverer()
    for revision in (1, 2, 3, 4):
        await deliverer.deliver(record(CASE_ID, revision))
    assert [each.reference for each in world.measures] == ["", "17", ""]
    assert len({each.id for each in world.measures}) == 1


async def test_an_answer_that_cannot_be_taken_is_kept_and_the_case_is_delivered() -> None:
    world = World(one_after_another(Reply(200, b'{"measures": 1}'), Reply(200, b"{", whole=False)))
    deliverer = world.deliverer()
    await deliverer.deliver(record("a"))
    await deliverer.deliver(record("b"))
    assert [(each.stage, each.answer) for each in world.letters] == [
        ("answer", '{"measures": 1}'), ("answer", "{"),
    ]  # fmt: skip
    assert deliverer.counts.delivered == 2
    assert world.measures == []


async def test_a_message_that_is_no_case_stops_nothing() -> None:
    world = World(one_after_another())
    unreadable = Record("emissions.cases", 1, 5, b"\x00", NoEvent("no room for a schema id"))
    await world.deliverer().deliver(unreadable)
    assert [(each.stage, each.offset, each.id, each.record) for each in world.letters] == [
        ("decode", 5, None, b"\x00")
    ]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.lists(st.integers(0, 4))), max_size=12))
def test_every_record_ends_once_whatever_comes_back(
    script: list[tuple[str, list[int]]],
) -> None:
    """Replies for each try of each record; when they are over it is accepted."""
    replies: defaultdict[str, list[int]] = defaultdict(list)
    revisions: defaultdict[str, int] = defaultdict(int)
    records = []
    for identity, told in script:
        revisions[identity] += 1
        found = record(identity, revisions[identity])
        records.append(found)
        replies[f"{identity}-{revisions[identity]}"] = list(told)
    kinds = (Reply(200), Reply(400), Reply(500), Reply(503), NoReply("dropped"))

    def post(event: Event) -> Reply | NoReply:
        left = replies[event.id]
        return kinds[left.pop(0)] if left else Reply(200)

    world = World(post)

    async def deliver_all() -> Deliverer:
        deliverer = world.deliverer()
        await asyncio.gather(*map(deliverer.deliver, records))
        return deliverer

    counts = asyncio.run(deliver_all()).counts
    assert counts.delivered + counts.dead_letters == len(records)
    assert len(world.posted) == counts.retried + len(records)
