"""KZ-NOTICE: an exceedance of which no form 2 told within three working days."""

from __future__ import annotations

import pytest

from streams.core.law.policy import Policy
from streams.core.records.findings import Finding
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from tests.core.examples import BIN, Found, Log, enterprise, fold, local, proof, reading

BEGIN = local("2026-04-01 08:00")  # a Wednesday
DUE = local("2026-04-07")  # Thursday, Friday and Monday are the three days


def told(*notices: tuple[int, Notice]) -> RegistryHistory:
    known = NoticeHistory(load_calendar("KZ"))
    for arrival, notice in notices:
        assert known.add(notice, arrival)
    registry = RegistryHistory(known)
    registry.add(-(1 << 61), BIN, enterprise(), proof(0))
    return registry


def form_2(identity: str = "N-1", parameter: str = "SO2", start: int = BEGIN) -> Notice:
    return Notice(identity, "EXCEEDANCE", BIN, "A", start, start + HOUR, parameter)


def exceeding(days: int = 12) -> Log:
    """Half an hour at three times the limit in a quiet day, and ticks for days."""
    log = Log().tick(BEGIN - HOUR).series(BEGIN, [1500.0] * 3 + [10.0] * 90)
    for hour in range(16, days * 24):
        log.tick(BEGIN + hour * HOUR)
    return log


def notices(found: Found) -> list[tuple[str, int, int]]:
    return [(each.status, each.revision, each.detected_at) for each in found.findings]


def test_without_form_2_it_is_a_finding_when_the_term_has_passed() -> None:
    found = fold(exceeding(), told())
    (one,) = [each for each in found.findings if each.kind == "KZ-NOTICE"]
    assert isinstance(one, Finding)
    assert (one.start, one.end, one.parameter) == (BEGIN, BEGIN + 30 * MINUTE, "SO2")
    assert (one.status, one.basis, one.track) == ("CLOSED", "Order 208 n. 27", "INSPECTION")
    assert one.detected_at == DUE + HOUR  # the first tick after it
    assert "(KZ-30)" in one.detail
    assert "2026-04-06" in one.detail
    assert all(each.rule != "KZ-NOTICE" for each in found.violations)


@pytest.mark.parametrize(
    ("notice", "arrival", "missing"),
    [
        (form_2(), DUE, False),
        (form_2(), DUE + 1, True),
        (form_2(parameter="CO"), DUE, True),
        (form_2(start=BEGIN + HOUR), DUE, True),
    ],
)
def test_form_2_on_it_must_have_arrived_by_then(
    notice: Notice, arrival: int, missing: bool
) -> None:
    found = fold(exceeding(), told((arrival, notice)))
    assert bool(found.findings) == missing


def test_form_2_that_was_taken_back_in_its_term_told_nothing() -> None:
    back = Notice("N-2", "EXCEEDANCE", BIN, "A", withdraws="N-1")
    found = fold(exceeding(), told((DUE - DAY, form_2()), (DUE, back)))
    assert [each.kind for each in found.findings] == ["KZ-NOTICE"]


@pytest.mark.parametrize("reported", [False, True])
def test_it_stays_that_of_the_operator_whose_exceedance_it_was(reported: bool) -> None:
    registry = told(*([(DUE - 4 * DAY, form_2())] if reported else []))
    other = enterprise(bin="060640006999")
    registry.add(DUE - 3 * DAY, BIN, None, proof(1))
    registry.add(DUE - 3 * DAY, other.bin, other, proof(2))
    found = fold(exceeding(), registry)
    assert [each.bin for each in found.findings] == ([] if reported else [BIN])


def test_it_is_taken_back_with_its_violation() -> None:
    """A reading that is later than the term makes the mean small."""
    log = Log().tick(BEGIN - HOUR).series(BEGIN, [1400.0, None, 1400.0, *[10.0] * 90])
    late = reading(BEGIN + 10 * MINUTE, values={"SO2": 0.0})
    log.tick(DUE + HOUR).add(late, DUE + DAY).tick(DUE + 30 * DAY)
    patient = Policy(max_lateness=10 * DAY)
    expected = fold(log, told(), range(1, len(log.records)), policy=patient)
    assert [(each.status, each.revision) for each in expected.findings] == [
        ("CLOSED", 1),
        ("WITHDRAWN", 2),
    ]
    assert not [key for key in expected.state if key.startswith("0/exceedance/")]
    for found in (
        fold(log, told(), policy=patient),
        fold(log, told(), range(1, len(log.records)), policy=patient, rebuilt=True),
    ):
        assert found.findings[-1] == expected.findings[-1]


def test_wherever_the_log_is_cut_and_whoever_starts_again() -> None:
    log = exceeding(18)
    log.records.sort(key=lambda record: record.timestamp)
    expected = fold(log, told(), range(1, len(log.records)))
    assert notices(expected) == [("CLOSED", 1, DUE + HOUR)]
    for cuts, rebuilt in (((), False), (range(0, len(log.records), 37), True), ((5, 250), True)):
        found = fold(log, told(), cuts, rebuilt=rebuilt)
        assert found.findings == expected.findings
        assert not [key for key in found.state if key.startswith("0/exceedance/")]


def test_what_is_withdrawn_before_the_term_ends_is_no_finding() -> None:
    log = Log().tick(BEGIN - HOUR).series(BEGIN, [1400.0, None, 1400.0, *[10.0] * 90])
    late = reading(BEGIN + 10 * MINUTE, values={"SO2": 0.0})
    log.add(late, BEGIN + 24 * HOUR).tick(DUE + DAY)
    found = fold(log, told(), range(1, len(log.records)))
    assert [each.status for each in found.violations if each.rule == "KZ-30"] == [
        "CLOSED",
        "WITHDRAWN",
    ]
    assert not found.findings
