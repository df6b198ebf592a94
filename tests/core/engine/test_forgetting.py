"""Forgetting what is final changes nothing: gaps, violations and means as if all were kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.policy import Policy
from streams.core.time.interval import HOUR
from tests.core.engine.test_bulk import said_no_other
from tests.core.engine.test_partition import BEGIN, LEVELS, STATES, Sent, end_of, final, stack
from tests.core.examples import Log, fold, one_by_one, reading
from tests.support.generated import examples

FORGETFUL = Policy(max_lateness=6 * HOUR)
KEEPING = Policy(max_lateness=400 * 24 * HOUR)

CADENCES = (600, 1200, 1800, 3600)
STEADY_STEPS = (1,) * 40 + (2, 3, 9, 60, 160)
BROKEN_STEPS = (1,) * 12 + (2, 3, 9, 60, 160)
DELAYS = (0,) * 8 + (HOUR, 6 * HOUR)


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, list[Sent]]:
    """A cadence (s) and what one source sends: steadily above the limit, or with many holes."""
    cadence = draw(st.sampled_from(CADENCES))
    steady = draw(st.booleans())
    steps = st.sampled_from(STEADY_STEPS if steady else BROKEN_STEPS)
    carbon = draw(st.sampled_from(("never", "always", "sometimes")))
    index, sent = 0, []
    for _ in range(draw(st.integers(10, 90))):
        index += draw(steps)
        high = steady and draw(st.integers(0, 20))
        values = {"SO2": 1000.0 if high else draw(st.sampled_from(LEVELS))}
        if carbon == "always" or (carbon == "sometimes" and draw(st.integers(0, 9)) == 0):
            values["CO"] = 1.0
        item = reading(
            BEGIN + index * cadence * 1000,
            period_s=cadence,
            state="NORMAL" if steady else draw(st.sampled_from(STATES)),
            values=values,
        )
        sent.append(Sent(item, draw(st.sampled_from(DELAYS))))
    return cadence, sent


def log_of(sent: list[Sent], *, ticking: bool) -> Log:
    """The log of a partition, with or without ticks through the silences."""
    log, now = Log().tick(BEGIN), BEGIN
    for item, delay in sorted(sent, key=lambda one: one.item.ends_at + one.delay):
        arrival = item.ends_at + delay
        while ticking and now + 3 * HOUR < arrival:
            now += 3 * HOUR
            log.tick(now)
        log.add(item, arrival)
        now = max(now, arrival)
    return log.tick(end_of(sent))


@examples(25)
@given(streams(), st.booleans(), st.booleans(), st.data())
def test_eviction_of_state_changes_no_result(
    sent: tuple[int, list[Sent]], ticking: bool, rebuilt: bool, data: st.DataObject
) -> None:
    cadence, items = sent
    enterprise = stack(cadence)
    log = log_of(items, ticking=ticking)
    cuts = data.draw(st.sets(st.integers(1, len(log.records) - 1)))
    kept = one_by_one(log, enterprise, policy=KEEPING)
    found = fold(log, enterprise, cuts, rebuilt=rebuilt, policy=FORGETFUL)
    assert found.used == kept.used
    said_no_other(found.gaps, kept.gaps)
    said_no_other(found.violations, kept.violations)
    assert final(found)[0] == final(kept)[0]
