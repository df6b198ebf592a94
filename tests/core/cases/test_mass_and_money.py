"""Mass, money and dates of cases by hand."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from streams.core.cases.dates import months_after
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.registry.measure import DELIVERED, Measure
from streams.core.time.interval import DAY, HOUR
from streams.rules.calendar import load_calendar
from tests.core.cases.facts import DUTIES, LATE, Docket, violation
from tests.core.examples import BIN, local

MONDAY = local("2026-05-04")
RATE = 20 * 4325 * 100  # ₸ a tonne of SO2 under part 1
END = MONDAY + 20 * DAY


def cases(*violations: Violation) -> dict[str, AdministrativeCase]:
    docket = Docket()
    docket.detect(violations)
    docket.until(END)
    return {each.track: each for each in docket.last.values()}


def mass(*violations: Violation) -> float | None:
    return cases(*violations)["PRESCRIPTION"].excess_mass_t["SO2"]


def day(tonnes: float | None, number: int = 0) -> Violation:
    return violation("KZ-DAY", MONDAY + number * DAY, excess_mass_t=tonnes)


def half(tonnes: float | None, hour: int, number: int = 0) -> Violation:
    return violation("KZ-30", MONDAY + number * DAY + hour * HOUR, excess_mass_t=tonnes)


def flow(tonnes: float | None, hour: int, number: int = 0) -> Violation:
    return violation("KZ-GS", MONDAY + number * DAY + hour * HOUR, excess_mass_t=tonnes)


def run(tonnes: float | None, start: int, hours: int) -> Violation:
    begin = MONDAY + start * HOUR
    return violation("KZ-3H", begin, begin + hours * HOUR, excess_mass_t=tonnes)


def test_the_mass_of_a_day_is_that_of_its_violation_else_of_its_half_hours() -> None:
    assert mass(day(2.0), half(0.25, 3), half(0.5, 30), half(0.125, 32)) == 2.625


def test_mass_flow_counts_on_days_without_a_violation_of_the_concentration() -> None:
    assert mass(half(0.25, 3), flow(8.0, 9), flow(0.5, 9, 1), flow(0.5, 10, 1)) == 1.25


def test_the_mass_of_a_run_is_taken_off_its_day() -> None:
    found = cases(day(2.0), run(0.5, 4, 4))
    assert found["PRESCRIPTION"].excess_mass_t == {"SO2": 1.5}
    assert found["COURT"].excess_mass_t == {"SO2": 0.5}
    assert found["COURT"].fine_kzt == RATE  # twice the rate, half a tonne
    assert mass(day(2.0), run(3.0, 4, 4)) == 0.0


def test_a_run_over_midnight_has_a_share_in_each_day() -> None:
    assert mass(day(2.0), run(1.0, 23, 4)) == 1.75


def test_without_a_measured_part_the_mass_is_null_and_the_sum_beside_it() -> None:
    case = cases(half(0.25, 3), half(None, 5))["PRESCRIPTION"]
    assert case.excess_mass_t == {"SO2": None}
    assert case.measured_mass_t == {"SO2": 0.25}
    assert (case.state, case.reasons) == ("REVIEW", ("MASS_INCOMPLETE",))
    assert (case.fine_kzt, case.fine_missing) == (None, "MASS_INCOMPLETE")


def test_a_year_counts_what_no_other_case_has_counted() -> None:
    docket = Docket()
    year = violation("KZ-YEAR", local("2026-01-01"), local("2027-01-01"), excess_mass_t=10.0)
    docket.found(MONDAY, msgspec.structs.replace(year, status="OPEN"))
    docket.until(MONDAY + LATE)
    assert docket.one().excess_mass_t == {"SO2": 10.0}
    docket.detect([violation("KZ-DAY", MONDAY + 4 * DAY, excess_mass_t=3.0)])
    docket.until(END)
    annual = next(each for each in docket.last.values() if each.start == year.start)
    assert (annual.excess_mass_t, annual.revision) == ({"SO2": 7.0}, 2)


def test_the_fine_is_rounded_once_half_up_and_keeps_its_factors() -> None:
    tonnes = 3.5 / RATE  # 3.5 ₸, as near as a double comes
    case = cases(day(tonnes))["PRESCRIPTION"]
    (factor,) = case.fine_factors
    assert case.fine_kzt in (3, 4)
    assert (factor.rate_mci, factor.index_kzt, factor.percent) == (20.0, 4325, 10000)
    assert (factor.substance, factor.tonnes) == ("sulphur oxides", tonnes)
    assert cases(day(1.0))["PRESCRIPTION"].fine_kzt == RATE


def test_a_substance_that_the_code_does_not_name_has_50_mci() -> None:
    case = cases(violation("KZ-DAY", MONDAY, parameter="HCL"))["PRESCRIPTION"]
    assert case.fine_kzt == 50 * 4325 * 100


def test_a_parameter_without_a_rate_has_no_fine() -> None:
    case = cases(violation("KZ-DAY", MONDAY, parameter="XENON"), day(1.0))["PRESCRIPTION"]
    assert (case.fine_kzt, case.fine_missing, case.state) == (None, "NO_RATE", "OPEN")


@pytest.mark.parametrize("tonnes", [1e13, 1e308])
def test_a_mass_that_nobody_emitted_has_no_fine_and_stops_nothing(tonnes: float) -> None:
    """A record holds 64 bits, whatever a station has sent."""
    case = cases(day(tonnes))["PRESCRIPTION"]
    assert (case.fine_kzt, case.fine_missing) == (None, "MASS_INCOMPLETE")
    assert msgspec.msgpack.encode(case)


def test_an_inspection_has_no_fine() -> None:
    case = cases(violation("KZ-15", MONDAY))["INSPECTION"]
    assert (case.fine_kzt, case.fine_missing, case.excess_mass_t) == (None, "NO_FINE", {})


@pytest.mark.parametrize(("size", "mci"), [("small", 80), ("medium", 400), ("large", 800)])
def test_other_articles_go_by_the_size_of_the_business(size: str, mci: int) -> None:
    docket = Docket()
    docket.found(MONDAY, violation("KZ-VERIF", MONDAY - DAY, business_size=size))
    docket.until(END)
    assert docket.one().fine_kzt == mci * 4325
    assert docket.one().fine_factors[0].mci == mci


def test_dates_of_a_prescription() -> None:
    """Detected on Tuesday 5 May 2026; 7, 8 (moved) and 9 May are days off."""
    case = cases(day(1.0))["PRESCRIPTION"]
    assert case.due["limitation_detection"] == "2026-07-05"  # a Sunday, and it is not moved
    assert case.due["limitation_act"] == "2029-05-04"
    assert case.due["protocol_by"] is None
    assert case.due["letter_by"] is None
    assert case.due["prescription_by"] == nth_working_day("2026-05-05", 10)
    assert {case.due[each] for each in ("half_fine_until", "decided_on", "appeal_until")} == {None}


def nth_working_day(start: str, count: int) -> str:
    return load_calendar("KZ").nth_working_day(date.fromisoformat(start), count).isoformat()


def test_dates_of_the_court_and_of_an_inspection() -> None:
    found = cases(run(1.0, 4, 4), violation("KZ-15", MONDAY))
    assert found["COURT"].due["protocol_by"] == nth_working_day("2026-05-04", 3)
    assert found["INSPECTION"].due["letter_by"] == nth_working_day("2026-05-05", 10)


def test_delivery_starts_its_terms() -> None:
    docket = Docket(DUTIES, now=MONDAY - HOUR)
    docket.found(MONDAY, violation("KZ-NOASM", local("2023-01-01")))
    docket.until(MONDAY)
    at = local("2026-06-01 12:00")
    told = Measure("D", DELIVERED, BIN, case_id=docket.one().id, delivered_at=at)
    docket.tell(told, at + HOUR)
    docket.until(at + DAY)
    case = docket.one()
    assert case.delivered_at == at
    assert case.due["half_fine_until"] == "2026-06-10"
    assert case.due["appeal_until"] == "2026-06-15"
    assert case.due["decided_on"] == "2026-06-22"
    assert case.due["limitation_act"] is None


def test_328_has_no_half_fine() -> None:
    docket = Docket()
    docket.detect([day(1.0)])
    docket.until(END)
    told = Measure("D", DELIVERED, BIN, case_id=docket.one().id, delivered_at=END)
    docket.tell(told, END + 1)
    docket.until(END + 1)
    assert docket.one().due["half_fine_until"] is None
    assert docket.one().due["decided_on"] is not None


def test_months_end_where_the_month_does() -> None:
    assert months_after(date(2025, 12, 31), 2) == date(2026, 2, 28)
    assert months_after(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert months_after(date(2026, 1, 31), -12) == date(2025, 1, 31)
