"""A record as an event: the same bytes each time, readable by a stranger, never an exception."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.bridge.event import Event, NoEvent, read_event
from schemas.records import record_of
from streams.core.cases.erap_form import erap_form
from tests.emissions.bridge.cases import CODEC, SCENE, case, framed
from tests.schemas.examples import CASE, GAP, VIOLATION

ID = "7d444840-9dc0-5ef3-a245-5ffdce74fad2"


def read(value: bytes, wanted: str = "AdministrativeCase") -> Event | NoEvent:
    return read_event(CODEC, value, "/emissions", SCENE, wanted)


def test_a_case_goes_out_with_its_attributes_its_times_as_text_and_its_form() -> None:
    found = case(ID, 3)
    event = read(framed(found))
    assert isinstance(event, Event)
    assert (event.id, event.key, event.case) == (f"{ID}-3", ID.encode(), found)
    body: dict[str, Any] = json.loads(event.body)
    data = body.pop("data")
    assert body == {
        "specversion": "1.0",
        "type": "kz.emissions.case.v1",
        "source": "/emissions",
        "id": f"{ID}-3",
        "time": "2026-03-03T19:00:00.002Z",
        "subject": "KZ-0001-01",
        "datacontenttype": "application/json",
        "revision": 3,
    }
    assert data["erap_1av"] == erap_form(found, SCENE)
    assert data["erap_1av_missing"] is None
    assert data["case"].keys() == record_of(found).keys()
    assert (data["case"]["start"], data["case"]["end"]) == ("2026-02-28T19:00:00Z", None)
    assert data["case"]["items"][0]["verification_until"] == "2027-02-28T17:00:00Z"
    assert data["case"]["due"] == {"protocol_by": "2026-03-06", "appeal_until": None}
    assert event == read(framed(found))


def test_a_case_for_a_person_has_no_form_and_says_why() -> None:
    event = read(framed(CASE))
    assert isinstance(event, Event)
    data = json.loads(event.body)["data"]
    assert (data["erap_1av"], data["erap_1av_missing"]) == (None, "STATE_REVIEW")


def test_a_violation_goes_out_without_a_case() -> None:
    event = read(CODEC.encode("Violation", record_of(VIOLATION)), "Violation")
    assert isinstance(event, Event)
    assert event.case is None
    body = json.loads(event.body)
    assert body["type"] == "kz.emissions.violation.v1"
    assert body["data"]["violation"].keys() == record_of(VIOLATION).keys()
    assert body["data"]["violation"]["evidence"][0]["sha256"] == VIOLATION.evidence[0].sha256


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"", "a message of 0 bytes has no room for a schema id"),
        (b"\x00\x00\x00\x00\x01", "schema id 1 is not known"),
        (CODEC.encode("DataGap", record_of(GAP)), "a DataGap is no AdministrativeCase"),
        (framed(msgspec.structs.replace(CASE, start=2**62)), ""),
    ],
)
def test_what_is_no_case_is_a_value(value: bytes, said: str) -> None:
    found = read(value)
    assert isinstance(found, NoEvent)
    assert said in found.reason


@given(st.binary(max_size=60), st.booleans())
def test_no_message_is_an_exception(body: bytes, of_a_case: bool) -> None:
    framing = framed(CASE)[:5] if of_a_case else b""
    read(framing + body)
