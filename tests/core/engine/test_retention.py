"""What is forgotten: the state of a source stays bounded and no result changes for it."""

from __future__ import annotations

import msgspec
import pytest

from streams.core.law.policy import Policy
from streams.core.registry.enterprise import Channel
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.examples import (
    SO2,
    Found,
    Log,
    connected,
    excused,
    fold,
    local,
    one_by_one,
    reading,
    source,
)

DAYS = 30
BEGIN = local("2026-04-01")
REMEMBERS = Policy(max_lateness=400 * DAY)
CO = Channel("CO", "mg/m3", basis="dry", range=(0.0, 900.0))
DUST = Channel("DUST", "mg/m3", basis="dry", range=(0.0, 900.0))
PLANT = connected(source(cadence_s=1800, channels=(SO2, CO, DUST)))


def month() -> Log:
    """A source with a weekly stop, a broken channel, an outage, a long run and late readings."""
    log = Log()
    arrivals = []
    for index in range(DAYS * 48):
        at = BEGIN + index * 30 * MINUTE
        day, hour = divmod((at - BEGIN) // HOUR, 24)
        if day in (9, 10, 25):
            continue  # an outage of two days and one of a day
        level = 1100.0 if 13 <= day < 20 else 90.0 + index % 400
        values = {"SO2": level}
        if not 4 <= day < 15:
            values["CO"] = 20.0 + index % 9  # eleven days without the channel; DUST never comes
        state = "STOPPED" if day % 7 == 6 and hour < 12 else "NORMAL"
        late = 30 * HOUR if day == 21 else 60 * HOUR if index % 97 == 0 else 0
        item = reading(at, period_s=1800, state=state, values=values)
        arrivals.append((item.ends_at + late, item))
    for arrival, item in sorted(arrivals, key=lambda each: each[0]):
        log.add(item, arrival)
    return log.tick(BEGIN + (DAYS + 2) * DAY)


@pytest.fixture(scope="module")
def forgetful() -> Found:
    """The month, judged in batches by engines that come and go."""
    log = month()
    return fold(log, PLANT, range(0, len(log.records), 150), rebuilt=True)


@pytest.mark.slow
def test_a_month_leaves_a_state_of_days_and_the_results_of_a_month(forgetful: Found) -> None:
    log = month()
    thorough = fold(log, PLANT, range(0, len(log.records), 150), policy=REMEMBERS)
    assert forgetful.used == thorough.used

    keys, size = forgetful.largest
    assert keys < (3 + 2 + 2) * 24  # lateness, the day a mean needs, and a margin
    assert thorough.largest[0] > 25 * 24
    assert size < thorough.largest[1] / 3
    cases = sum(len(value) for key, value in forgetful.state.items() if key.startswith("0/case"))
    assert 0 < cases < 400 * len(forgetful.violations)  # no more than a few facts a violation
    assert contents(forgetful) == contents(thorough)
    rules = {violation.rule for violation in forgetful.violations}
    assert rules == {"KZ-30", "KZ-3H", "KZ-DAY", "KZ-GAP"}
    assert {gap.parameter for gap in forgetful.gaps} == {None, "CO", "DUST"}


def contents(found: Found) -> tuple[object, object, object]:
    """The last word on everything, without the finality that the policy itself decides."""
    means = {
        key: msgspec.structs.replace(mean, final=True) for key, mean in found.last_means.items()
    }
    return means, found.last_gaps, found.last_violations


@pytest.mark.slow
def test_the_head_does_not_grow_with_the_findings(forgetful: Found) -> None:
    assert len(forgetful.violations) > 300
    assert len(forgetful.state["0/source/A"]) < 1000


def test_a_silent_source_forgets_its_hours() -> None:
    log = Log().series(BEGIN, [100.0] * 48, period_s=1800)
    for hours in range(10 * 24):
        log.tick(BEGIN + DAY + hours * HOUR)
    found = fold(log, PLANT, range(0, len(log.records), 10), rebuilt=True)
    assert not [key for key in found.state if "/hour/" in key]
    assert found.spans() == [(BEGIN + DAY, None)]


def test_a_reading_of_a_forgotten_hour_is_too_late_whatever_its_own_timestamp_says() -> None:
    log = Log().series(BEGIN, [100.0] * 2, period_s=1800)
    log.add(reading(BEGIN + 8 * DAY, period_s=1800)).tick(BEGIN + 8 * DAY + 2 * HOUR)
    log.add(reading(BEGIN, period_s=1800))
    found = fold(log, PLANT)
    assert (found.used, found.duplicates) == (3, 0)
    assert [letter.reason for letter in found.dead_letters] == ["TOO_LATE"]


def test_a_channel_gap_is_not_published_anew_from_where_a_silence_of_its_source_ended() -> None:
    """Maintenance leaves a piece of the source's silence too short to be a gap; it is cut."""
    period = excused("2026-04-01 09:10", "2026-04-01 10:00")
    plant = connected(source(cadence_s=3600, excused=(period,), channels=(SO2, CO)))
    log = Log()
    for hour in (1, 4, 13, 16, 17, 150):
        log.add(reading(BEGIN + hour * HOUR, period_s=3600))
    found = fold(log, plant, range(len(log.records)), rebuilt=True)
    thorough = one_by_one(log, plant, policy=REMEMBERS)
    assert found.gaps == thorough.gaps
    assert BEGIN + 13 * HOUR in {start for start, _ in found.spans("CO")}
