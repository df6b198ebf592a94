"""The rules of the law as data: what each file says, where it bites, and how a bad one is told."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import msgspec
import pytest

from streams.core.records.findings import Article
from streams.core.registry.enterprise import Channel, Conditions
from streams.core.time.interval import HOUR, MINUTE
from streams.rules.errors import RuleError
from streams.rules.load import load_rules, parse_rules
from tests.core.examples import (
    RULES,
    Log,
    enterprise,
    fold,
    limit,
    local,
    quiet,
    reading,
    source,
)

BEGIN = local("2026-04-01")
LAW = local("2026-03-12")
ABOVE = math.nextafter(500.0, math.inf)
BELOW_ONE_AND_A_HALF = math.nextafter(750.0, 0.0)
BELOW_TWICE = math.nextafter(1000.0, 0.0)


def codes(log: Log, **changes: Any) -> list[str]:
    """The rules that a log breaks, once for each violation, in the order of the alphabet."""
    found = fold(quiet(log, 48 * HOUR), enterprise(source(**changes)))
    assert not [each for each in found.violations if each.status != "CLOSED"]
    return sorted(each.rule for each in found.violations)


def test_the_rules_of_the_law_are_all_there() -> None:
    assert [rule.code for rule in RULES.rules] == [
        "KZ-15",
        "KZ-30",
        "KZ-3H",
        "KZ-DAY",
        "KZ-GAP",
        "KZ-GS",
        "KZ-NOASM",
        "KZ-NOLINK",
        "KZ-VERIF",
        "KZ-YEAR",
    ]
    for rule in RULES.rules:
        assert set(rule.titles) == {"ru", "kk", "en"}
        assert rule.legal_basis
        assert rule.sanction
        assert rule.valid_from == date(2021, 7, 1)
        assert rule.valid_to is None
        assert rule.automatic == date(2026, 3, 12)


EC, COAO = "Экологический кодекс РК № 400-VI", "КоАП РК № 235-V"
ORDER = "Приказ министра экологии, геологии и природных ресурсов РК от 22.06.2021 № 208"
NORMS = Article(COAO, "328", part="1")
CONTROL = Article(COAO, "325")
SENDING = Article(EC, "186", point="4")


@pytest.mark.parametrize(
    ("code", "track", "articles"),
    [
        ("KZ-DAY", "PRESCRIPTION", (Article(EC, "202", point="6", subpoint="1"), NORMS)),
        ("KZ-30", "PRESCRIPTION", (Article(EC, "202", point="6", subpoint="2"), NORMS)),
        ("KZ-GS", "PRESCRIPTION", (Article(EC, "202", point="5"), NORMS)),
        ("KZ-3H", "COURT", (Article(COAO, "328", part="3"),)),
        ("KZ-GAP", "INSPECTION", (SENDING, Article(ORDER, point="26", subpoint="2"))),
        (
            "KZ-NOASM",
            "PRESCRIPTION",
            (
                Article(EC, "184", point="2", subpoint="3"),
                SENDING,
                Article(EC, "418", point="16"),
                CONTROL,
            ),
        ),
        ("KZ-NOLINK", "PRESCRIPTION", (SENDING, CONTROL)),
        ("KZ-15", "INSPECTION", (Article(ORDER, point="26", subpoint="1"),)),
        ("KZ-VERIF", "PRESCRIPTION", (SENDING, Article(COAO, "331", part="1"))),
    ],
)
def test_a_rule_cites_the_law_in_its_own_words(
    code: str, track: str, articles: tuple[Article, ...]
) -> None:
    rule = next(rule for rule in RULES.rules if rule.code == code)
    assert (rule.track, rule.legal_basis) == (track, articles)


def test_the_version_follows_the_content() -> None:
    assert load_rules().version == RULES.version
    assert parse_rules([("a.yaml", rule_text())]).version != RULES.version
    changed = rule_text().replace("factor: 2", "factor: 4")
    versions = {parse_rules([("a.yaml", text)]).version for text in (rule_text(), changed)}
    assert len(versions) == 2
    assert parse_rules([("b.yaml", "# a remark\n" + rule_text())]).version in versions


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (500.0, []),
        (ABOVE, ["KZ-DAY"]),
        (BELOW_ONE_AND_A_HALF, ["KZ-DAY"]),
        (750.0, ["KZ-15", "KZ-DAY"]),
        (BELOW_TWICE, ["KZ-15", "KZ-DAY"]),
    ],
)
def test_a_day_above_the_limit(level: float, expected: list[str]) -> None:
    assert codes(Log().series(BEGIN, [level] * 144)) == expected


def test_a_day_that_is_not_valid_breaks_nothing() -> None:
    assert codes(Log().series(BEGIN, [700.0] * 107)) == []  # below 18 hours
    assert codes(Log().series(BEGIN, [700.0] * 108)) == ["KZ-DAY"]


@pytest.mark.parametrize(("level", "count"), [(BELOW_TWICE, 0), (1000.0, 1), (2500.0, 1)])
def test_half_an_hour_at_twice_the_limit(level: float, count: int) -> None:
    found = codes(Log().series(BEGIN, [level] * 3 + [1.0] * 3))
    assert [code for code in found if code != "KZ-15"] == ["KZ-30"] * count


def test_half_an_hour_that_is_not_valid_breaks_nothing() -> None:
    assert codes(Log().series(BEGIN, [1000.0, 1000.0])) == ["KZ-15", "KZ-30"]
    assert codes(Log().series(BEGIN, [1000.0])) == []


def test_a_run_of_seven_half_hours_breaks_three_rules() -> None:
    assert codes(Log().series(BEGIN, [1000.0] * 21)) == ["KZ-15", *["KZ-30"] * 7, "KZ-3H"]


def test_no_limit_means_no_violation() -> None:
    assert codes(Log().series(BEGIN, [2500.0] * 144), limits=()) == []
    expired = limit(500.0, valid_to="2026-04-01")
    assert codes(Log().series(BEGIN, [2500.0] * 144), limits=(expired,)) == []


@pytest.mark.parametrize(("flow", "count"), [(2.0, 0), (math.nextafter(2.0, 3.0), 1)])
def test_an_hour_above_the_limit_in_grams_a_second(flow: float, count: int) -> None:
    """1000 mg/m3 dry in 2 m3/s is 2 g/s, at reference conditions and without water."""
    channels = (
        Channel("SO2", "mg/m3", conditions=Conditions(293.15, 101.3, dry=True)),
        Channel("TEMPERATURE", "K"),
        Channel("PRESSURE", "kPa"),
        Channel("H2O", "%"),
        Channel("FLOW", "m3/s"),
    )
    gas = {"SO2": 1000.0, "TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0.0, "FLOW": flow}
    log = Log()
    for index in range(6):
        log.add(reading(BEGIN + index * 10 * MINUTE, values=gas))
    limits = (limit(2.0, unit="g/s"),)
    assert codes(log, channels=channels, limits=limits) == ["KZ-GS"] * count


def test_the_excess_mass_is_the_share_above_the_limit_of_what_was_emitted() -> None:
    """620 against 500 mg/m3 in 300 m3/s over a day: 3.1104 t (worked fine, domain 1.4)."""
    channels = (
        Channel("SO2", "mg/m3", conditions=Conditions(293.15, 101.3, dry=True)),
        Channel("TEMPERATURE", "K"),
        Channel("PRESSURE", "kPa"),
        Channel("H2O", "%"),
        Channel("FLOW", "m3/s"),
    )
    gas = {"SO2": 620.0, "TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0.0, "FLOW": 300.0}
    log = Log()
    for index in range(144):
        log.add(reading(BEGIN + index * 10 * MINUTE, values=gas))
    for limits in ((limit(500.0),), (limit(500.0), limit(1e6, unit="g/s"))):
        plant = source(channels=channels, limits=limits)
        found = fold(quiet(log), enterprise(plant))
        day = found.standing("KZ-DAY")[0]
        assert day.excess_mass_t == pytest.approx(3.1104, rel=1e-12)
        assert (day.value, day.limit, day.ratio) == (620.0, 500.0, 1.24)
        assert found.mean("1h", BEGIN, unit="g/s").value == pytest.approx(186.0, rel=1e-12)
        assert found.mean("1h", BEGIN, unit="g/s").limit == (1e6 if limits[1:] else None)
    without = fold(quiet(Log().series(BEGIN, [620.0] * 144))).standing("KZ-DAY")[0]
    assert without.excess_mass_t is None


SO2_GAS = Channel("SO2", "mg/m3", conditions=Conditions(293.15, 101.3, dry=True))
GAS = (Channel("TEMPERATURE", "K"), Channel("PRESSURE", "kPa"), Channel("H2O", "%"))
STATE = {"TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0.0}


@pytest.mark.parametrize(
    ("channels", "area", "measured"),
    [
        ((SO2_GAS, *GAS, Channel("FLOW", "m3/s")), None, True),
        ((SO2_GAS, *GAS, Channel("VELOCITY", "m/s")), 10.0, True),
        ((SO2_GAS, *GAS, Channel("VELOCITY", "m/s")), None, False),
        ((SO2_GAS, *GAS), 10.0, False),
        (
            (
                msgspec.structs.replace(SO2_GAS, conditions=Conditions(293.15, 101.3, True, 6.0)),
                *GAS,
                Channel("FLOW", "m3/s"),
            ),
            None,
            False,
        ),
        ((SO2_GAS, Channel("FLOW", "m3/s")), None, True),  # without T, P and H2O never valid
    ],
)
def test_where_flow_is_measured_a_concentration_has_its_mass(
    channels: tuple[Channel, ...], area: float | None, measured: bool
) -> None:
    """Not where the channel is corrected to an oxygen content, which mass must not be."""
    of = limit(500.0)
    reference = of.reference
    assert reference is not None
    if channels[0].conditions is not None and channels[0].conditions.o2_pct is not None:
        of = limit(500.0, reference=msgspec.structs.replace(reference, o2_pct=6.0))
    plant = enterprise(source(channels=channels, limits=(of,), stack_area_m2=area))
    values = {"SO2": 1000.0, "FLOW": 100.0, "VELOCITY": 10.0, **STATE}
    names = {channel.parameter for channel in channels}
    log = Log()
    for index in range(3):
        sent = {name: value for name, value in values.items() if name in names}
        log.add(reading(BEGIN + index * 10 * MINUTE, values=sent))
    found = fold(quiet(log), plant)
    series = [mean for mean in found.means if mean.unit == "g/s"]
    assert {mean.window for mean in series} == ({"1h"} if measured else set())
    (violation,) = found.standing("KZ-30")
    known = measured and "H2O" in names
    assert violation.excess_mass_t == (pytest.approx(0.09, rel=1e-12) if known else None)


def test_the_mass_is_that_of_the_readings_whose_flow_is_valid() -> None:
    """Two of three readings have a flow; in the mass flow of an hour too."""
    channels = (SO2_GAS, *GAS, Channel("FLOW", "m3/s"))
    plant = source(channels=channels, limits=(limit(500.0), limit(50.0, unit="g/s")))
    log = Log()
    for index in range(6):
        flow = {} if index % 3 == 1 else {"FLOW": 100.0}
        values = {"SO2": 1000.0, **STATE, **flow}
        log.add(reading(BEGIN + index * 10 * MINUTE, values=values))
    found = fold(quiet(log), enterprise(plant))
    masses = [each.excess_mass_t for each in found.standing("KZ-30")]
    assert masses == [pytest.approx(0.06, rel=1e-12)] * 2  # 100 g/s, 1 200 s, half of it
    assert not found.standing("KZ-GS")  # two thirds of the hour are not enough
    log = Log()
    for index in range(6):
        values = {"SO2": 1000.0, **STATE, "FLOW": 100.0}
        log.add(reading(BEGIN + index * 10 * MINUTE, values=values))
    (hour,) = fold(quiet(log), enterprise(plant)).standing("KZ-GS")
    assert hour.excess_mass_t == pytest.approx(0.18, rel=1e-12)  # 360 kg, half of it


@pytest.mark.parametrize(
    ("start", "automatic"),
    [(LAW - 30 * MINUTE, False), (LAW, True)],
)
def test_a_window_is_automatic_by_its_start(start: int, automatic: bool) -> None:
    found = fold(quiet(Log().series(start, [1000.0] * 3)))
    assert [each.automatic for each in found.standing("KZ-30")] == [automatic]


def test_a_rule_is_in_force_by_the_sources_own_midnight() -> None:
    """2021-07-01 began an hour later in Oral (UTC+5) than in Almaty (UTC+6)."""
    almaty, oral = local("2021-07-01"), local("2021-07-01", "Asia/Oral")
    assert oral - almaty == HOUR
    for zone, start, count in (
        ("Asia/Almaty", almaty, 1),
        ("Asia/Almaty", almaty - 30 * MINUTE, 0),
        ("Asia/Oral", almaty, 0),
        ("Asia/Oral", oral, 1),
    ):
        log = quiet(Log().series(start, [1000.0] * 3))
        found = fold(log, enterprise(source(timezone=zone)))
        assert len(found.standing("KZ-30")) == count


def test_a_violation_names_its_subject_law_and_proof() -> None:
    found = fold(quiet(Log().series(BEGIN, [1000.0] * 3)))
    violation = found.standing("KZ-30")[0]
    assert violation.enterprise == {"ru": "Пример", "kk": "Мысал", "en": "Example"}
    assert (violation.region, violation.category, violation.business_size) == ("KZ-55", 2, "large")
    assert (violation.bin, violation.source_id) == ("990140001233", "A")
    assert [article.article for article in violation.legal_basis] == ["202", "328"]
    assert violation.rule_set == RULES.version
    assert (violation.track, violation.certainty) == ("PRESCRIPTION", "read")
    assert (violation.automatic, violation.reasons) == (True, ())
    evidence = violation.evidence[0]
    assert (evidence.topic, evidence.partition) == ("emissions.readings", 0)
    assert (evidence.first_offset, evidence.last_offset, evidence.readings) == (0, 2, 3)
    assert len(evidence.sha256) == 64


def rule_text() -> str:
    """A rule as a person writes it."""
    return """\
code: XX-1
titles: {ru: а, kk: ә, en: a}
condition: {kind: window_mean_over, window: 1h, unit: mg/m3, compare: at_least, factor: 2}
legal_basis: [{act: An act, article: "1"}]
sanction: none
track: INSPECTION
automatic: null
valid_from: 2021-07-01
valid_to: 2026-04-01
source: a test
certainty: read
"""


def test_another_rule_of_a_known_condition_is_only_a_file() -> None:
    rules = parse_rules([("xx.yaml", rule_text())])
    log = quiet(Log().series(BEGIN - HOUR, [1000.0] * 12))
    found = fold(log, rules=rules)
    assert [(each.rule, each.start) for each in found.violations] == [("XX-1", BEGIN - HOUR)]
    assert not found.violations[0].automatic
    assert found.violations[0].rule_set == rules.version


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("factor: 2", "factor: two", "x.yaml: Invalid decimal string - at `$.condition.factor`"),
        ("factor: 2", "factor: 0", "x.yaml: a factor must be above 0, 0 is not - at `$.condition`"),
        ("factor: 2", "factor: .inf", "x.yaml: a factor must be above 0, Infinity is not - at `"),
        (
            "kind: window_mean_over",
            "kind: magic",
            "x.yaml: nobody evaluates the condition 'magic'; the kinds are availability_below,",
        ),
        (
            "window: 1h, unit: mg/m3",
            "window: day, unit: g/s",
            "x.yaml: the rule would never be judged: no mean of day in g/s is made, only of 1h",
        ),
        (
            "valid_to: 2026-04-01",
            "valid_to: 2021-07-01",
            "x.yaml: the rule is never in force: valid_to is not after valid_from",
        ),
        ("window: 1h", "window: 2h", "x.yaml: Invalid enum value '2h' - at `$.condition.window`"),
        ("sanction: none", "sanktion: none", "x.yaml: Object contains unknown field `sanktion`"),
        ("code: XX-1\n", "", "x.yaml: Object missing required field `code`"),
        ("valid_from: 2021-07-01", "valid_from: then", "x.yaml: Invalid RFC3339 encoded date"),
        ("certainty: read", "certainty: [", "x.yaml: line 12, column 1: "),
    ],
)
def test_a_bad_rule_file_is_told_in_one_sentence(old: str, new: str, sentence: str) -> None:
    assert rule_text().count(old) == 1
    with pytest.raises(RuleError) as caught:
        parse_rules([("x.yaml", rule_text().replace(old, new))])
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_rule_is_defined_once() -> None:
    with pytest.raises(RuleError, match=r"b\.yaml: the rule XX-1 is defined twice from 2021-07-01"):
        parse_rules([("a.yaml", rule_text()), ("b.yaml", rule_text())])
