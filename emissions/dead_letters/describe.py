"""Format dead letters for people and scripts: rows, whole documents, hex dumps."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from emissions.dead_letters.dead_letter import DeadLetterRecord
from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from schemas.reading import Reading
from streams.core.law.quality_codes import UNDECODABLE, UNKNOWN_SCHEMA
from streams.core.quality.rejection import Rejection
from streams.core.time.local_clock import iso

DUMPED = 16 * 1024
"""Bytes of a message in a hex dump; JSON has all of them."""


def arrival_text(instant: int) -> str:
    """Format a time in ISO 8601, or as a number where it is outside the calendar."""
    try:
        return iso(instant)
    except (OverflowError, ValueError):
        return f"{instant} ms"


def with_measured_at(letter: DeadLetterRecord, codec: Codec) -> DeadLetterRecord:
    """Drop the value of a dead letter and keep the start of its interval, where it has one."""
    measured_at = None
    if letter.value is not None and letter.reason not in (UNDECODABLE, UNKNOWN_SCHEMA):
        measured_at = measured_at_of(letter.value, codec)
    return replace(letter.without_value(), measured_at=measured_at)


def measured_at_of(value: bytes | None, codec: Codec) -> int | None:
    """Return the start of a message's interval, ms UTC; None if it is no reading."""
    reading = codec.decode_reading(value)
    return reading.measured_at if isinstance(reading, Reading) else None


def list_row(letter: DeadLetterRecord, replayed: int | None) -> dict[str, Any]:
    """Return a row of the list; ``replayed`` counts earlier resends (None: unknown)."""
    measured_at = letter.measured_at
    return {
        "place": str(letter.place),
        "arrived": arrival_text(letter.arrived),
        "measured_at": None if measured_at is None else arrival_text(measured_at),
        "reason": letter.reason,
        "stage": letter.stage,
        "source_id": letter.source_id,
        "input_file": letter.input.file,
        "input_row": letter.input.row,
        "detail": letter.detail,
        "replayed": replayed,
        "replay_of": list(letter.origins),
    }


def full_document(
    letter: DeadLetterRecord,
    codec: Codec,
    *,
    now: str | None,
    replayed: int | None,
    replays: list[str],
) -> dict[str, Any]:
    """Return everything about a dead letter.

    ``now`` is its verdict today, ``replays`` are dead letters that descend from it; ``now`` and
    ``replayed`` are None where only stored data is available. Bytes are hexadecimal. Raises
    SchemaRegistryError where the schema registry does not answer.
    """
    return {
        **list_row(
            replace(letter, measured_at=with_measured_at(letter, codec).measured_at), replayed
        ),
        "replays_dead_lettered": replays,
        "now": now,
        "kept_in": "ClickHouse" if letter.kept_at is None else "topic",
        "key": _shown(letter.key),
        "headers": [{"name": name, "value": _shown(value)} for name, value in letter.headers],
        "value_bytes": None if letter.value is None else len(letter.value),
        "value": None if letter.value is None else letter.value.hex(),
        "message": decoded(letter.value, codec),
    }


def verdict_text(refused: Rejection | None) -> str:
    """Format the verdict of a recheck in one line."""
    return "could be used" if refused is None else f"{refused.reason}: {refused.detail}"


def decoded(value: bytes | None, codec: Codec) -> Any:
    """Decode a message into JSON values with its record name; None if that is impossible."""
    if value is None:
        return None
    try:
        name, record = codec.decode(value)
    except (Undecodable, UnknownSchema):
        return None
    return {"record": name, **_plain(record)}


def _plain(value: Any) -> Any:
    """Replace bytes, NaN and infinities, which JSON cannot represent, by text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _shown(value: bytes | None) -> str | None:
    """Return printable UTF-8 as text, other bytes as ``0x`` and hexadecimal."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
    return text if text.isprintable() else f"0x{value.hex()}"


def hex_dump(value: bytes) -> list[str]:
    """Return lines of a hex dump: offset, sixteen bytes, their printable ASCII."""
    lines = []
    for start in range(0, min(len(value), DUMPED), 16):
        part = value[start : start + 16]
        left = f"{part[:8].hex(' ')}  {part[8:].hex(' ')}"
        right = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {left:<49} |{right}|")
    if len(value) > DUMPED:
        lines.append(f"... and {len(value) - DUMPED} more bytes (all in --format json)")
    return lines
