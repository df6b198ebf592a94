"""Later answers: asked for page after page, taken only for cases that exist."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from emissions.bridge.answer import CaseSubject, subject_of
from emissions.bridge.outcome import NoReply, Reply
from emissions.bridge.polling import AnswerPoller
from streams.core.registry.measure import Measure
from streams.rules.country import home
from tests.emissions.bridge.cases import case

NOW = 1_772_900_000_000
ID = "7d444840-9dc0-5ef3-a245-5ffdce74fad2"


class KnownCases:
    """An index of one case, which it knows when it has read on."""

    def __init__(self) -> None:
        self._known: dict[str, CaseSubject] = {}

    async def read_on(self) -> None:
        self._known[ID] = subject_of(case(ID))

    def get(self, identity: str) -> CaseSubject | None:
        return self._known.get(identity)


class Other:
    """The other side: what it answers, in order, and what it was asked."""

    def __init__(self, *replies: Reply | NoReply) -> None:
        self._replies = list(replies)
        self.asked: list[str] = []
        self.measures: list[Measure] = []

    async def ask(self, url: str) -> Reply | NoReply:
        self.asked.append(url)
        return self._replies.pop(0)

    async def publish(self, measures: Iterable[Measure]) -> None:
        self.measures += measures

    async def polled(self, times: int, url: str = "https://x/answers") -> Other:
        poller = AnswerPoller(url, self.ask, KnownCases(), self.publish)  # type: ignore[arg-type]
        for _ in range(times):
            await poller.poll(home(), NOW)
        return self


def page(*told: tuple[str, str], after: str = "") -> Reply:
    answers: list[dict[str, Any]] = [
        {"case_id": identity, "measures": [{"kind": kind}]} for identity, kind in told
    ]
    return Reply(200, json.dumps({"answers": answers, "next": after}).encode())


async def test_pages_follow_each_other_and_an_outage_changes_nothing() -> None:
    first, second = page((ID, "SENT"), after="a&b"), page((ID, "PAID"))
    bad = (NoReply("no reply"), Reply(503), Reply(302), Reply(200, b"{"), Reply(200, b""))
    other = await Other(first, *bad, second, page()).polled(8, "https://x/answers?k=1")
    assert [each.kind for each in other.measures] == ["SENT", "PAID"]
    assert other.asked == ["https://x/answers?k=1", *["https://x/answers?k=1&after=a%26b"] * 7]


@pytest.mark.parametrize("told", [("no-such-case", "SENT"), (ID, "DELIVERED"), (ID, "SENT")])
async def test_one_answer_that_cannot_be_taken_keeps_back_no_other(told: tuple[str, str]) -> None:
    other = await Other(page(told, (ID, "PAID"))).polled(1)
    assert [each.kind for each in other.measures if each.kind != "SENT"] == ["PAID"]
    assert {(each.case_id, each.bin) for each in other.measures} == {(ID, case(ID).bin)}
