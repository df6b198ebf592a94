"""What each reply means, and how long a delivery waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.bridge.outcome import NoReply, Outcome, Patience, Reply, outcome_of, reason_of


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.DELIVERED),
        ((400, 402, 409, 413, 415, 418, 422, 451), Outcome.REFUSED),
        ((500, 501, 505, 599, 100, 600, 0), Outcome.FAILED),
        ((401, 403, 404, 405, 407, 410), Outcome.UNAVAILABLE),  # address or key
        ((408, 425, 429, 502, 503, 504), Outcome.UNAVAILABLE),  # later
        ((300, 301, 302, 307, 308), Outcome.UNAVAILABLE),  # not followed
    ],
)
def test_a_status_means_one_thing(statuses: tuple[int, ...], outcome: Outcome) -> None:
    assert {outcome_of(Reply(status)) for status in statuses} == {outcome}


def test_nothing_is_given_up_because_nobody_answers() -> None:
    assert outcome_of(NoReply("no reply within 30 s")) is Outcome.UNAVAILABLE
    assert reason_of(NoReply("no reply within 30 s")) == "no reply within 30 s"
    assert reason_of(Reply(503)) == "HTTP 503"
    assert reason_of(Reply(308)) == "HTTP 308, and redirects are not followed"


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_pauses_double_up_to_the_longest_and_differ(tried: int, jitter: float) -> None:
    patience = Patience(shortest_s=1, longest_s=300)
    longest = min(300, 2 ** min(tried - 1, 30))
    assert longest / 2 <= patience.pause_s(tried, jitter) <= longest
    assert patience.pause_s(tried, 0) == longest


def test_what_the_other_side_asks_for_is_kept_within_an_hour() -> None:
    patience = Patience(shortest_s=1, longest_s=300)
    assert patience.pause_s(1, 0, 120) == 120
    assert patience.pause_s(1, 0, 10**9) == 3600
    assert patience.pause_s(9, 0, 1) == 256
