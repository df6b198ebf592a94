"""Form 1-АВ: what the case gives is there, what only the body knows is null and named."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from streams.core.cases.content import content_of
from streams.core.cases.erap_form import FIELDS, LISTED, FormScene, erap_form, missing_form
from streams.core.records.case import AdministrativeCase, CaseItem
from streams.core.registry.enterprise import Device, Verification
from streams.rules.country import home
from tests.schemas.examples import CASE

SCENE = FormScene(home(), {"KZ-DAY": "Среднесуточная концентрация выше норматива"})
ITEM = CaseItem(
    violation="6f0b",
    rule="KZ-DAY",
    parameter="SO2",
    unit="mg/m3",
    start=1_772_305_200_000,
    end=1_772_391_600_000,
    value=812.5,
    limit=500.0,
    excess_mass_t=0.25,
    device_serial="A-17",
    verification="BA-1",
    verification_until=1_803_834_000_000,
)
OPENED = msgspec.structs.replace(
    CASE, state="OPEN", reasons=(), track="PRESCRIPTION", part="1", items=(ITEM,), end=ITEM.end
)

BLOCKS = content_of(OPENED, "ru").disclosure


class Registered(NamedTuple):
    """A registry that has one device of one source."""

    device: Device

    def of(self, bin_: str, source_id: str | None) -> tuple[Device, ...]:
        return (self.device,) if (bin_, source_id) == (OPENED.bin, OPENED.source_id) else ()


def form(**changed: Any) -> dict[str, Any]:
    made = erap_form(msgspec.structs.replace(OPENED, **changed), SCENE)
    assert made is not None
    return made


def test_what_the_case_gives_is_in_the_form() -> None:
    made = form()
    assert {name: value for name, value in made.items() if value is not None} == {
        "place": {
            "region": "KZ-55",
            "region_name": home().regions["KZ-55"].ru,
            "source_id": "KZ-0001-01",
        },
        "subject_type": "03",
        "article": "328",
        "part": "1",
        "offence_from": "2026-03-01T00:00:00+05:00",
        "offence_to": "2026-03-02T00:00:00+05:00",
        "circumstances": (
            "Станция (БИН 990140001233), источник KZ-0001-01: автоматизированная система "
            "мониторинга эмиссий, нарушений 1. 1) Среднесуточная концентрация выше норматива "
            "(KZ-DAY); с 2026-03-01T00:00:00+05:00 по 2026-03-02T00:00:00+05:00; SO2 812,5 мг/м³ "
            "при нормативе 500 мг/м³; прибор A-17, поверка BA-1. Дело 51ca открыто "
            f"2026-03-04T00:00:00+05:00. {BLOCKS.decided} {BLOCKS.review}"
        ),
        "language": "2",
        "technical_means": [
            {
                "name": None,
                "number": "A-17",
                "verification_number": "BA-1",
                "verification_date": None,
                "verification_until": "2027-02-28T22:00:00+05:00",
                "readings": [
                    {
                        "violation": "6f0b",
                        "parameter": "SO2",
                        "unit": "mg/m3",
                        "start": "2026-03-01T00:00:00+05:00",
                        "end": "2026-03-02T00:00:00+05:00",
                        "value": 812.5,
                        "limit": 500.0,
                    }
                ],
            }
        ],
        "size_code": "14",
        "bin": "990140001233",
        "name": "Станция",
        "to_fill": made["to_fill"],
    }


def test_every_field_that_only_the_body_knows_is_null_and_named() -> None:
    made = form()
    assert made["to_fill"] == [
        "body", "number", "date", "protocol", "budget_classification_code", "tax_body_code",
        "payment_code", "official", "point", "damage_kzt", "legal_form_code", "registration",
        "address", "phone", "email", "bank_details", "annexes", "heard_by",
    ]  # fmt: skip
    assert all(made[name] is None for name in made["to_fill"])
    assert list(made) == [*(field.name for field in FIELDS), "to_fill"]


@pytest.mark.parametrize(("size", "code"), [("small", "12"), ("medium", "13"), ("large", "14")])
def test_sizes_have_their_codes_and_an_unknown_one_none(size: str, code: str) -> None:
    assert form(business_size=size)["size_code"] == code
    assert form(business_size="huge")["size_code"] is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"track": "COURT"}, None),
        ({"state": "REVIEW"}, "STATE_REVIEW"),
        ({"state": "DEFERRED"}, "STATE_DEFERRED"),
        ({"state": "WITHDRAWN"}, "STATE_WITHDRAWN"),
        ({"state": "CLOSED"}, "STATE_CLOSED"),
        ({"track": "INSPECTION", "act": "ORDER-208"}, "NO_OFFENCE_OF_THE_CODE"),
        ({"act": "ORDER-208"}, "NO_OFFENCE_OF_THE_CODE"),
    ],
)
def test_only_an_open_case_of_the_code_has_a_form(changed: dict[str, str], why: str | None) -> None:
    case: AdministrativeCase = msgspec.structs.replace(OPENED, **changed)
    assert missing_form(case) == why
    assert (erap_form(case, SCENE) is None) == (why is not None)


def test_a_duty_has_neither_source_nor_device_nor_reading() -> None:
    duty = msgspec.structs.replace(
        ITEM, rule="KZ-NOASM", parameter=None, unit=None, end=None, value=None, limit=None,
        device_serial=None, verification=None, verification_until=None,
    )  # fmt: skip
    made = form(items=(duty,), source_id=None, end=None, article="331", part=None)
    assert made["technical_means"] == []
    assert (made["offence_to"], made["part"]) == (None, None)
    assert "1) (KZ-NOASM); с 2026-03-01T00:00:00+05:00 длится." in made["circumstances"]


def test_circumstances_spell_out_so_many_and_count_the_rest() -> None:
    made = form(items=(ITEM,) * (LISTED + 3))
    assert f"{LISTED}) " in made["circumstances"]
    assert f"{LISTED + 1}) " not in made["circumstances"]
    assert "Ещё нарушений: 3; полный перечень — в деле." in made["circumstances"]
    assert len(made["technical_means"][0]["readings"]) == LISTED + 3


def test_the_registry_names_the_device_and_dates_the_very_verification() -> None:
    papers = Verification("BA-1", "2026-02-27", "2027-02-28")
    later = Verification("BA-2", "2027-02-27", "2028-02-28")
    for verification, date in ((papers, "2026-02-27"), (later, None)):
        device = Device("Газоанализатор", "A-17", verification)
        made = erap_form(OPENED, SCENE._replace(devices=Registered(device).of))
        assert made is not None
        (means,) = made["technical_means"]
        assert (means["name"], means["verification_date"]) == ("Газоанализатор", date)
