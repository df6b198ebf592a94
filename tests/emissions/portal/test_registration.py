"""The document of a source: what it says, and what another form of it does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from emissions.portal.normalisation_steps import steps_of
from emissions.portal.registration import Registration, registration_of
from tests.emissions.portal.source_rows import DOCUMENT


def test_a_document_says_channels_limits_devices_and_place() -> None:
    found = registration_of(json.dumps(DOCUMENT))
    assert found.location is not None
    assert found.location.town is not None
    assert found.location.town.name_ru == "Павлодар"
    assert found.devices[0].verification is not None
    assert found.devices[0].verification.number == "V-7"


@pytest.mark.parametrize("document", ["", "{", "[]", '{"limits": 7}', '{"limits": [{}]}'])
def test_a_document_of_another_form_says_nothing(document: str) -> None:
    assert registration_of(document) == Registration()


def test_the_limit_in_force_begins_at_the_local_midnight() -> None:
    found = registration_of(json.dumps(DOCUMENT))
    begins = datetime(2023, 12, 31, 18, tzinfo=UTC)
    assert found.limit("SO2", "mg/m3", begins, "Asia/Almaty") is not None
    before = datetime(2023, 12, 31, 17, 59, tzinfo=UTC)
    assert found.limit("SO2", "mg/m3", before, "Asia/Almaty") is None
    assert found.limit("SO2", "g/s", begins, "Asia/Almaty") is None


@pytest.mark.parametrize(
    ("channel", "unit", "expected"),
    [
        ({}, "mg/m3", ["conditions", "dry", "oxygen"]),
        ({"basis": "dry"}, "mg/m3", ["conditions", "oxygen"]),
        ({"unit": "ppm"}, "mg/m3", ["ppm", "dry", "oxygen"]),
        ({"conditions": {"o2_pct": 6.0, "dry": True}}, "mg/m3", ["conditions"]),
        ({}, "g/s", ["mass_flow"]),
        ({"unit": "g/s"}, "g/s", ["reported"]),
        ({}, "%", []),
    ],
)
def test_the_conversions_follow_from_the_channel_and_the_reference(
    channel: dict[str, object], unit: str, expected: list[str]
) -> None:
    document = {**DOCUMENT, "channels": [{**DOCUMENT["channels"][0], **channel}]}
    found = registration_of(json.dumps(document))
    at = datetime(2026, 6, 14, tzinfo=UTC)
    limit = found.limit("SO2", "mg/m3", at, "Asia/Almaty")
    assert [step.key for step in steps_of(found.channel("SO2"), limit, unit)] == expected
