"""The plan of publication: properties over any input, and the cases of the specification."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emissions.replay.publication_plan import AFTER_LAST_MS, FUTURE_MS, UNKNOWN, plan_publication

NOW = 1_800_000_000_000
times = st.one_of(
    st.integers(-10_000, 10_000),
    st.integers(NOW - 4 * FUTURE_MS, NOW + 4 * FUTURE_MS),
    st.integers(-(10**14), 10**14),
)
rows = st.lists(st.tuples(st.one_of(st.just(UNKNOWN), times), times), max_size=40)


@given(rows, st.one_of(st.none(), times))
def test_the_plan_of_any_input(rows: list[tuple[int, int]], until: int | None) -> None:
    arrived, ends = [r[0] for r in rows], [r[1] for r in rows]
    plan = plan_publication(arrived, ends, until, NOW)

    assert len(plan.order) == len(plan.timestamps) == len(rows) - plan.absent
    assert len(set(plan.order)) == len(plan.order)
    assert plan.first_tick <= plan.until
    present = len(plan.order) - plan.future
    usual = list(zip(plan.timestamps[:present], plan.order[:present], strict=True))
    assert usual == sorted(usual)  # by arrival, ties by place in the input
    for timestamp, index in usual:
        moment = ends[index] if arrived[index] == UNKNOWN else arrived[index]
        assert timestamp == max(0, moment)
        assert plan.first_tick <= timestamp <= plan.until
    for index in plan.order[present:]:
        assert arrived[index] == UNKNOWN
        assert ends[index] > (NOW if until is None else until)
    for timestamp, index in zip(plan.timestamps[present:], plan.order[present:], strict=True):
        assert 0 <= timestamp < max(plan.first_tick, 1)  # it lies in no silence of the run
        assert ends[index] > timestamp + FUTURE_MS or timestamp == 0
    missing = set(range(len(rows))) - set(plan.order)
    assert all(until is not None and arrived[index] > until for index in missing)


def test_without_until_the_run_ends_twenty_minutes_after_the_latest_arrival() -> None:
    plan = plan_publication([500, UNKNOWN, 300], [0, 400, 100], None, NOW)
    assert list(plan.order) == [2, 1, 0]
    assert list(plan.timestamps) == [300, 400, 500]
    assert (plan.first_tick, plan.until) == (300, 500 + AFTER_LAST_MS)


def test_the_future_does_not_set_the_end_of_the_run() -> None:
    plan = plan_publication([UNKNOWN, UNKNOWN], [NOW + 1, NOW], None, NOW)
    assert list(plan.order) == [1, 0]
    assert (plan.until, plan.future) == (NOW + AFTER_LAST_MS, 1)
    assert plan.timestamps[1] == NOW - FUTURE_MS


def test_an_empty_input_is_judged_at_until_or_now() -> None:
    assert plan_publication([], [], None, NOW).first_tick == NOW
    assert plan_publication([], [], 7, NOW).until == 7
    assert plan_publication([8], [0], 7, NOW).first_tick == 7
