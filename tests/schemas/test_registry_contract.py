"""What our clients need of a schema registry: the stand-in of the tests, and one of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import pytest

from schemas.codec import Codec
from schemas.definitions import current
from schemas.errors import SchemaNotYetKnown, SchemaRegistryError, UnknownSchema
from schemas.ids import HttpIds
from schemas.reading import Reading
from schemas.registry_client import RegistryClient
from streams.kafka.schema_registry import check_subjects, prepare_subjects, registry_ids
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.schemas.examples import READING
from tests.schemas.schema_registry import listening
from tests.support.apicurio import apicurio
from tests.support.broker import TestBroker, eventually, unique
from tests.support.signed_tokens import SECRET, Issuer, providing
from tests.support.streams_process import StreamsProcess, own_settings

pytestmark = pytest.mark.process
OTHERS = [pytest.param(f"apicurio-{major}", marks=pytest.mark.long) for major in ("2", "3")]
AUDIENCE = "registry-api"


@pytest.fixture(scope="module", params=["stand-in", *OTHERS])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "stand-in":
        with listening() as server:
            yield server.url
    else:
        major = request.param.removeprefix("apicurio-")
        with apicurio(major, tmp_path_factory.mktemp("apicurio")) as address:
            yield address


def register(
    url: str, subject: str, schema: dict[str, Any], references: list[dict[str, Any]] | None = None
) -> int:
    """Register a schema as somebody else does."""
    body = {"schema": json.dumps(schema), "references": references or []}
    told = RegistryClient(url).ask(f"/subjects/{subject}/versions", body)
    assert told is not None
    return int(told["id"])


def test_a_deployment_is_looked_at_prepared_and_found_in_order(url: str) -> None:
    settings = Settings(schema_registry_url=url)
    seen = check_subjects(settings)
    assert not seen.ok
    assert seen.remedy == "emissions topics create"
    assert not any(HttpIds(url).registered().values()), "looking registers nothing"
    prepare_subjects(settings)
    assert check_subjects(settings).ok
    prepare_subjects(settings)  # again: nothing is registered twice


def test_two_clients_agree_on_every_id_and_schema(url: str) -> None:
    first, second = HttpIds(url), HttpIds(url)
    first.start()
    second.start()
    for name, definition in current().items():
        assert first.id_of(name) == second.id_of(name)
        found = HttpIds(url).schema_of(first.id_of(name))
        assert found is not None
        assert (found.name, found.full_name) == (definition.name, definition.full_name)
    message = Codec(first).encode("EmissionReading", READING)
    assert isinstance(Codec(second).decode_reading(message), Reading)


def test_an_id_that_is_not_there_is_waited_for_and_found_when_it_comes(url: str) -> None:
    now = [0.0]
    ids = HttpIds(url, wait_s=30.0, miss_s=5.0, clock=lambda: now[0])
    # Whoever registers gets the next id: this one and some after it are not there yet.
    number = register(url, unique("before"), record("Before", unique("n").replace("-", "_"))) + 1
    with pytest.raises(SchemaNotYetKnown):
        ids.schema_of(number)
    assert register(url, unique("late"), record("Late", unique("n").replace("-", "_"))) == number
    now[0] = 20.0
    with pytest.raises(UnknownSchema, match="no record of this pipeline"):
        ids.schema_of(number)  # it is there, and none of ours


def record(name: str, field: str) -> dict[str, Any]:
    fields = [{"name": field, "type": "int"}]
    return {"type": "record", "name": name, "namespace": "kz.others", "fields": fields}


def foreign() -> dict[str, Any]:
    """Readings with a field more, of a state that is referred to."""
    schema: dict[str, Any] = json.loads(current()["EmissionReading"].text)
    for field in schema["fields"]:
        if field["name"] == "state":
            field["type"] = "kz.emissions.OperatingState"
    more = {"name": "price", "type": ["null", "int"], "default": None}
    schema["fields"].insert(1, more)
    return schema


def register_foreign(url: str) -> int:
    """Register them, the state first."""
    subject = unique("states")
    state = next(
        field["type"]
        for field in json.loads(current()["EmissionReading"].text)["fields"]
        if field["name"] == "state"
    )
    named = {**state, "namespace": "kz.emissions"}
    register(url, subject, named)
    referred = {"name": "kz.emissions.OperatingState", "subject": subject, "version": 1}
    return register(url, unique("readings"), foreign(), [referred])


def written(number: int) -> bytes:
    """A reading by that schema."""
    plain: dict[str, Any] = json.loads(current()["EmissionReading"].text)
    plain["fields"].insert(1, {"name": "price", "type": ["null", "int"]})
    body = BytesIO()
    fastavro.schemaless_writer(
        body, fastavro.parse_schema(plain), {**msgspec.structs.asdict(READING), "price": 7}
    )
    return b"\0" + number.to_bytes(4, "big") + body.getvalue()


def test_a_schema_with_references_is_read_whole(url: str) -> None:
    ids = HttpIds(url)
    ids.start()
    number = register_foreign(url)
    decoded = Codec(HttpIds(url)).decode_reading(written(number))
    assert decoded == Codec(ids).decode_reading(Codec(ids).encode("EmissionReading", READING))


def test_a_schema_that_is_no_avro_is_refused(url: str) -> None:
    if "ccompat" not in url:
        pytest.skip("the stand-in knows no other kind")
    text = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"})
    body = {"schema": text, "schemaType": "JSON"}
    told = RegistryClient(url).ask(f"/subjects/{unique('json')}/versions", body)
    assert told is not None
    with pytest.raises(UnknownSchema, match="no Avro schema"):
        RegistryClient(url).schema(int(told["id"]))


def test_what_would_break_readers_is_refused(url: str) -> None:
    if "ccompat" not in url:
        pytest.skip("the stand-in compares no schemas")
    prepare_subjects(Settings(schema_registry_url=url))
    broken = json.loads(current()["DataGap"].text)
    broken["fields"].append({"name": "more", "type": "int"})
    with pytest.raises(SchemaRegistryError, match="answered 409"):
        register(url, "kz.emissions.DataGap", broken)


async def test_a_worker_reads_what_others_wrote_and_waits_for_their_schema(
    url: str, broker: TestBroker, tmp_path: Path
) -> None:
    if "ccompat" not in url:
        pytest.skip("tests/sinks/test_foreign_writers.py has the stand-in")
    settings = own_settings(
        broker.address, partitions=1, schema_registry_url=url, schema_wait_s=60.0
    )
    await create_topics(settings, "replay")
    prepare_subjects(settings)
    known = register_foreign(url)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await eventually(lambda: "worker_started" in worker.said(), "it has started")
        await broker.produce(settings.topic_readings, [written(known), written(known + 1)])

        async def reasons() -> list[str]:
            codec = Codec(HttpIds(url))
            letters = await broker.read(settings.topic_dead_letters)
            return [codec.decode(letter.value)[1]["reason"] for letter in letters]

        await eventually(lambda: "retrying" in worker.said(), f"it waits, {worker.said()}")
        assert await reasons() == []
        late = register(url, unique("late"), {**foreign_alone(), "doc": unique("late")})
        assert late == known + 1

        async def both() -> bool:
            return await reasons() == ["UNKNOWN_SOURCE"] * 2

        await eventually(both, "both are read: nobody registered their source")


def foreign_alone() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(current()["EmissionReading"].text)
    schema["fields"].insert(1, {"name": "price", "type": ["null", "int"], "default": None})
    return schema


@pytest.mark.long
@pytest.mark.parametrize("major", ["2", "3"])
def test_a_registry_that_asks_who_is_there(major: str, tmp_path: Path) -> None:
    issuer, stranger = Issuer(), Issuer()
    with providing(issuer, AUDIENCE) as provider, apicurio(major, tmp_path, provider.url) as url:

        def seen(**access: Any) -> str:
            try:
                registry_ids(Settings(schema_registry_url=url, **access), url).answers()
            except SchemaRegistryError as error:
                return str(error)
            return ""

        def token(by: Issuer, seconds: int = 600) -> str:
            return by.token("worker", AUDIENCE, seconds=seconds, issuer=provider.url)

        assert seen(schema_registry_token=token(issuer)) == ""
        assert seen(schema_registry_user="worker", schema_registry_password=SECRET) == ""
        for access in (
            {},
            {"schema_registry_token": token(issuer, -600)},
            {"schema_registry_token": token(stranger)},
            {"schema_registry_user": "worker", "schema_registry_password": "wrong"},
        ):
            said = seen(**access)
            assert "answered 401" in said
            assert "EMISSIONS_SCHEMA_REGISTRY_USER" in said
