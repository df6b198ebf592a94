"""Writes the page of topics and schemas from the topics' settings and the ``*.avsc`` files."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from emissions.cli.support.settings_listing import meanings
from streams.kafka.topics import HOUR_MS, UNBOUNDED, Topic, changelog_topic, topics
from streams.settings import Settings
from tests.docs.markdown import code, page, table

_DAYS_FROM_H: Final = 24


def topics_page() -> str:
    """Show every topic with its configuration, and every record field by field."""
    settings = Settings()
    wanted = topics(settings)
    meant = _meanings(settings)
    common = dict(set.intersection(*(set(topic.config.items()) for topic in wanted)))
    common = dict(sorted(common.items()))
    parts = [
        "Messages are in Confluent's wire format: a byte 0, four bytes of schema id, Avro. Their "
        "key is `source_id` (of a registration the БИН), partitioned by Kafka's default hash "
        "(murmur2). Names are [settings](settings.md). Records evolve under BACKWARD_TRANSITIVE.",
        "## Topics",
        table(
            ("topic", "partitions", "carries"),
            [(code(each.name), _partitions(each), meant.get(each.name, "")) for each in wanted],
        ),
        "## Configuration",
        "As `emissions topics create` makes them with `EMISSIONS_REPLICATION` 1; with 2 or more "
        "`min.insync.replicas` is 2. Every topic has",
        table(("setting", "value"), [_setting(*each) for each in common.items()]),
        "and beside it",
        table(
            ("topic", "setting", "value"),
            [
                (code(topic.name), *_setting(name, value))
                for topic in wanted
                for name, value in topic.config.items()
                if name not in common
            ],
        ),
        "## Schemas",
        table(("record", "id", "file", "is"), [_overview(*each) for each in _schemas()]),
    ]
    for _, name, schema in _schemas():
        if not name.removesuffix(".avsc").endswith("_v1"):
            parts += list(_record(schema))
    return page("Topics and schemas", *parts)


def _meanings(settings: Settings) -> dict[str, str]:
    said = {getattr(settings, name): text for name, text in meanings().items()
            if name.startswith("topic_")}  # fmt: skip
    return {**said, changelog_topic(settings.app_id): "the state of the streams workers, compacted"}


def _partitions(topic: Topic) -> str:
    return "1" if topic.partitions == 1 else "`EMISSIONS_PARTITIONS`"


def _setting(name: str, value: str) -> tuple[str, str]:
    """Show a setting; long times in days or hours as well, none as for ever."""
    shown = code(value)
    if name.startswith("retention.") and value == UNBOUNDED:
        return code(name), f"{shown} (without end)"
    if name.endswith(".ms") and int(value) >= HOUR_MS:
        hours = int(value) // HOUR_MS
        shown += f" ({hours // 24} days)" if hours >= _DAYS_FROM_H else f" ({hours} h)"
    return code(name), shown


def _schemas() -> list[tuple[int, str, dict[str, Any]]]:
    """Id, file and content of every schema, in the order of the ids."""
    folder = files("schemas")
    ids: dict[str, str] = json.loads(folder.joinpath("ids.json").read_text("utf-8"))
    return [
        (int(number), name, json.loads(folder.joinpath(name).read_text("utf-8")))
        for number, name in ids.items()
    ]


def _overview(number: int, name: str, schema: dict[str, Any]) -> tuple[str, ...]:
    record = schema["name"]
    old = name.removesuffix(".avsc").endswith("_v1")
    shown = f"{record}, version 1" if old else f"[{record}](#{record.lower()})"
    return shown, str(number), code(f"schemas/{name}"), schema.get("doc", "")


def _record(schema: dict[str, Any]) -> list[str]:
    """The fields of a record, then those of the records inside it."""
    inner: list[dict[str, Any]] = []
    rows = [
        (code(field["name"]), _type(field["type"], inner), field.get("doc", ""))
        for field in schema["fields"]
    ]
    parts = [f"### {schema['name']}", schema.get("doc", ""), table(("field", "type", "is"), rows)]
    for each in inner:
        parts += _record(each)
    return [part for part in parts if part]


def _type(kind: Any, inner: list[dict[str, Any]]) -> str:
    """Name a type as people do; records that are defined in place are noted in ``inner``."""
    if isinstance(kind, list):
        return " or ".join(_type(each, inner) for each in kind if each != "null") + " or null"
    if not isinstance(kind, dict):
        return str(kind)
    if kind["type"] == "record":
        inner.append(kind)
        return str(kind["name"])
    if kind["type"] == "array":
        return f"array of {_type(kind['items'], inner)}"
    if kind["type"] == "map":
        return f"map to {_type(kind['values'], inner)}"
    if kind["type"] == "enum":
        return " / ".join(kind["symbols"])
    logical = kind.get("logicalType")
    return f"{kind['type']} ({logical})" if logical else str(kind["type"])
