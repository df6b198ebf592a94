"""What a replay decides before it sends: each letter once, in order, up to the limit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.dead_letters.dead_letter import (
    DeadLetterRecord,
    RecordCoordinates,
    dead_letter_of,
    message_digest,
)
from emissions.dead_letters.recheck import NOT_SENT
from emissions.dead_letters.resend_plan import (
    ALREADY,
    DROP,
    KEEP,
    REQUEUE,
    SEND,
    SENDING,
    STOP,
    ResendPolicy,
    plan_resend,
)
from streams.core.quality.rejection import Rejection

REFUSED = Rejection("UNKNOWN_SOURCE", "source 'x' is not registered")
NEVER = Rejection(NOT_SENT, "it has neither a key nor a value")
policies = st.sampled_from(("stop", "requeue", "drop"))
verdicts = st.lists(st.sampled_from((None, None, REFUSED, NEVER)), max_size=12)


def letter(offset: int, *, arrived: int | None = None, value: bytes = b"v") -> DeadLetterRecord:
    record: dict[str, object] = {
        "reason": "UNDECODABLE", "stage": "decode", "detail": "", "source_id": None,
        "topic": "emissions.readings", "partition": 0, "offset": offset,
        "timestamp": offset if arrived is None else arrived, "key": b"k", "value": value,
        "headers": [],
    }  # fmt: skip
    return dead_letter_of(record, (0, offset), 0)


@given(verdicts, st.sets(st.integers(0, 11)), policies, st.integers(1, 5), st.randoms())
def test_runs_one_after_the_other_send_each_letter_once(
    found: list[Rejection | None],
    before: set[int],
    policy: ResendPolicy,
    limit: int,
    random: object,
) -> None:
    given_ = [(letter(at), refused) for at, refused in enumerate(found)]
    random.shuffle(given_)  # type: ignore[attr-defined]
    sent = Counter({letter(at).place: 1 for at in before})
    for _ in range(len(found) + 1):
        plan = plan_resend(given_, sent, policy=policy, limit=limit)
        assert len(plan.to_send) <= limit
        offsets = [each.place.offset for each in plan.to_send]
        assert offsets == sorted(offsets)
        assert not any(sent[each.place] for each in plan.to_send)
        dealt = [step.letter.place.offset for step in plan.steps]
        assert dealt == sorted(dealt)
        if plan.stopped_at is not None:
            assert plan.stopped_at.refused is REFUSED
            assert all(offset < dealt[-1] for offset in offsets)
        sent.update(each.place for each in plan.to_send)
        if not plan.beyond or plan.stopped_at is not None:
            break
    for at, refused in enumerate(found):
        wanted = refused is None or (refused is REFUSED and policy == "requeue")
        ended = policy == "stop" and any(
            other is REFUSED and number not in before for number, other in enumerate(found[:at])
        )
        assert sent[letter(at).place] == (at in before or (wanted and not ended))


@pytest.mark.parametrize(
    ("policy", "actions", "beyond"),
    [
        ("stop", [KEEP, ALREADY, SEND, STOP], 1),
        ("requeue", [KEEP, ALREADY, SEND, REQUEUE, SEND], 0),
        ("drop", [KEEP, ALREADY, SEND, DROP, SEND], 0),
    ],
)
def test_each_policy_does_what_it_says(
    policy: ResendPolicy, actions: list[str], beyond: int
) -> None:
    found = list(enumerate((NEVER, None, None, REFUSED, None)))
    plan = plan_resend(
        [(letter(at), refused) for at, refused in found],
        {letter(1).place: 2},
        policy=policy,
        limit=10,
    )
    assert [step.action for step in plan.steps] == actions
    assert plan.beyond == beyond
    assert plan.count(*SENDING) == len(plan.to_send)


def test_what_was_sent_is_sent_again_only_when_that_is_asked() -> None:
    sent = {letter(0).place: 1}
    for again, action in ((False, ALREADY), (True, SEND)):
        plan = plan_resend([(letter(0), None)], sent, policy="stop", limit=1, again=again)
        assert [step.action for step in plan.steps] == [action]


def test_the_order_is_that_of_arrival_then_of_the_place() -> None:
    found = [letter(5, arrived=1), letter(4, arrived=2), letter(3, arrived=1)]
    plan = plan_resend([(each, None) for each in found], {}, policy="stop", limit=2)
    assert [each.place.offset for each in plan.to_send] == [3, 5]
    assert plan.beyond == 1


@given(st.none() | st.binary(max_size=4), st.none() | st.binary(max_size=4))
def test_the_digest_tells_key_from_value_and_none_from_empty(
    key: bytes | None, value: bytes | None
) -> None:
    others = {(None, value), (b"", value), (key, None), (key, b""), (value, key)} - {(key, value)}
    assert message_digest(key, value) not in {message_digest(*other) for other in others}


def test_a_place_is_a_value() -> None:
    assert str(RecordCoordinates("emissions.readings", 2, 7)) == "emissions.readings/2/7"
