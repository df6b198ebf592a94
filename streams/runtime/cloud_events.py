"""Describes published records as CloudEvents 1.0, in the headers of Kafka's binary mode.

The value stays the framed Avro record; the headers say what it is, so that a subscriber can route,
order and skip records without decoding them. They follow from the record and the settings alone: a
record that is published again carries the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from streams.settings import Settings

Headers = tuple[tuple[str, bytes], ...]

CONTENT_TYPE: Final = "application/vnd.confluent.avro"
"""Avro in Confluent's framing: 0, schema id, body. ``application/avro`` is the body alone."""


_FIRST_S: Final = -62_135_596_800
_LAST_S: Final = 253_402_300_799


class EventType(NamedTuple):
    """The ``ce_type`` of the records of one name, and the field that dates them (ms UTC).

    The number at the end of the type changes only with a change that subscribers cannot read.
    """

    name: str
    time: str


EVENT_TYPES: Final[Mapping[str, EventType]] = MappingProxyType(
    {
        "Violation": EventType("kz.emissions.violation.v1", "detected_at"),
        "AdministrativeCase": EventType("kz.emissions.case.v1", "revised_at"),
        "Finding": EventType("kz.emissions.finding.v1", "detected_at"),
        "Advice": EventType("kz.emissions.advice.v1", "told_at"),
    }
)
"""Records that are events, by name: those with an id that others act upon."""

ONLY_REVISION: Final = 1
"""Revision of what is never revised."""


def event_id(identity: str, revision: int) -> str:
    """Return the id of the event that a revision of a record is."""
    return f"{identity}-{revision}"


def timestamp(instant: int) -> str | None:
    """Write an instant (ms UTC) as RFC 3339, to the millisecond; None beyond its years 1 to 9999.

    The stamp of a record may be any number.
    """
    seconds, milliseconds = divmod(instant, 1000)
    if not _FIRST_S <= seconds <= _LAST_S:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='seconds')}.{milliseconds:03}Z"


class EventHeaders:
    """Build the headers of the records of one name, which is one of `EVENT_TYPES`."""

    def __init__(self, record_name: str, settings: Settings) -> None:
        self._type = EVENT_TYPES[record_name]
        self._registry = settings.schema_registry_url
        self._first: Headers = (
            ("content-type", CONTENT_TYPE.encode()),
            ("ce_specversion", b"1.0"),
            ("ce_type", self._type.name.encode()),
            ("ce_source", settings.event_source.encode()),
        )

    def __call__(self, record: Any, key: bytes, value: bytes) -> Headers:
        """Return the headers of a record that goes out under a key as a framed value."""
        revision = getattr(record, "revision", ONLY_REVISION)
        identity = event_id(record.id, revision)
        time = timestamp(getattr(record, self._type.time))
        return (
            *self._first,
            ("ce_id", identity.encode()),
            *((("ce_time", time.encode()),) if time is not None else ()),
            ("ce_subject", (record.source_id or record.bin).encode()),
            ("ce_partitionkey", key),
            ("ce_revision", b"%d" % revision),
            *self._schema(value),
        )

    def _schema(self, value: bytes) -> Headers:
        """Name where a registry serves the schema; without one the framed id is all there is."""
        if self._registry is None:
            return ()
        number = int.from_bytes(value[1:5], "big")
        return (("ce_dataschema", f"{self._registry.rstrip('/')}/schemas/ids/{number}".encode()),)
