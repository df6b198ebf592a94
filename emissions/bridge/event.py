"""Reads a record of the cases or violations topic as the event that a webhook is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.core.cases.erap_form import FormScene, erap_form, missing_form
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.time.local_clock import iso
from streams.runtime.cloud_events import EVENT_TYPES, event_id, timestamp

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
"""CloudEvents in structured mode: the signature covers the attributes too."""

_RECORDS: Final[Mapping[str, type[AdministrativeCase | Violation]]] = {
    "AdministrativeCase": AdministrativeCase,
    "Violation": Violation,
}
_INSTANTS: Final = frozenset(
    ("start", "end", "deferred_until", "detected_at", "opened_at", "delivered_at", "revised_at",
     "verification_until")
)  # fmt: skip
"""Fields in milliseconds UTC: ISO 8601 in a body, as in every file of this program."""


class Event(NamedTuple):
    """A revision of a case or violation: its id, the key of its order, and the body that is sent.

    ``case`` is None for a violation.
    """

    id: str
    key: bytes
    body: bytes
    case: AdministrativeCase | None


class NoEvent(NamedTuple):
    """A message that is no case or violation, and why."""

    reason: str


def read_event(
    codec: Codec, value: bytes, source: str, scene: FormScene, wanted: str
) -> Event | NoEvent:
    """Decode a framed record of the name ``wanted``; a message that is none is a value.

    Raises SchemaRegistryError if the schema registry does not answer: the message may be good.
    """
    try:
        name, record = codec.decode(value)
    except (Undecodable, UnknownSchema) as error:
        return NoEvent(str(error))
    if name != wanted:
        return NoEvent(f"a {name} is no {wanted}")
    try:
        found = msgspec.convert(record, _RECORDS[name])
    except msgspec.ValidationError as error:
        return NoEvent(str(error))
    try:
        return _event(name, found, source, scene)
    except (OverflowError, ValueError) as error:  # a time beyond the calendar
        return NoEvent(str(error))


def _event(
    name: str, found: AdministrativeCase | Violation, source: str, scene: FormScene
) -> Event:
    case = found if isinstance(found, AdministrativeCase) else None
    identity = event_id(found.id, found.revision)
    body = {
        "specversion": "1.0",
        "type": EVENT_TYPES[name].name,
        "source": source,
        "id": identity,
        "time": timestamp(getattr(found, EVENT_TYPES[name].time)),
        "subject": found.source_id or found.bin,
        "datacontenttype": "application/json",
        "revision": found.revision,
        "data": _violation_data(found) if case is None else _case_data(case, scene),
    }
    if body["time"] is None:
        del body["time"]
    return Event(identity, found.id.encode(), msgspec.json.encode(body, order="sorted"), case)


def _case_data(case: AdministrativeCase, scene: FormScene) -> dict[str, Any]:
    return {
        "case": _document(msgspec.to_builtins(case)),
        "erap_1av": erap_form(case, scene),
        "erap_1av_missing": missing_form(case),
    }


def _violation_data(violation: AdministrativeCase | Violation) -> dict[str, Any]:
    return {"violation": _document(msgspec.to_builtins(violation))}


def _document(value: Any) -> Any:
    """Write the instants of a record as text; all else stays."""
    if isinstance(value, dict):
        return {
            name: iso(item) if name in _INSTANTS and isinstance(item, int) else _document(item)
            for name, item in value.items()
        }
    return [_document(item) for item in value] if isinstance(value, list | tuple) else value
