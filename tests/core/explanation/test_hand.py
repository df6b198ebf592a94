"""What is explained, held against calculations by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import msgspec
import pytest

from streams.core.explanation.explain import (
    Explanation,
    explain_gap,
    explain_mean,
    explain_violation,
)
from streams.core.explanation.facts import Facts
from streams.core.explanation.node import Node
from streams.core.registry.enterprise import (
    Channel,
    Conditions,
    Device,
    Enterprise,
    Source,
    Verification,
)
from streams.core.registry.notice import Notice
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import iso
from streams.rules.load import load_rules
from tests.core.examples import (
    BIN,
    Log,
    connected,
    enterprise,
    excused,
    history,
    limit,
    local,
    obliged,
    reading,
    source,
)
from tests.core.explanation.stored import RULES, WIRE, Stored

NOON = local("2026-05-04 12:00")


def stored(log: Log, works: Enterprise | None = None, size: int = 1) -> Stored:
    return Stored(history(works or enterprise()), log.records, size=size)


def violation(found: Stored, rule: str, language: str = "en") -> Explanation:
    (identity,) = {each.id for each in found.violations if each.rule == rule}
    return explain_violation(found.of_violation(identity), WIRE, identity, language)


def half_hour(*values: float | None) -> Log:
    """Readings of the half hour from noon on, and the time in which it closes."""
    return Log().tick(NOON - HOUR).series(NOON, values).tick(NOON + HOUR)


def test_a_half_hour_at_twice_the_limit() -> None:
    found = violation(stored(half_hour(990.0, 1000.0, 1010.0)), "KZ-30")
    nodes = found.nodes
    assert found.equal
    assert not found.differences
    assert not found.notes
    window = "violation.measurements.30min"
    # (990 + 1000 + 1010) * 600 / 1800 = 1000 = 2 * 500
    assert nodes[f"{window}.value"].value == 1000.0
    assert nodes[f"{window}.value"].numbers["sum"] == 1_800_000.0
    assert nodes[f"{window}.value"].numbers["quotient"] == 1000.0
    assert nodes[f"{window}.share"].value == 1.0
    compared = nodes["violation.comparison"]
    assert compared.reason == "MET"
    assert compared.numbers == {
        "value": 1000.0, "factor": "2", "limit": 500.0, "threshold": 1000.0, "ratio": 2.0,
        "sign": "≥",
    }  # fmt: skip
    assert compared.law[0].article == "202"
    listed = nodes[f"{window}.readings"].children
    assert [nodes[each].value for each in listed] == [990.0, 1000.0, 1010.0]
    assert listed[0] == f"{window}.readings.{iso(NOON)}"
    assert nodes[listed[0]].numbers["offset"] == 1
    fired = {
        address.rpartition(".")[2]: node.reason
        for address, node in nodes.items()
        if address.startswith("violation.exceptions.")
    }
    assert fired.keys() == {
        "excused", "operating_state", "insufficient", "unverified_device", "conflicting_data",
        "road_map", "not_automatic_yet", "test_stream",
    }  # fmt: skip
    assert set(fired.values()) == {"NOT_FIRED"}
    assert nodes["violation.evidence.1"].reason == "EQUAL"
    assert nodes["violation.revisions"].value == 1
    for language in ("ru", "kk", "en"):
        assert 5 <= len(found.key_factors[language]) <= 10


def test_every_node_is_reached_from_the_root_once() -> None:
    found = violation(stored(half_hour(990.0, 1000.0, 1010.0)), "KZ-30")
    reached = [found.root]
    for address in reached:
        reached += found.nodes[address].children
    assert sorted(reached) == sorted(found.nodes)
    for node in found.nodes.values():
        assert set(node.inputs) <= set(found.nodes)


def test_a_late_reading_amends_and_the_revisions_say_which() -> None:
    late = reading(NOON + 20 * MINUTE, values={"SO2": 1300.0})
    log = Log().tick(NOON - HOUR).series(NOON, [1000.0, 1100.0]).tick(NOON + HOUR)
    log.add(late, NOON + 5 * HOUR).tick(NOON + 6 * HOUR)
    found = violation(stored(log), "KZ-30")
    assert found.equal
    first, second = (found.nodes[f"violation.revisions.{number}"] for number in (1, 2))
    assert (first.numbers["late"], second.numbers["late"]) == (0, 1)
    assert second.numbers["offsets"] == "4"
    # The mean of two readings, then of three.
    assert "1050 mg/m3" in first.text
    assert "1133.33 mg/m3" in second.text
    assert found.nodes["violation.measurements.30min.value"].value == 3400 / 3


def test_a_withdrawn_violation_says_what_took_it_back() -> None:
    late = reading(NOON + 20 * MINUTE, values={"SO2": 100.0})
    log = Log().tick(NOON - HOUR).series(NOON, [1000.0, 1100.0]).tick(NOON + HOUR)
    log.add(late, NOON + 5 * HOUR).tick(NOON + 6 * HOUR)
    found = violation(stored(log), "KZ-30", "ru")
    assert found.equal
    assert found.nodes["violation"].reason == "WITHDRAWN"
    assert found.nodes["violation.comparison"].reason == "NOT_MET"
    assert found.nodes["violation.comparison"].value == 2200 / 3
    assert found.nodes["violation.revisions.2"].reason == "WITHDRAWN"
    assert found.nodes["violation.revisions.2"].numbers["late"] == 1


def test_readings_that_do_not_count_say_why() -> None:
    works = enterprise(source(excused=(excused("2026-05-04 12:50", "2026-05-04 13:00"),)))
    flagged = reading(NOON + 20 * MINUTE, values={"SO2": 400.0}, flags={"SO2": "C"})
    stopped = reading(NOON + 30 * MINUTE, values={"SO2": 1.0}, state="STOPPED")
    other = reading(NOON + 40 * MINUTE, values={"O2": 6.0})
    log = Log().tick(NOON - HOUR).series(NOON, [100.0, 5000.0])
    for each in (flagged, stopped, other):
        log.add(each)
    log.add(reading(NOON + 50 * MINUTE, values={"SO2": 300.0}))
    log.add(reading(NOON, values={"SO2": 100.0}))  # repeats the first
    log.add(reading(NOON, values={"SO2": 101.0}))  # contradicts it
    log.add(reading(NOON + 10 * MINUTE, period_s=300))
    log.tick(NOON + 2 * HOUR)
    found = stored(log, works)
    key = "A", "SO2", "mg/m3", "1h", NOON
    made = explain_mean(found.of_mean(key), WIRE, key, "en")
    assert made.equal
    listed = [made.nodes[each] for each in made.nodes["mean.1h.readings"].children]
    assert [node.reason for node in listed] == [
        "USED", "DUPLICATE", "CONFLICTING_DUPLICATE", "OUT_OF_RANGE", "BAD_PERIOD", "STATUS_C",
        "STATE_STOPPED", "ABSENT", "EXCUSED",
    ]  # fmt: skip
    numbers = made.nodes["mean.1h.readings"].numbers
    assert (numbers["messages"], numbers["used"], numbers["missing"]) == (9, 1, 0)
    # An hour less ten minutes stopped and ten excused; 600 s of 2400 s are valid.
    assert made.nodes["mean.1h.time"].value == 2400
    assert made.nodes["mean.1h.share"].value == 0.25
    assert made.nodes["mean.1h.share"].reason == "INSUFFICIENT"


GAS = Source(
    "A",
    600,
    (
        Channel("SO2", "mg/m3", basis="wet", range=(0.0, 3000.0)),
        Channel("TEMPERATURE", "degC"),
        Channel("PRESSURE", "kPa"),
        Channel("H2O", "%"),
        Channel("O2", "%", basis="dry"),
        Channel("VELOCITY", "m/s"),
    ),
    stack_area_m2=10.0,
    limits=(limit(100.0, reference=Conditions(293.15, 101.3, dry=True, o2_pct=6.0)),),
)
FLUE = {
    "SO2": 310.0, "TEMPERATURE": 140.0, "PRESSURE": 98.60, "H2O": 9.8, "O2": 7.4, "VELOCITY": 10.0,
}  # fmt: skip


def flue() -> Stored:
    log = Log().tick(NOON - HOUR)
    for number in range(3):
        log.add(reading(NOON + number * 10 * MINUTE, values=FLUE))
    return stored(log.tick(NOON + HOUR), enterprise(GAS))


def parts(nodes: dict[str, Node], address: str) -> dict[str, Fraction]:
    return {
        child.rpartition(".")[2]: Fraction(str(nodes[child].numbers["exact"]))
        for child in nodes[address].children
    }


def test_a_conversion_is_the_product_of_its_parts() -> None:
    found = violation(flue(), "KZ-30")
    assert found.equal
    address = f"violation.measurements.30min.readings.{iso(NOON)}"
    shown = parts(found.nodes, address)
    assert list(shown) == ["temperature", "pressure", "moisture", "oxygen"]
    kelvin = Fraction(140) + Fraction(273.15)
    assert shown == {
        "temperature": kelvin / Fraction(293.15),
        "pressure": Fraction(101.3) / Fraction(98.60),
        "moisture": 100 / (100 - Fraction(9.8)),
        "oxygen": (21 - Fraction(6)) / (21 - Fraction(7.4)),
    }
    product = Fraction(310)
    for factor in shown.values():
        product *= factor
    assert found.nodes[address].value == float(product)
    assert round(float(product), 2) == 548.86  # the worked example of the specification


def test_excess_mass_is_the_share_above_the_limit() -> None:
    found = violation(flue(), "KZ-30")
    node = found.nodes["violation.excess_mass"]
    value, mass = found.nodes["violation"].value, node.numbers["emitted_t"]
    # g/s of wet gas as measured: the reference cancels. 310 mg/m3 * 100 m3/s = 31 g/s for 1800 s.
    assert mass == pytest.approx(31 * 1800 / 1e6, rel=1e-15)
    assert isinstance(value, float)
    assert isinstance(mass, float)
    assert node.value == pytest.approx(mass * (value - 100) / value, rel=1e-15)


def test_a_run_shows_each_window() -> None:
    log = Log().tick(NOON - HOUR).series(NOON, [1100.0] * 21 + [100.0] * 6)
    found = violation(stored(log.tick(NOON + 6 * HOUR)), "KZ-3H")
    assert found.equal
    assert len(found.nodes["violation.measurements"].children) == 7
    assert found.nodes["violation.comparison"].value == 3.5 * 3600
    assert found.nodes["violation.comparison"].reason == "MET"


def test_an_outage_and_its_gap() -> None:
    works = connected()
    log = Log().tick(NOON - HOUR).series(NOON, [100.0] * 3)
    log.tick(NOON + 20 * HOUR).tick(NOON + 26 * HOUR)
    log.add(reading(NOON + 30 * HOUR)).tick(NOON + 31 * HOUR)
    found = stored(log, works)
    made = violation(found, "KZ-GAP")
    assert made.equal
    assert made.nodes["violation.comparison"].value == 29.5 * 3600
    assert made.nodes["violation.silence.before"].numbers["offset"] == 3
    assert made.nodes["violation.silence.after"].numbers["offset"] == 6
    (identity,) = {each.id for each in found.gaps if each.start == NOON + 30 * MINUTE}
    gap = explain_gap(found.of_gap(identity), WIRE, identity, "kk")
    assert gap.equal
    assert gap.nodes["gap.silence"].value == 29.5 * 3600


def test_a_silence_from_the_connection_on() -> None:
    works = connected(on="2026-05-01")
    log = Log().tick(local("2026-04-30")).tick(local("2026-05-03"))
    made = violation(stored(log, works), "KZ-GAP")
    assert made.equal
    assert made.nodes["violation.silence.before"].reason == "NONE"


def test_a_duty_says_what_is_registered() -> None:
    log = Log().tick(NOON).tick(NOON + HOUR)
    made = violation(stored(log, obliged()), "KZ-NOASM")
    assert made.equal
    assert made.nodes["violation.duty"].reason == "MET"
    assert made.nodes["violation.duty"].numbers["installed_on"] is None
    assert made.nodes["violation.exceptions.road_map"].reason == "NOT_FIRED"
    assert made.chart is None


def tampered(facts: Facts, at: int, value: float) -> Facts:
    """The facts with another value in one reading."""
    messages = list(facts.messages)
    number = next(n for n, each in enumerate(messages) if each.reading.measured_at == at)
    changed = msgspec.structs.replace(messages[number].reading, values={"SO2": value})
    log = Log().add(changed, messages[number].record.timestamp)
    raw = log.records[0]._replace(offset=messages[number].record.offset)
    messages[number] = messages[number]._replace(record=raw, reading=changed)
    return facts._replace(messages=tuple(messages))


def test_a_changed_value_is_named() -> None:
    found = stored(half_hour(990.0, 1000.0, 1010.0))
    (identity,) = {each.id for each in found.violations if each.rule == "KZ-30"}
    facts = tampered(found.of_violation(identity), NOON, 1990.0)
    made = explain_violation(facts, WIRE, identity, "en")
    assert not made.equal
    said = {each.where: (each.published, each.computed) for each in made.differences}
    assert said["violation.value"] == ("1000.0", repr(4000 / 3))
    assert "violation.evidence.sha256" in said
    assert made.nodes["violation.equality"].reason == "DIFFERENT"
    # A value so low that there is no violation at all.
    facts = tampered(found.of_violation(identity), NOON, 1.0)
    made = explain_violation(facts, WIRE, identity, "en")
    assert not made.equal
    assert made.differences[0].where == "violation"


def test_what_is_not_stored_is_not_found() -> None:
    found = stored(half_hour(990.0, 1000.0, 1010.0))
    (identity,) = {each.id for each in found.violations if each.rule == "KZ-30"}
    facts = found.of_violation(identity)._replace(violations=())
    with pytest.raises(KeyError):
        explain_violation(facts, WIRE, identity, "en")
    with pytest.raises(KeyError):
        explain_gap(facts, WIRE, identity, "en")
    with pytest.raises(KeyError):
        explain_mean(facts, WIRE, ("A", "SO2", "mg/m3", "1h", 0), "en")


def test_the_day_as_the_order_counts_it() -> None:
    """Two thirds of the day are missing: its own mean is not VALID, the plain one counts."""
    midnight = local("2026-05-04")
    log = Log().tick(midnight - HOUR).series(midnight, [800.0] * 24 + [700.0] * 24)
    made = violation(stored(log.tick(midnight + 25 * HOUR), size=50), "KZ-15", "kk")
    assert made.equal
    node = made.nodes["violation.comparison"]
    assert (node.value, node.reason) == (750.0, "MET")
    assert node.numbers["means"] == 24
    assert node.numbers["factor"] == "1.5"


def test_a_device_outside_its_verification() -> None:
    device = Device("Gas", "SN-1", Verification("V-1", "2025-05-04", "2026-05-04"))
    works = enterprise(source(devices=(device,)))
    midnight = local("2026-05-04")
    log = Log().tick(midnight - HOUR)
    log.series(midnight - 30 * MINUTE, [100.0] * 9, device_serial="SN-1")
    made = violation(stored(log.tick(midnight + 3 * HOUR), works), "KZ-VERIF", "ru")
    assert made.equal
    assert made.nodes["violation.measurements.first_reading"].value == iso(midnight)
    assert made.nodes["violation.comparison"].value == "SN-1"


def test_a_year_is_the_sum_of_its_hours() -> None:
    yearly = limit(0.05, unit="t/a")
    works = enterprise(msgspec.structs.replace(GAS, limits=(*GAS.limits, yearly)))
    log = Log().tick(NOON - HOUR)
    for number in range(18):
        log.add(reading(NOON + number * 10 * MINUTE, values=FLUE))
    found = stored(log.tick(NOON + 4 * HOUR), works)
    made = violation(found, "KZ-YEAR")
    assert made.equal, made.differences
    # 310 mg/m3 * 100 m3/s = 31 g/s for three hours
    assert made.nodes["violation.comparison"].value == pytest.approx(31 * 3 * 3600 / 1e6)
    assert [made.nodes[each].unit for each in made.nodes["violation.hours"].children] == ["t"] * 3
    (identity,) = {each.id for each in found.violations if each.rule == "KZ-YEAR"}
    facts = found.of_violation(identity)
    halved = [
        msgspec.structs.replace(each, value=each.value / 2)
        for each in facts.means
        if each.value is not None
    ]
    made = explain_violation(facts._replace(means=tuple(halved)), WIRE, identity, "en")
    assert [each.where for each in made.differences] == ["violation.value"]


def test_a_day_above_its_limit() -> None:
    midnight = local("2026-05-04")
    log = Log().tick(midnight - HOUR).series(midnight, [600.0] * 72 + [800.0] * 72)
    made = violation(stored(log.tick(midnight + 25 * HOUR), size=50), "KZ-DAY")
    assert made.equal
    assert made.nodes["violation"].value == 700.0
    assert len(made.nodes["violation.measurements.day.readings"].children) == 144
    assert made.chart is not None
    assert len(made.chart.points) == 144


def test_a_mark_of_the_operator_takes_readings_out_and_says_so() -> None:
    registry = history(enterprise())
    mark = Notice(
        "M-1", "MARK", BIN, "A", NOON, NOON + 10 * MINUTE, parameter="SO2", flag="C",
        reason="calibration",
    )  # fmt: skip
    registry.notices.add(mark, NOON + 2 * HOUR)
    log = half_hour(2990.0, 1000.0, 1010.0).tick(NOON + 3 * HOUR).tick(NOON + 4 * HOUR)
    found = Stored(registry, log.records, size=1)
    made = violation(found, "KZ-30")
    assert made.equal, made.differences
    listed = made.nodes["violation.measurements.30min.readings"].children
    assert [made.nodes[each].reason for each in listed] == ["STATUS_C", "USED", "USED"]
    assert made.nodes[listed[0]].numbers["marked_flag"] == "C"
    assert made.nodes["violation.revisions"].value == 2


def test_an_outage_that_was_told_of_after_the_readings_takes_them_out() -> None:
    registry = history(enterprise())
    outage = Notice("O-1", "UNPLANNED_OUTAGE", BIN, "A", NOON, NOON + 10 * MINUTE)
    registry.notices.add(outage, NOON + 2 * HOUR)
    log = half_hour(2990.0, 1000.0, 1010.0).tick(NOON + 3 * HOUR).tick(NOON + 4 * HOUR)
    made = violation(Stored(registry, log.records, size=1), "KZ-30")
    assert made.equal, made.differences
    listed = made.nodes["violation.measurements.30min.readings"].children
    assert [made.nodes[each].reason for each in listed] == ["EXCUSED", "USED", "USED"]
    assert made.nodes["violation.revisions"].value == 2


def test_a_violation_of_a_rule_that_is_not_here_still_has_its_facts() -> None:
    found = stored(half_hour(990.0, 1000.0, 1010.0))
    (identity,) = {each.id for each in found.violations if each.rule == "KZ-30"}
    facts = found.of_violation(identity)
    rules = msgspec.structs.replace(facts.rules, rules=(), version="other")
    made = explain_violation(facts._replace(rules=rules), WIRE, identity, "en")
    assert not made.compared
    assert not made.differences
    assert "No rule KZ-30 is in force here" in made.notes[0]
    assert made.nodes["violation.measurements"].reason == "NOT_EXPLAINED"
    assert made.nodes["violation.equality"].reason == "NOT_COMPARED"
    assert made.nodes["violation"].value == 1000.0


def test_the_revisions_shown_are_those_that_were_published() -> None:
    """Judged again from the registration on, a duty is seen to change before it was judged."""
    found = stored(Log().tick(NOON), obliged())
    (published,) = (each for each in found.violations if each.rule == "KZ-NOASM")
    made = violation(found, "KZ-NOASM")
    (last,) = made.nodes["violation.revisions"].children
    assert last == f"violation.revisions.{published.revision}"
    assert made.nodes[last].reason == published.status


def test_what_is_counted_over_a_year_is_shown_and_not_compared() -> None:
    """January, of which a quarter was not measured: no year of readings is judged again for it."""
    begin = local("2026-01-01")
    values = [100.0] * 552 + [None] * 192 + [100.0] * 24
    log = Log().tick(begin).series(begin, values, period_s=3600).tick(begin + 33 * DAY)
    found = Stored(history(enterprise(source(cadence_s=3600))), log.records, rules=load_rules("us"))
    (identity,) = {each.id for each in found.violations if each.rule == "US-PMA"}
    facts = found.of_violation(identity)
    assert facts.messages == ()
    made = explain_violation(facts, WIRE, identity, "en")
    assert (made.compared, made.differences) == (False, ())
    assert made.nodes["violation"].value == 100 * 552 / 744
    assert "Counted over a year or longer" in made.notes[0]


def test_a_violation_is_explained_by_the_version_of_its_rule_that_it_was_judged_by() -> None:
    rules, change = [], date(2026, 5, 4)
    for rule in RULES.rules:
        if rule.code == "KZ-30":
            condition = msgspec.structs.replace(rule.condition, factor=1)
            later = {"condition": condition, "valid_from": change, "track": "COURT"}
            rules.append(msgspec.structs.replace(rule, valid_to=change))
            rules.append(msgspec.structs.replace(rule, **later))
        else:
            rules.append(rule)
    both = msgspec.structs.replace(RULES, rules=tuple(rules))
    log = half_hour(790.0, 800.0, 810.0)
    made = violation(Stored(history(enterprise()), log.records, size=1, rules=both), "KZ-30")
    assert made.equal, made.differences
    assert made.nodes["violation.rule.condition"].numbers["factor"] == 1
