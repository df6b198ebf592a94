"""Quality of a reading: why a message is refused, and what each of its channels is worth."""

from __future__ import annotations

import math

import pytest

from schemas.reading import Reading
from streams.core.law.policy import Policy
from streams.core.quality.assess import assess_reading, channel_codes
from streams.core.quality.rejection import rejection_of
from streams.core.records.partitioning import Share, partition_of
from streams.core.registry.enterprise import Channel, Conditions, Device, Enterprise, Verification
from streams.core.sources.source import SourceEntry, compile_sources
from streams.core.time.interval import HOUR, MINUTE, overlaps
from tests.core.examples import (
    SO2,
    STANDARD,
    Log,
    enterprise,
    excused,
    fold,
    limit,
    local,
    reading,
    source,
)

BEGIN = local("2026-04-01")
POLICY = Policy()
ALL = Share(0, 1)
ELSEWHERE = Share(1 - partition_of("A", 2), 2)


def entry(of: Enterprise | None = None) -> SourceEntry:
    """The first source of an enterprise."""
    return compile_sources(of or enterprise())[0]


def reason(
    item: Reading, arrival: int, of: Enterprise | None = None, share: Share = ALL
) -> str | None:
    """Why a reading of a registered source is refused."""
    refused = rejection_of(item, entry(of), arrival, POLICY, share)
    return None if refused is None else refused.reason


def code(value: float, channel: Channel = SO2, **changes: object) -> str | None:
    """The mark on the only channel of a reading."""
    item = reading(BEGIN, values={channel.parameter: value}, **changes)
    plant = enterprise(source(channels=(channel,)))
    return channel_codes(item, entry(plant)).get(channel.parameter)


def test_the_first_reason_in_the_fixed_order_applies() -> None:
    """Every defect at once; they are taken away one by one."""
    early = local("2009-05-01") - 10 * MINUTE
    wrong = reading(early, period_s=60)
    arrival = early - 10 * MINUTE
    testing = enterprise(test=True)
    assert rejection_of(wrong, None, arrival, POLICY, ELSEWHERE).reason == "UNKNOWN_SOURCE"  # type: ignore[union-attr]
    assert reason(wrong, arrival, testing, ELSEWHERE) == "WRONG_PARTITION"
    assert reason(wrong, arrival, testing) == "TEST_STREAM"
    assert reason(wrong, arrival) == "BAD_PERIOD"
    right = reading(early)
    assert reason(right, arrival) == "FROM_THE_FUTURE"
    assert reason(right, right.ends_at + 73 * HOUR) == "BEFORE_COMMISSIONING"
    after = reading(early + 10 * MINUTE)
    assert reason(after, after.ends_at + 73 * HOUR) == "TOO_LATE"
    assert reason(after, after.ends_at) is None


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (-5 * MINUTE - 1, "FROM_THE_FUTURE"),
        (-5 * MINUTE, None),
        (0, None),
        (72 * HOUR, None),
        (72 * HOUR + 1, "TOO_LATE"),
    ],
)
def test_five_minutes_of_future_and_three_days_of_lateness_are_allowed(
    delay: int, expected: str | None
) -> None:
    item = reading(BEGIN)
    assert reason(item, item.ends_at + delay) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "NOT_FINITE"),
        (math.inf, "NOT_FINITE"),
        (-math.inf, "NOT_FINITE"),
        (1e34, "OUT_OF_RANGE"),
        (-1e34, "OUT_OF_RANGE"),
        (3000.0, None),
        (math.nextafter(3000.0, math.inf), "OUT_OF_RANGE"),
        (0.0, None),
        (-0.0, None),
        (-5e-324, "ZEROED"),
        (-60.0, "ZEROED"),
        (-60.00000005, "ZEROED"),
        (-60.0000001, "OUT_OF_RANGE"),
    ],
)
def test_a_value_is_finite_and_in_range_or_zero_drift(value: float, expected: str | None) -> None:
    assert code(value) == expected


def test_zero_drift_is_two_percent_of_the_span_of_a_range_that_contains_zero() -> None:
    signed = Channel("SO2", "mg/m3", basis="dry", conditions=STANDARD, range=(-100.0, 900.0))
    assert code(-100.0, signed) is None
    assert code(-100.1, signed) == "OUT_OF_RANGE"  # 2 % of the span is nearer than the range
    positive = Channel("SO2", "mg/m3", basis="dry", range=(5.0, 900.0))
    assert code(-1.0, positive) == "OUT_OF_RANGE"
    assert code(4.9, positive) == "OUT_OF_RANGE"


def test_a_channel_without_a_range_takes_every_finite_number() -> None:
    free = Channel("SO2", "mg/m3", conditions=STANDARD)
    assert code(-1e34, free) is None
    assert code(math.inf, free) == "NOT_FINITE"


def test_a_zeroed_value_counts_as_nought_and_is_marked() -> None:
    found = fold(Log().series(BEGIN, [-60.0, 100.0]).tick(BEGIN + HOUR))
    mean = found.mean("20min", BEGIN)
    assert (mean.value, mean.min, mean.valid_s) == (50.0, 0.0, 1200)
    assert mean.seconds_by_code == {"ZEROED": 600}


@pytest.mark.parametrize("flag", [*"FMSDCTB", "X", ""])
def test_every_flag_but_n_makes_its_channel_invalid(flag: str) -> None:
    assert code(100.0, flags={"SO2": flag}) == f"STATUS_{flag}"


def test_a_normal_flag_and_a_flag_on_an_absent_channel_are_nothing() -> None:
    assert code(100.0, flags={"SO2": "N", "CO": "D"}) is None


@pytest.mark.parametrize("state", ["STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY"])
def test_every_state_but_normal_makes_all_channels_invalid(state: str) -> None:
    assert code(100.0, state=state) == f"STATE_{state}"


def test_the_first_code_in_the_fixed_order_applies() -> None:
    """Every defect at once on a wet channel; they are taken away one by one."""
    wet = Channel("SO2", "mg/m3", basis="wet", conditions=Conditions(293.15, 101.3))
    oxygen = Channel("O2", "%", basis="dry", range=(0.0, 25.0))
    water = Channel("H2O", "%")
    at_six = Conditions(293.15, 101.3, dry=True, o2_pct=6.0)
    period = excused("2026-04-01", "2026-04-02")
    plant = enterprise(
        source(
            channels=(wet, oxygen, water),
            limits=(limit(500.0, reference=at_six),),
            excused=(period,),
        )
    )

    def mark(values: dict[str, float], flag: str = "D", state: str = "STOPPED") -> str | None:
        item = reading(BEGIN, values=values, flags={"SO2": flag}, state=state)
        return channel_codes(item, entry(plant)).get("SO2")

    assert mark({"SO2": math.nan}) == "NOT_FINITE"
    assert mark({"SO2": 100.0}) == "STATUS_D"
    assert mark({"SO2": 100.0}, "N") == "STATE_STOPPED"
    assert mark({"SO2": 100.0}, "N", "NORMAL") == "AUXILIARY_MISSING"
    assert mark({"SO2": 100.0, "O2": 20.5}, "N", "NORMAL") == "AUXILIARY_MISSING"
    assert mark({"SO2": 100.0, "O2": 20.5, "H2O": 9.0}, "N", "NORMAL") == "OXYGEN_TOO_HIGH"
    assert mark({"SO2": 100.0, "O2": 7.0, "H2O": 9.0}, "N", "NORMAL") == "EXCUSED"
    ranged = enterprise(source(channels=(SO2,)))
    item = reading(BEGIN, values={"SO2": 9e9}, flags={"SO2": "D"}, state="STOPPED")
    assert channel_codes(item, entry(ranged)) == {"SO2": "OUT_OF_RANGE"}


def test_an_invalid_auxiliary_is_as_good_as_absent() -> None:
    wet = Channel("SO2", "mg/m3", basis="wet", conditions=Conditions(293.15, 101.3))
    water = Channel("H2O", "%", range=(0.0, 40.0))
    plant = entry(enterprise(source(channels=(wet, water))))
    for values, flags in (
        ({"SO2": 1.0, "H2O": 41.0}, {}),
        ({"SO2": 1.0, "H2O": 9.0}, {"H2O": "C"}),
    ):
        codes = channel_codes(reading(BEGIN, values=values, flags=flags), plant)
        assert codes["SO2"] == "AUXILIARY_MISSING"
    drifted = channel_codes(reading(BEGIN, values={"SO2": 1.0, "H2O": -0.5}), plant)
    assert drifted == {"H2O": "ZEROED"}


@pytest.mark.parametrize(
    ("start", "end", "marked"),
    [
        ("2026-04-01 00:00", "2026-04-01 00:10", True),
        ("2026-04-01 00:09", "2026-04-01 01:00", True),
        ("2026-03-31", "2026-04-01", False),
        ("2026-04-01 00:10", "2026-04-02", False),
        (None, "2026-04-01 00:01", True),
        ("2026-04-01 00:09", None, True),
    ],
)
def test_a_reading_that_overlaps_an_excused_period_is_marked(
    start: str | None, end: str | None, marked: bool
) -> None:
    plant = entry(enterprise(source(excused=(excused(start, end),))))
    assert channel_codes(reading(BEGIN), plant) == ({"SO2": "EXCUSED"} if marked else {})


def test_overlaps_of_several_periods() -> None:
    periods = [(10, 20), (30, 40)]
    assert overlaps(periods, 19, 21)
    assert overlaps(periods, 0, 50)
    assert overlaps(periods, 12, 13)
    assert not overlaps(periods, 20, 30)
    assert not overlaps(periods, 0, 10)
    assert not overlaps(periods, 40, 50)
    assert not overlaps([], 0, 50)


def test_an_unknown_parameter_has_no_mean() -> None:
    log = Log().add(reading(BEGIN, values={"SO2": 1.0, "VOC": 2.0})).tick(BEGIN + HOUR)
    assert {mean.parameter for mean in fold(log).means} == {"SO2"}
    codes = channel_codes(reading(BEGIN, values={"VOC": 2.0}), entry())
    assert codes == {"VOC": "UNKNOWN_PARAMETER"}


VERIFIED = Device("a", "SN-1", Verification("1", "2026-03-01", "2026-04-01"))


@pytest.mark.parametrize(
    ("devices", "serial", "at", "verified"),
    [
        ((), None, "2026-04-01", True),
        ((), "SN-9", "2026-04-01", True),
        ((VERIFIED,), "SN-1", "2026-03-01", True),
        ((VERIFIED,), "SN-1", "2026-03-31 23:50", True),
        ((VERIFIED,), "SN-1", "2026-04-01", False),
        ((VERIFIED,), "SN-1", "2026-02-28 23:50", False),
        ((VERIFIED,), "SN-9", "2026-03-15", False),
        ((VERIFIED,), None, "2026-03-15", False),
        ((Device("a", "SN-1"),), "SN-1", "2026-03-15", False),
        ((VERIFIED, Device("a", "SN-1", Verification("2", "2026-04-01"))), "SN-1", "2031-01-01", 1),
    ],
)
def test_a_device_is_verified_within_its_dates(
    devices: tuple[Device, ...], serial: str | None, at: str, verified: bool
) -> None:
    plant = entry(enterprise(source(devices=devices)))
    item = reading(local(at), device_serial=serial)
    assert assess_reading(item, plant).verified is bool(verified)
    assert channel_codes(item, plant) == ({} if verified else {"SO2": "UNVERIFIED"})


def test_an_unverified_reading_counts_and_leaves_its_mark() -> None:
    plant = enterprise(source(devices=(VERIFIED,)))
    found = fold(Log().series(BEGIN, [100.0, 300.0]).tick(BEGIN + HOUR), plant)
    mean = found.mean("20min", BEGIN)
    assert (mean.value, mean.status) == (200.0, "VALID")
    assert mean.seconds_by_code == {"UNVERIFIED": 1200}


def test_a_channel_of_a_limit_on_mass_flow_alone_has_no_concentration_series() -> None:
    plain = Channel("SO2", "mg/m3", basis="dry", conditions=STANDARD)
    plant = enterprise(source(channels=(plain,), limits=(limit(9.0, unit="g/s"),)))
    found = fold(Log().series(BEGIN, [100.0] * 6).tick(BEGIN + 2 * HOUR), plant)
    assert {(mean.unit, mean.window) for mean in found.means} == {("g/s", "1h")}
    assert found.means[0].status == "INSUFFICIENT"
    assert found.means[0].seconds_by_code == {"AUXILIARY_MISSING": 3600}


def test_refusals_say_when_in_the_local_time_of_the_source() -> None:
    """No seconds in scientific form: "24 days 7 h", and both times."""
    source = entry()
    day = 86_400_000
    late = reading(BEGIN)
    end = late.ends_at

    def said(arrival: int) -> str:
        refused = rejection_of(late, source, arrival, POLICY, ALL)
        assert refused is not None
        return refused.detail

    assert said(end + 24 * day + 7 * 3_600_000).endswith(" and 3 days are allowed")
    assert ", 24 days 7 h after its interval's end (20" in said(end + 24 * day + 7 * 3_600_000)
    assert ", 91 days after it arrived (20" in said(end - 91 * day)
    assert "e+" not in said(end + 10**12)
