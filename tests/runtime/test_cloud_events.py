"""The headers of a published record, as a reader of CloudEvents expects them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from schemas.codec import Codec
from schemas.definitions import current
from schemas.ids import FileIds
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Finding, Violation
from streams.runtime.cloud_events import EVENT_TYPES, EventHeaders, timestamp
from streams.settings import Settings, SettingsError
from tests.schemas.examples import ADVICE, CASE, FINDING, VIOLATION

RECORDS: Mapping[str, Any] = {
    "Violation": VIOLATION, "AdministrativeCase": CASE, "Finding": FINDING,
    "Advice": ADVICE,
}  # fmt: skip


def headers(name: str, record: Any, **settings: Any) -> dict[str, str]:
    value = Codec(FileIds()).encode(name, record)
    made = EventHeaders(name, Settings(**settings))(record, record.id.encode(), value)
    assert len(made) == len(dict(made))
    return {header: content.decode() for header, content in made}


def test_a_violation_is_described_whole() -> None:
    found = msgspec.structs.replace(
        VIOLATION,
        id="7d444840-9dc0-5ef3-a245-5ffdce74fad2",
        revision=3,
        detected_at=1_772_305_200_007,
    )
    assert headers("Violation", found, event_source="https://example.kz/emissions") == {
        "content-type": "application/vnd.confluent.avro",
        "ce_specversion": "1.0",
        "ce_type": "kz.emissions.violation.v1",
        "ce_source": "https://example.kz/emissions",
        "ce_id": "7d444840-9dc0-5ef3-a245-5ffdce74fad2-3",
        "ce_time": "2026-02-28T19:00:00.007Z",
        "ce_subject": "KZ-0001-01",
        "ce_partitionkey": "7d444840-9dc0-5ef3-a245-5ffdce74fad2",
        "ce_revision": "3",
    }


def test_what_is_never_revised_is_its_first_revision() -> None:
    made = headers("Advice", ADVICE)
    assert (made["ce_id"], made["ce_revision"]) == (f"{ADVICE.id}-1", "1")
    assert made["ce_type"] == "kz.emissions.advice.v1"


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_registry_serves_the_schema_that_the_value_names(name: str) -> None:
    number = FileIds().id_of(name)
    made = headers(name, RECORDS[name], schema_registry_url="http://registry:8081/")
    assert made["ce_dataschema"] == f"http://registry:8081/schemas/ids/{number}"
    assert "ce_dataschema" not in headers(name, RECORDS[name])


@pytest.mark.parametrize("record", [VIOLATION, CASE, FINDING])
def test_what_is_about_an_enterprise_has_its_number_as_subject(
    record: Violation | AdministrativeCase | Finding,
) -> None:
    whole = msgspec.structs.replace(record, source_id=None)
    assert headers(type(record).__name__, whole)["ce_subject"] == record.bin


def test_every_record_with_an_identity_that_others_act_upon_is_an_event() -> None:
    fields = {
        name: {each["name"] for each in found.parsed["fields"]} for name, found in current().items()
    }
    acted_upon = {
        name
        for name, names in fields.items()
        if {"id", "bin"} <= names and names & {"revision", "told_at"}
    }
    assert acted_upon == EVENT_TYPES.keys()
    assert all(EVENT_TYPES[name].time in fields[name] for name in EVENT_TYPES)


def test_no_stamp_of_a_record_is_in_the_way() -> None:
    assert timestamp(-1) == "1969-12-31T23:59:59.999Z"
    assert timestamp(253_402_300_799_999) == "9999-12-31T23:59:59.999Z"
    assert timestamp(-62_135_596_800_000) == "0001-01-01T00:00:00.000Z"
    for beyond in (253_402_300_800_000, -62_135_596_800_001, 2**63 - 1, -(2**63)):
        assert timestamp(beyond) is None
        far = msgspec.structs.replace(VIOLATION, detected_at=beyond)
        assert "ce_time" not in headers("Violation", far)


@pytest.mark.parametrize("source", ["", "a b", "/emissions\n", "x" * 251, "/выбросы"])
def test_a_source_that_is_no_uri_is_refused(source: str) -> None:
    with pytest.raises(SettingsError, match="EMISSIONS_EVENT_SOURCE must be a URI reference"):
        Settings(event_source=source)
