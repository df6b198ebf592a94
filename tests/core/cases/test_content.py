"""What every paper of a case holds: devices with their readings, notices, the three blocks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.core.cases.content import (
    MOST_FACTORS,
    ToldNotice,
    content_of,
    devices_of,
    notices_without_effect,
)
from streams.core.records.case import CaseItem
from streams.core.registry.enterprise import Device, TypeCertificate, Verification
from streams.core.time.interval import DAY, HOUR
from tests.schemas.examples import CASE

AT = 1_772_305_200_000  # 2026-03-01 00:00 on the local clock
ITEM = CaseItem(
    violation="6f0b", rule="KZ-DAY", parameter="SO2", unit="mg/m3", start=AT, end=AT + DAY,
    value=812.5, limit=500.0, excess_mass_t=0.25, device_serial="A-17", verification="BA-1",
    verification_until=AT + 300 * DAY,
)  # fmt: skip


def item(**changes: Any) -> CaseItem:
    return msgspec.structs.replace(ITEM, **changes)


def told(**changes: Any) -> ToldNotice:
    late = ToldNotice(
        "N-1", "MARK", "LATE", AT + HOUR, AT + 2 * HOUR, "SO2", "M", "Фильтр", "№ 208", AT + 9 * DAY
    )
    return late._replace(**changes)


def test_each_device_has_what_it_read_in_the_order_of_its_first_reading() -> None:
    items = (item(), item(device_serial="B-2", violation="2"), item(violation="3"))
    found = devices_of(items)
    assert [(each.serial, [i.violation for i in each.readings]) for each in found] == [
        ("A-17", ["6f0b", "3"]),
        ("B-2", ["2"]),
    ]


def test_a_lapsed_device_is_named_although_nothing_was_compared() -> None:
    (found,) = devices_of((item(rule="KZ-VERIF", value=None, limit=None),))
    assert found.serial == "A-17"
    assert devices_of((item(value=None, device_serial=None),)) == ()


def test_papers_come_from_the_registry_and_never_from_another_verification() -> None:
    certificate = TypeCertificate("KZ.02", "2022-01-10", "2032-01-10")
    old = Device("ГА-200", "A-17", Verification("BA-1", "2026-02-01", "2027-02-01"), certificate)
    new = Device("ГА-200", "A-17", Verification("BA-2", "2027-02-01", "2028-02-01"))
    other = Device("ГА-300", "B-2", Verification("BA-1", "2020-01-01"))
    (found,) = devices_of((ITEM,), (new, old, other))
    assert (found.name, found.verified_on) == ("ГА-200", "2026-02-01")
    assert (found.certificate, found.certificate_until) == ("KZ.02", "2032-01-10")
    (found,) = devices_of((ITEM,), (new, other))
    assert (found.name, found.verified_on) == ("ГА-200", None)
    (found,) = devices_of((ITEM,), (other,))
    assert (found.name, found.verified_on) == (None, None)


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_the_three_blocks_name_the_rules_the_case_and_at_most_ten_factors(language: str) -> None:
    blocks = content_of(CASE, language, factors=[str(each) for each in range(12)]).disclosure
    assert CASE.rule_set in blocks.decided
    assert CASE.id in blocks.review
    assert len(blocks.factors) == MOST_FACTORS
    assert "{" not in blocks.decided + blocks.review


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"verdict": "CONTRADICTED"}, True),
        ({"verdict": "PARTLY_LATE"}, True),
        ({"kind": "UNPLANNED_OUTAGE", "parameter": None}, True),
        ({"parameter": None}, True),
        ({"parameter": "CO"}, False),
        ({"verdict": "IN_TIME"}, False),
        ({"verdict": "WITHDRAWN"}, False),
        ({"kind": "EXCEEDANCE"}, False),
        ({"start": AT + DAY, "end": AT + 2 * DAY}, False),
        ({"start": None, "end": None}, False),
    ],
)
def test_a_notice_without_effect_is_shown_where_it_touches_the_case(
    change: dict[str, Any], shown: bool
) -> None:
    case = msgspec.structs.replace(CASE, items=(ITEM,))
    assert notices_without_effect(case, [told(**change)]) == ((told(**change),) if shown else ())


def test_a_violation_that_goes_on_is_touched_by_every_later_notice() -> None:
    case = msgspec.structs.replace(CASE, items=(item(parameter=None, end=None),))
    later = told(start=AT + 90 * DAY, end=AT + 91 * DAY)
    first = told(id="N-0", arrived_at=AT + DAY)
    assert notices_without_effect(case, [later, first]) == (first, later)
