"""The mass of a year: exact, whatever comes late, wherever batches are cut, who restarts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from streams.core.evidence.recompute import EvidenceRecomputer
from streams.core.law.policy import Policy
from streams.core.records.findings import Finding, Violation
from streams.core.registry.enterprise import Channel, Device, Limit, Source, Verification
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import compile_sources
from streams.core.state.source_state import SourceState
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import midnight
from streams.rules.errors import RuleError
from streams.rules.load import parse_rules
from tests.core.examples import (
    ALMATY,
    BIN,
    CODEC,
    SO2,
    Found,
    Log,
    enterprise,
    fold,
    history,
    limit,
    local,
    one_by_one,
    proof,
    quiet,
    reading,
    source,
)
from tests.rules.test_rules import rule_text
from tests.support.generated import examples

GAS = (
    Channel("TEMPERATURE", "K"),
    Channel("PRESSURE", "kPa"),
    Channel("H2O", "%"),
    Channel("FLOW", "m3/s"),
)
VALUES = {"TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0.0}
NEW_YEAR = local("2027-01-01")
GRACE = Policy().grace


def annual(value: float, start: str | None = None, end: str | None = None) -> Limit:
    """A limit in t/a."""
    return limit(value, unit="t/a", valid_from=start, valid_to=end)


def stack(*limits: Limit, **changes: Any) -> Source:
    """A source with an hourly reading of SO2 and of the flow, in the reference already."""
    given: dict[str, Any] = {"channels": (SO2, *GAS), "cadence_s": 3600, "limits": limits} | changes
    return source(**given)


def hour(start: int, flow: float, so2: float = 1000.0, **changes: Any) -> Reading:
    """A reading of ``flow`` m3/s: at 1000 mg/m3 as many g/s."""
    values = {"SO2": so2, "FLOW": flow, **VALUES}
    return reading(start, **({"period_s": 3600, "values": values} | changes))


def grams(item: Reading) -> Fraction:
    """The mass of a reading: its g/s, rounded once to a double, times its period."""
    exact = Fraction(item.values["SO2"]) * Fraction(item.values["FLOW"]) / 1000
    return Fraction(float(exact)) * item.period_s


def years(found: Found) -> list[Violation]:
    """The violations of KZ-YEAR that stand."""
    return found.standing("KZ-YEAR")


def kept_of(found: Found) -> SourceState:
    """The state of the source."""
    return msgspec.msgpack.decode(found.state["0/source/A"], type=SourceState)


def last_findings(found: Found) -> dict[str, Finding]:
    """The last revision of each finding of a year, by kind and year."""
    return {f"{each.kind} {each.start}": each for each in found.findings if "YEAR" in each.kind}


class Told:
    """What is known independently: the accepted readings, and the limits by local midnight."""

    def __init__(self, items: Sequence[Reading], limits: Sequence[Limit]) -> None:
        self.items = sorted(items, key=lambda item: item.measured_at)
        self.limits = limits

    def limit_at(self, instant: int) -> float | None:
        """The limit in force."""
        for each in self.limits:
            begin = -1 if each.valid_from is None else local(each.valid_from)
            end = 1 << 62 if each.valid_to is None else local(each.valid_to)
            if begin <= instant < end:
                return each.value
        return None

    def year(self, start: int, end: int, until: int) -> tuple[float, float] | None:
        """Mass and limit of a year as of ``until``, None where no hour with a limit has closed."""
        closed = [
            item
            for item in self.items
            if start <= item.measured_at < end and item.ends_at + GRACE <= until
        ]
        while closed and self.limit_at(closed[-1].measured_at) is None:
            closed.pop()
        if not closed:
            return None
        of_last = self.limit_at(closed[-1].measured_at)
        assert of_last is not None
        total = sum((grams(each) for each in closed), Fraction())
        return float(total / 1_000_000), of_last


LIMITS = (
    [annual(20.0)],
    [annual(5.0, "2026-12-29")],
    [annual(20.0, None, "2026-12-30"), annual(60.0, "2026-12-30")],
    [annual(60.0, None, "2026-12-30"), annual(15.0, "2026-12-30")],
    [annual(10.0, None, "2026-12-29"), annual(12.0, "2026-12-31")],
    [annual(30.0, "2026-12-30"), limit(9000.0, unit="g/s", valid_from="2026-12-31")],
    [annual(0.5), limit(500.0)],
)


@examples(20)
@given(
    seed=st.integers(0, 2**32),
    limits=st.sampled_from(LIMITS),
    cuts=st.sets(st.integers(1, 400), max_size=12),
    rebuilt=st.booleans(),
)
def test_the_mass_is_exact_wherever_batches_are_cut(
    seed: int, limits: list[Limit], cuts: set[int], rebuilt: bool
) -> None:
    """Nine days around a new year: hours are sealed, and late readings come to those that are not.

    Some hours are missing, some come up to three days late, some come twice.
    """
    rng = Random(seed)
    items, sent = [], list[tuple[int, Reading]]()
    begin = NEW_YEAR - 5 * DAY
    for number in range(9 * 24):
        if rng.random() < 0.15:
            continue
        flow = rng.choice((0.0, 17.3, 1000.0 / 3, rng.uniform(0.0, 900.0)))
        item = hour(begin + number * HOUR, flow, rng.choice((1000.0, 1234.567)))
        items.append(item)
        late = 0
        if rng.random() < 0.15:
            late = rng.choice((MINUTE, 20 * MINUTE, 3 * HOUR, 70 * HOUR, 72 * HOUR))
        sent.append((item.ends_at + late, item))
        if late < 70 * HOUR and rng.random() < 0.03:
            sent.append((item.ends_at + late + HOUR, item))
    log = Log().tick(begin - HOUR)
    for arrival, item in sorted(sent, key=lambda each: (each[0], each[1].measured_at)):
        log.add(item, arrival)
    end = NEW_YEAR + 8 * DAY
    quiet(log).tick(NEW_YEAR + 7 * DAY).tick(end)
    plant = enterprise(stack(*limits))
    singly = one_by_one(log, plant)
    assert not singly.dead_letters
    found = fold(log, plant, cuts, rebuilt=rebuilt)
    said = {(each.id, each.revision): each for each in singly.violations}
    assert all(said[each.id, each.revision] == each for each in found.violations)
    assert {each.id: each for each in years(found)} == {each.id: each for each in years(singly)}
    assert last_findings(found) == last_findings(singly)
    assert kept_of(found).year_totals == kept_of(singly).year_totals
    told = Told(items, [each for each in limits if each.unit == "t/a"])
    expected = []
    for start, over in ((local("2026-01-01"), NEW_YEAR), (NEW_YEAR, local("2028-01-01"))):
        mass = told.year(start, over, end)
        if mass is not None and mass[0] > mass[1]:
            status = "CLOSED" if over == NEW_YEAR else "OPEN"
            expected.append((start, over, *mass, mass[0] - mass[1], status))
    assert [
        (
            each.start,
            each.end,
            each.value,
            each.limit,
            each.excess_mass_t,
            each.status.replace("AMENDED", "OPEN"),
        )
        for each in years(found)
    ] == expected
    for each in [*years(singly), *singly.violations]:
        if each.rule == "KZ-YEAR" and each.status != "WITHDRAWN":
            assert recomputed(log, each) is None


def recomputed(log: Log, violation: Violation) -> str | None:
    """What an audit says of the evidence of a violation, with the log alone."""
    (claimed,) = violation.evidence
    assert violation.end is not None
    closed = violation.detected_at - GRACE
    again = EvidenceRecomputer(claimed, violation.start, violation.end, closed)
    clock = compile_sources(enterprise(stack()))[0].clock
    for record in log.records:
        item = CODEC.decode_reading(record.value)
        if isinstance(item, Reading):
            assert record.value is not None
            again.add(record.offset, item, clock, record.value)
    return again.difference()


def test_a_year_of_a_clock_that_was_put_back_has_every_hour_once() -> None:
    """2024-03-01: UTC+6 became UTC+5, the hour before it came twice. 2024 began at UTC+6."""
    begin = midnight(ALMATY, date(2024, 1, 1))
    assert begin == local("2023-12-31 23:00")
    last = local("2024-02-29 21:00")  # the first of four hours that the local clock calls 22 to 0
    log = Log().tick(last - HOUR)
    for number in range(4):
        log.add(hour(last + number * HOUR, 1000.0))
    found = one_by_one(quiet(log), enterprise(stack(annual(10.0))))
    (year,) = years(found)
    assert (year.start, year.end, year.value) == (begin, local("2025-01-01"), 14.4)


def registered_later(*stacks: tuple[int, Source]) -> RegistryHistory:
    """A source without a limit in t/a, then as it is registered at instants."""
    registry = history(enterprise(stack(limit(9000.0, unit="g/s"))))
    for number, (since, each) in enumerate(stacks):
        registry.add(since, BIN, enterprise(each), proof(number + 1))
    return registry


def test_a_limit_that_is_registered_late_in_the_year_has_all_of_its_mass() -> None:
    """Even hours that were sealed weeks before, and the messages of them in the evidence."""
    begin = local("2026-04-01")
    log = Log().tick(begin - HOUR)
    for number in range(30 * 24):
        log.add(hour(begin + number * HOUR, 1.0 + number))
    since = begin + 29 * DAY + 90 * MINUTE
    later = stack(annual(1.0), limit(9000.0, unit="g/s"))
    found = one_by_one(quiet(log), registered_later((since, later)))
    (year,) = years(found)
    mass = sum((Fraction(1 + number) * 3600 for number in range(30 * 24)), Fraction())
    assert year.value == float(mass / 1_000_000)
    assert year.evidence[0].readings == 30 * 24
    assert recomputed(log, year) is None
    assert year.detected_at >= since


def test_a_limit_that_is_registered_away_leaves_what_stood() -> None:
    begin = local("2026-04-01")
    log = Log().tick(begin - HOUR)
    for number in range(9 * 24):
        log.add(hour(begin + number * HOUR, 1000.0))
    registry = registered_later(
        (begin - HOUR, stack(annual(10.0))), (begin + 2 * DAY, stack(limit(9000.0, unit="g/s")))
    )
    (year,) = years(one_by_one(quiet(log), registry))
    assert year.value == 46 * 3.6  # the hours after them close when it is gone
    again = registered_later(
        (begin - HOUR, stack(annual(10.0))),
        (begin + 2 * DAY, stack(limit(9000.0, unit="g/s"))),
        (begin + 8 * DAY, stack(annual(10.0))),
    )
    (year,) = years(one_by_one(log, again))
    assert year.value == pytest.approx(9 * 24 * 3.6)
    assert recomputed(log, year) is None


def test_a_limit_in_tonnes_alone_makes_no_mean_of_the_mass_flow() -> None:
    begin = local("2026-04-01")
    log = quiet(Log().tick(begin - HOUR).add(hour(begin, 1000.0)))
    found = one_by_one(log, enterprise(stack(annual(1.0))))
    assert [each.value for each in years(found)] == [3.6]
    assert {(each.parameter, each.unit) for each in found.means} == {
        ("SO2", "mg/m3"),
        *((each.parameter, each.unit) for each in GAS),
    }
    assert all(each.limit is None for each in found.means)


REPORTED = Channel("SO2.MASS", "g/s", basis="dry", reports="SO2")


@pytest.mark.parametrize(
    ("channels", "value"),
    [((REPORTED,), 1.8), ((SO2, REPORTED), 1.8), ((SO2, *GAS, REPORTED), 3.6), ((SO2, *GAS), 3.6)],
    ids=["reported alone", "without a flow", "beside the computed one", "computed"],
)
def test_a_reported_mass_flow_counts_where_none_can_be_computed(
    channels: tuple[Channel, ...], value: float
) -> None:
    begin = local("2026-04-01")
    values = {"SO2": 1000.0, "FLOW": 1000.0, **VALUES, "SO2.MASS": 500.0}
    sent = {each.parameter: values[each.parameter] for each in channels}
    log = quiet(Log().tick(begin - HOUR).add(reading(begin, period_s=3600, values=sent)))
    found = one_by_one(log, enterprise(stack(annual(1.0), channels=channels)))
    (year,) = years(found)
    assert (year.parameter, year.value) == ("SO2", value)


def test_what_is_kept_of_a_year_does_not_grow() -> None:
    begin = local("2026-04-01")
    log = Log().tick(begin - HOUR)
    for number in range(20 * 24):
        log.add(hour(begin + number * HOUR, 1000.0 + 1 / (number + 3)))
    plant = enterprise(stack(annual(10.0)))
    sizes = []
    for days in (6, 20):
        cut = days * 24
        found = fold(log.records[:cut], plant)
        kept = kept_of(found)
        sizes.append(len(msgspec.msgpack.encode((kept.years, kept.year_totals))))
    assert max(sizes) < 600
    assert sizes[1] - sizes[0] < 20


def test_a_year_that_is_over_is_forgotten() -> None:
    log = Log().tick(NEW_YEAR - DAY)
    for number in range(12 * 24):
        log.add(hour(NEW_YEAR - DAY + number * HOUR, 1000.0))
    found = one_by_one(log, enterprise(stack(annual(10.0))))
    kept = kept_of(found)
    assert set(kept.years) == {2027}
    assert set(kept.year_totals) == {"2027|SO2"}
    assert [(each.start, each.status) for each in years(found)] == [
        (local("2026-01-01"), "CLOSED"),
        (NEW_YEAR, "AMENDED"),
    ]
    assert {each.start for each in kept.published_findings.values()} == {NEW_YEAR}


def test_notices_at_80_and_90_percent_come_once_and_last_to_the_end_of_the_year() -> None:
    begin = NEW_YEAR - 12 * HOUR
    log = Log().tick(begin - HOUR)
    for number in range(7):
        log.add(hour(begin + number * HOUR, 1000.0))
    log.tick(NEW_YEAR + GRACE - 1).tick(NEW_YEAR + GRACE)
    found = one_by_one(log, enterprise(stack(annual(26.0))))
    assert [
        (each.kind, each.revision, each.status, each.end, each.value, each.threshold)
        for each in found.findings
    ] == [
        ("YEAR-80", 1, "OPEN", None, 6 * 3.6 / 26, 0.8),
        ("YEAR-90", 1, "OPEN", None, 7 * 3.6 / 26, 0.9),
        ("YEAR-80", 2, "CLOSED", NEW_YEAR, 6 * 3.6 / 26, 0.8),
        ("YEAR-90", 2, "CLOSED", NEW_YEAR, 7 * 3.6 / 26, 0.9),
    ]
    assert found.findings[0].detail == (
        "By 2026-12-31 18:00 the source had emitted 21.6 t of SO2 since 1 January, of 26 t that "
        "it may emit in the year; readings before 2026-12-31 12:00 are not known."
    )
    assert years(found) == []


def test_a_notice_is_taken_back_when_the_limit_is_raised() -> None:
    begin = local("2026-05-05") - 3 * HOUR
    log = Log().tick(begin - HOUR)
    for number in range(5):
        log.add(hour(begin + number * HOUR, 1000.0))
    raised = (annual(12.0, None, "2026-05-05"), annual(100.0, "2026-05-05"))
    found = one_by_one(quiet(log), enterprise(stack(*raised)))
    assert [(each.kind, each.status) for each in found.findings] == [
        ("YEAR-80", "OPEN"),
        ("YEAR-90", "OPEN"),
        ("YEAR-80", "WITHDRAWN"),
        ("YEAR-90", "WITHDRAWN"),
    ]


def test_exactly_a_share_is_reached() -> None:
    begin = local("2026-05-05")
    log = Log().tick(begin - HOUR)
    for number in range(4):
        log.add(hour(begin + number * HOUR, 1000.0))
    for value, kinds in ((18.0, ["YEAR-80"]), (18.000000001, [])):
        found = one_by_one(quiet(log), enterprise(stack(annual(value))))
        assert [each.kind for each in found.findings] == kinds


def test_the_validated_value_and_the_device_stand_in_the_violation() -> None:
    begin = local("2026-05-05")
    log = Log().tick(begin - HOUR)
    for number in range(4):
        serial = "SN-1" if number else "SN-2"
        log.add(hour(begin + number * HOUR, 1000.0, device_serial=serial))
    device = Device("analyser", "SN-1", Verification("BA-1", "2026-01-01", "2027-01-01"))
    other = Device("analyser", "SN-2", Verification("BA-2", "2026-01-01", "2027-01-01"))
    limited = limit(10.0, unit="t/a", confidence_interval_pct=20.0)
    (year,) = years(one_by_one(quiet(log), enterprise(stack(limited, devices=(device, other)))))
    assert (year.value, year.validated_value, year.ratio) == (14.4, 12.4, 1.44)
    assert (year.device_serial, year.verification) == ("SN-1", "BA-1")
    assert (year.unit, year.track, year.certainty) == ("t/a", "PRESCRIPTION", "inferred")


@pytest.mark.parametrize("percent", [0, 100, -1, 150])
def test_a_notice_that_is_none_is_refused(percent: int) -> None:
    text = rule_text().replace(
        "{kind: window_mean_over, window: 1h, unit: mg/m3, compare: at_least, factor: 2}",
        f"{{kind: year_mass_over, notices_pct: [{percent}]}}",
    )
    with pytest.raises(RuleError, match="a notice is at 1 to 99 percent of the limit"):
        parse_rules([("x.yaml", text)])


def test_values_beyond_the_doubles_have_a_mass_all_the_same() -> None:
    wide = Channel("SO2", "mg/m3", basis="dry", conditions=SO2.conditions)
    begin = local("2026-05-05")
    log = Log().tick(begin - HOUR)
    for number, value in enumerate((1e308, 1.5e308, -1e308, 1.7e308)):
        log.add(hour(begin + number * HOUR, 1000.0, value))
    plant = enterprise(stack(annual(10.0), channels=(wide, *GAS)))
    (year,) = years(one_by_one(quiet(log), plant))
    assert year.value == float(
        sum(Fraction(each) for each in (1e308, 1.5e308, -1e308, 1.7e308)) * 3600 / 10**6
    )
