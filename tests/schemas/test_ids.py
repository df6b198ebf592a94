"""Schema ids over HTTP, against a small schema registry that really listens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.definitions import current
from schemas.errors import SchemaNotYetKnown, SchemaRegistryError, UnknownSchema
from schemas.ids import FileIds, HttpIds
from schemas.reading import Reading, Rejected
from tests.schemas.examples import READING, RECORDS
from tests.schemas.schema_registry import Registry, listening

pytestmark = pytest.mark.process


@pytest.fixture
def registry() -> Iterator[Registry]:
    with listening() as server:
        yield server


def test_file_ids_are_fixed() -> None:
    ids = FileIds()
    assert {name: ids.id_of(name) for name in RECORDS} == {
        "EmissionReading": 41001,
        "StreamTick": 41002,
        "EnterpriseRegistration": 41100,
        "WindowMean": 41004,
        "DataGap": 41005,
        "Violation": 41008,
        "Finding": 41020,
        "DeadLetter": 41007,
        "OperatorNotice": 41030,
        "NoticeVerdict": 41031,
        "SourceDayRoot": 41090,
        "Advice": 41095,
        "AdministrativeCase": 41070,
        "Measure": 41080,
    }
    for name in RECORDS:
        assert ids.schema_of(ids.id_of(name)) == current()[name]
    assert ids.schema_of(1) is None


def test_start_registers_once_under_the_full_names(registry: Registry) -> None:
    HttpIds(registry.url).start()
    assert set(registry.subjects) == {f"kz.emissions.{name}" for name in current()}
    registry.requests.clear()
    second = HttpIds(registry.url + "/")
    second.start()
    assert not [asked for asked in registry.requests if asked.endswith("/versions")]
    assert (
        second.id_of("DataGap")
        == registry.subjects["kz.emissions.DataGap"][current()["DataGap"].text]
    )


def test_subjects_can_be_named(registry: Registry) -> None:
    HttpIds(registry.url, subjects={"DataGap": "emissions.gaps-value"}).id_of("DataGap")
    assert set(registry.subjects) == {"emissions.gaps-value"}


def test_two_workers_understand_each_other(registry: Registry) -> None:
    writer, reader = Codec(HttpIds(registry.url)), Codec(HttpIds(registry.url))
    message = writer.encode("EmissionReading", RECORDS["EmissionReading"])
    assert message[1:5] == (500).to_bytes(4, "big")
    assert reader.decode_reading(message) == READING


def test_hits_are_kept_for_ever_and_misses_for_a_moment(registry: Registry) -> None:
    now = [0.0]
    ids = HttpIds(registry.url, clock=lambda: now[0])
    assert ids.schema_of(500) is None
    number = registry.register("elsewhere", current()["DataGap"].text)
    assert number == 500
    assert ids.schema_of(500) is None
    assert len(registry.requests) == 1
    now[0] = 0.2
    found = ids.schema_of(500)
    assert found is not None
    assert found.name == "DataGap"
    now[0] = 1e9
    assert ids.schema_of(500) == found
    assert len(registry.requests) == 2


def test_messages_wait_for_an_id_that_one_node_does_not_know_yet(registry: Registry) -> None:
    now = [0.0]
    number = registry.register("elsewhere", current()["EmissionReading"].text)
    registry.hidden[number] = 3
    codec = Codec(HttpIds(registry.url, wait_s=5, clock=lambda: now[0]))
    message = written_with(number)
    for now[0] in (0.0, 0.2, 0.6):
        with pytest.raises(SchemaNotYetKnown, match=f"does not know schema id {number} yet"):
            codec.decode_readings([message])
    now[0] = 1.5
    assert codec.decode_reading(message) == READING


def test_a_wait_in_vain_ends_and_the_next_begins_only_after_a_rest(registry: Registry) -> None:
    now = [0.0]
    codec = Codec(HttpIds(registry.url, wait_s=5, clock=lambda: now[0]))
    with pytest.raises(SchemaNotYetKnown):
        codec.decode_readings([written_with(number) for number in range(1, 60)])
    now[0] = 5.0
    decoded = codec.decode_readings([written_with(number) for number in range(1, 60)])
    assert {found.reason for found in decoded.others.values() if isinstance(found, Rejected)} == {
        "UNKNOWN_SCHEMA"
    }
    assert len(registry.requests) == 2 * 59
    now[0] = 24.0
    assert isinstance(codec.decode_reading(written_with(77)), Rejected)  # nobody waits
    now[0] = 25.0
    with pytest.raises(SchemaNotYetKnown):
        codec.decode_reading(written_with(78))


def test_an_id_for_which_the_registry_fails_for_ever_stops_nobody(registry: Registry) -> None:
    now = [0.0]
    ids = HttpIds(registry.url, wait_s=5, clock=lambda: now[0])
    ids.start()
    registry.failing = {666}
    codec = Codec(ids)
    with pytest.raises(SchemaNotYetKnown):
        codec.decode_reading(written_with(666))
    now[0] = 5.0
    refused = codec.decode_reading(written_with(666))
    assert isinstance(refused, Rejected)
    assert refused.reason == "UNKNOWN_SCHEMA"


def test_a_registry_that_fails_for_every_id_is_away(registry: Registry) -> None:
    now = [0.0]
    ids = HttpIds(registry.url, wait_s=5, clock=lambda: now[0])
    ids.start()
    registry.failing = {*registry.schemas, 666}
    for now[0] in (0.0, 5.0, 100.0):
        with pytest.raises(SchemaRegistryError, match="answered 500"):
            Codec(ids).decode_reading(written_with(666))


def test_a_flood_of_made_up_ids_asks_a_ration(registry: Registry) -> None:
    now = [0.0]
    codec = Codec(HttpIds(registry.url, clock=lambda: now[0]))
    codec.decode_readings([written_with(number) for number in range(1, 2000)])
    assert len(registry.requests) == 100
    now[0] = 1.0
    codec.decode_readings([written_with(number) for number in range(3000, 4000)])
    assert len(registry.requests) == 110
    assert Codec(HttpIds(registry.url)).encode("EmissionReading", RECORDS["EmissionReading"])


def written_with(number: int) -> bytes:
    return (
        b"\0"
        + number.to_bytes(4, "big")
        + Codec(FileIds()).encode("EmissionReading", RECORDS["EmissionReading"])[5:]
    )


STATE = {
    "type": "enum", "name": "OperatingState", "namespace": "kz.emissions",
    "symbols": ["NORMAL", "STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY"],
}  # fmt: skip


def referring(**types: str) -> str:
    """The reading's schema with other types of some fields, by name."""
    schema = json.loads(current()["EmissionReading"].text)
    for field in schema["fields"]:
        field["type"] = types.get(field["name"], field["type"])
    return json.dumps(schema)


def reference(name: str, version: int = 1) -> dict[str, Any]:
    return {"name": name, "subject": f"{name}/x", "version": version}


def test_references_are_fetched_with_what_they_refer_to(registry: Registry) -> None:
    device = {"type": "record", "name": "Device", "namespace": "kz.emissions", "fields": [
        {"name": "was", "type": "OperatingState"}]}  # fmt: skip
    older = {**STATE, "symbols": ["NORMAL"]}
    registry.register("kz.emissions.OperatingState/x", json.dumps(older))
    registry.register("kz.emissions.OperatingState/x", json.dumps(STATE))
    registry.register(
        "kz.emissions.Device/x",
        json.dumps(device),
        [reference("kz.emissions.OperatingState", 2)],
    )
    # The state is referred to in two versions: the one that is met first is the type.
    number = registry.register(
        "readings",
        json.dumps(
            {
                **json.loads(referring(state="kz.emissions.OperatingState")),
                "fields": [
                    *json.loads(referring(state="kz.emissions.OperatingState"))["fields"],
                    {"name": "device", "type": "kz.emissions.Device"},
                ],
            }
        ),
        [reference("kz.emissions.Device"), reference("kz.emissions.OperatingState", 1)],
    )
    message = written_with(number) + b"\x06"
    assert Codec(HttpIds(registry.url)).decode_reading(message) == READING


def test_references_in_a_circle_or_without_end_are_no_schema(registry: Registry) -> None:
    names = [f"kz.emissions.R{number}" for number in range(70)]
    for at, name in enumerate(names):
        registry.register(f"{name}/x", f'"{at}"', [reference(names[(at + 1) % 70])])
    endless = registry.register("readings", referring(state=names[0]), [reference(names[0])])
    circle = registry.register(
        "a", referring(state="kz.emissions.A"), [reference("kz.emissions.A")]
    )
    registry.register("kz.emissions.A/x", '"kz.emissions.B"', [reference("kz.emissions.B")])
    registry.register("kz.emissions.B/x", '"kz.emissions.A"', [reference("kz.emissions.A")])
    ids = HttpIds(registry.url)
    with pytest.raises(UnknownSchema, match="needs more than 64 other schemas"):
        ids.schema_of(endless)
    with pytest.raises(UnknownSchema, match="cannot be used"):
        ids.schema_of(circle)
    asked = len(registry.requests)
    for number in (endless, circle):  # what can never be used is not asked for again
        with pytest.raises(UnknownSchema):
            ids.schema_of(number)
    assert len(registry.requests) == asked


def test_a_reference_that_is_not_there_yet_is_asked_for_again(registry: Registry) -> None:
    now = [0.0]
    name = "kz.emissions.OperatingState"
    number = registry.register("readings", referring(state=name), [reference(name)])
    codec = Codec(HttpIds(registry.url, wait_s=5, clock=lambda: now[0]))
    with pytest.raises(SchemaNotYetKnown):
        codec.decode_reading(written_with(number))
    registry.register(f"{name}/x", json.dumps(STATE))
    now[0] = 1.0
    assert isinstance(codec.decode_reading(written_with(number)), Reading)


def test_looking_registers_nothing(registry: Registry) -> None:
    ids = HttpIds(registry.url)
    ids.answers()
    assert set(ids.registered().values()) == {False}
    assert registry.subjects == {}
    ids.start()
    assert set(ids.registered().values()) == {True}


def test_subjects_take_compatible_schemas_only(registry: Registry) -> None:
    ids = HttpIds(registry.url)
    registry.register("kz.emissions.DataGap", current()["DataGap"].text)
    ids.start()
    level = ids.compatibility()
    assert level.pop("kz.emissions.DataGap") == "BACKWARD"  # was there before us
    assert set(level.values()) == {"BACKWARD_TRANSITIVE"}
    ids.set_compatibility()
    assert set(ids.compatibility().values()) == {"BACKWARD_TRANSITIVE"}


@pytest.mark.parametrize(
    "text",
    [
        '"string"',
        '{"type": "record", "name": "Weather", "namespace": "kz.other", "fields": []}',
        '{"type": "record"}',
        '{"type": "wrong"}',
        "not JSON",
        "[]",
    ],
)
def test_a_schema_that_is_none_of_ours_is_refused(registry: Registry, text: str) -> None:
    ids, number = HttpIds(registry.url), registry.register("other", text)
    with pytest.raises(UnknownSchema, match=f"schema id {number} "):
        ids.schema_of(number)


def test_a_schema_of_another_kind_is_refused(registry: Registry) -> None:
    registry.schemas[9] = {"schema": "message Reading {}", "schemaType": "PROTOBUF"}
    with pytest.raises(UnknownSchema, match="schema id 9 is no Avro schema"):
        HttpIds(registry.url).schema_of(9)


def test_credentials_are_sent_and_never_shown(registry: Registry) -> None:
    address = registry.url.removeprefix("http://")
    ids = HttpIds(f"http://user:s%20ecret@{address}")
    ids.id_of("DataGap")
    assert registry.authorization == "Basic " + base64.b64encode(b"user:s ecret").decode()
    registry.authorization = None
    HttpIds(registry.url, user="user", password="s ecret").answers()  # noqa: S106
    assert registry.authorization == "Basic " + base64.b64encode(b"user:s ecret").decode()
    registry.broken = True
    with pytest.raises(SchemaRegistryError, match="answered 500") as failure:
        ids.schema_of(9)
    assert "ecret" not in str(failure.value)
    assert "user" not in str(failure.value)


def test_an_unreachable_registry_is_named_without_its_secrets(registry: Registry) -> None:
    port = registry.server_port
    registry.server_close()
    with pytest.raises(SchemaRegistryError, match=f"127.0.0.1:{port} does not answer") as failure:
        HttpIds(f"http://user:secret@127.0.0.1:{port}").start()
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "localhost:8081", "http://"])
def test_an_address_that_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(SchemaRegistryError, match="not an http or https URL"):
        HttpIds(url)
