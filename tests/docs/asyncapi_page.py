"""Writes the AsyncAPI document: every topic that others read or write, its records and headers."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any, Final

import yaml

from emissions.cli.support.settings_listing import meanings
from schemas.definitions import current
from schemas.ids import FileIds
from streams.kafka.topics import topics
from streams.runtime.cloud_events import CONTENT_TYPE, EVENT_TYPES
from streams.settings import Settings

VERSION: Final = "3.0.0"
NOTE: Final = "# Written by `make docs`. Change the code, not this document.\n"
AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
BINDING: Final = "0.5.0"

HEADERS: Final[dict[str, str]] = {
    "content-type": "Always " + CONTENT_TYPE + ": 0, four bytes of schema id, the Avro body.",
    "ce_specversion": "Version of CloudEvents, 1.0.",
    "ce_type": "What happened; its number changes only with a change that breaks readers.",
    "ce_source": "Who publishes: setting `EMISSIONS_EVENT_SOURCE`.",
    "ce_id": "Id of the record, a hyphen, its revision: the same event, however often it comes.",
    "ce_time": "Stream time of the revision, RFC 3339; absent beyond the years 1 to 9999.",
    "ce_subject": "The source, or the БИН where it is about an enterprise.",
    "ce_partitionkey": "Key of the message.",
    "ce_revision": "Revision of the record, a decimal number.",
    "ce_dataschema": "Address of the schema; absent without a schema registry.",
}
"""Headers of an event, with their meaning."""

OPTIONAL: Final = ("ce_time", "ce_dataschema")

_CARRIES = re.compile(r"(in|out): (\w+)")


def asyncapi_page() -> str:
    """Return the document as YAML."""
    text = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)
    return NOTE + text


def carried() -> list[tuple[str, str, str]]:
    """List the topics that others read or write: setting, ``in`` or ``out``, record."""
    found = []
    for name, meaning in meanings().items():
        told = _CARRIES.match(meaning) if name.startswith("topic_") else None
        if told is not None and told[2] in current():
            found.append((name, told[1], told[2]))
    return found


def document() -> dict[str, Any]:
    """Return the document: channels by the setting that names their topic."""
    settings = Settings()
    configs = {topic.name: topic for topic in topics(settings)}
    channels, operations, messages = {}, {}, {}
    for setting, way, record in carried():
        channel = setting.removeprefix("topic_")
        address = getattr(settings, setting)
        topic = configs[address]
        channels[channel] = {
            "address": address,
            "description": f"{meanings()[setting]}. Name: EMISSIONS_{setting.upper()}.",
            "messages": {record: {"$ref": f"#/components/messages/{record}"}},
            "bindings": {
                "kafka": {
                    "topicConfiguration": {
                        "cleanup.policy": [topic.config["cleanup.policy"]],
                        **_retention(topic.config),
                    },
                    "bindingVersion": BINDING,
                }
            },
        }
        operations[f"{'send' if way == 'out' else 'receive'}_{channel}"] = {
            "action": "send" if way == "out" else "receive",
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [{"$ref": f"#/channels/{channel}/messages/{record}"}],
        }
        messages[record] = _message(record)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "emission-streams",
            "version": "1.0.0",
            "description": "Readings of monitoring systems in; means, gaps, violations and "
            "administrative cases out. The contract in words is docs/reference/subscribing.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": settings.broker,
                "protocol": "kafka",
                "description": "EMISSIONS_BROKER",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _retention(config: dict[str, str]) -> dict[str, int]:
    kept = config.get("retention.ms")
    return {} if kept is None else {"retention.ms": int(kept)}


def _message(record: str) -> dict[str, Any]:
    schema = json.loads(_file_of(record))
    message: dict[str, Any] = {
        "name": record,
        "title": record,
        "summary": schema.get("doc", record),
        "contentType": CONTENT_TYPE,
        "payload": {"schemaFormat": AVRO, "schema": schema},
        "bindings": {
            "kafka": {
                "key": {"type": "string"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": BINDING,
            }
        },
        "x-schema-id": FileIds().id_of(record),
    }
    if record in EVENT_TYPES:
        message["headers"] = _headers(record)
    return message


def _headers(record: str) -> dict[str, Any]:
    fixed = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": "1.0",
        "ce_type": EVENT_TYPES[record].name,
    }
    properties = {
        name: {
            "type": "string",
            "description": meaning,
            **({"const": fixed[name]} if name in fixed else {}),
        }
        for name, meaning in HEADERS.items()
    }
    required = [name for name in HEADERS if name not in OPTIONAL]
    return {"type": "object", "required": required, "properties": properties}


def _file_of(record: str) -> str:
    ids = json.loads(files("schemas").joinpath("ids.json").read_text("utf-8"))
    name = ids[str(FileIds().id_of(record))]
    return files("schemas").joinpath(name).read_text("utf-8")
