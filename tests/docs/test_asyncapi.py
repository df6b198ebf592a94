"""The AsyncAPI document and the contract, held to what is published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.kafka.topics import output_topics
from streams.runtime.cloud_events import EVENT_TYPES, EventHeaders
from streams.settings import Settings
from tests.docs.asyncapi_page import HEADERS, OPTIONAL, carried, document
from tests.docs.pages import REFERENCE
from tests.schemas.examples import ADVICE, CASE, FINDING, VIOLATION

DOCUMENT = document()
RECORDS = {type(each).__name__: each for each in (ADVICE, CASE, FINDING, VIOLATION)}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 20
    for reference in found:
        at: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            at = at[name]


def test_every_topic_of_results_is_a_channel() -> None:
    addresses = {each["address"] for each in DOCUMENT["channels"].values()}
    assert addresses >= set(output_topics(Settings()))
    assert {getattr(Settings(), setting) for setting, _, _ in carried()} == addresses


def test_the_committed_document_is_yaml_of_the_same() -> None:
    assert yaml.safe_load((REFERENCE / "asyncapi.yaml").read_text("utf-8")) == DOCUMENT


@pytest.mark.parametrize("record", EVENT_TYPES)
def test_headers_are_those_that_are_published(record: str) -> None:
    told = DOCUMENT["components"]["messages"][record]["headers"]
    for registry, absent in (("http://registry", set()), (None, {"ce_dataschema"})):
        settings = Settings(schema_registry_url=registry)
        value = Codec(FileIds()).encode(record, record_of(RECORDS[record]))
        made = dict(EventHeaders(record, settings)(RECORDS[record], b"key", value))
        assert list(made) == [name for name in HEADERS if name not in absent]
        for name, content in made.items():
            assert told["properties"][name].get("const", content.decode()) == content.decode()
    assert set(told["required"]) == HEADERS.keys() - set(OPTIONAL)
