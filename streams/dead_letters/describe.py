"""Letters for people and scripts: rows of tables, whole documents, bytes as a dump."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.core.calendar import iso
from streams.core.quality import UNDECODABLE, UNKNOWN_SCHEMA, Refusal
from streams.dead_letters.letter import Letter
from streams.replay.run import measured_at_of

DUMPED = 16 * 1024
"""So many bytes of a message are dumped on the screen; JSON has all of them."""


def arrival_text(instant: int) -> str:
    """A time in ISO 8601, or the number where a record's timestamp is no time at all."""
    try:
        return iso(instant)
    except (OverflowError, ValueError):
        return f"{instant} ms"


def with_time(letter: Letter, codec: Codec) -> Letter:
    """The letter without its value, and with the start of the interval that the value told."""
    measured_at = None
    if letter.value is not None and letter.reason not in (UNDECODABLE, UNKNOWN_SCHEMA):
        measured_at = measured_at_of(letter.value, codec)
    return replace(letter.without_value(), measured_at=measured_at)


def row_of(letter: Letter, replayed: int | None) -> dict[str, Any]:
    """The row of a list; ``replayed`` is how often the letter was sent again (None: not known)."""
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


def document_of(
    letter: Letter, codec: Codec, *, now: str | None, replayed: int | None, replays: list[str]
) -> dict[str, Any]:
    """Everything about a letter. ``now``: what it would meet; ``replays``: letters that followed.

    ``now`` and ``replayed`` are None where only what was stored can be asked.

    Bytes are hexadecimal. Raises SchemaRegistryError where the schema registry does not answer.
    """
    return {
        **row_of(replace(letter, measured_at=with_time(letter, codec).measured_at), replayed),
        "replays_dead_lettered": replays,
        "now": now,
        "kept_in": "ClickHouse" if letter.kept_at is None else "topic",
        "key": _shown(letter.key),
        "headers": [{"name": name, "value": _shown(value)} for name, value in letter.headers],
        "value_bytes": None if letter.value is None else len(letter.value),
        "value": None if letter.value is None else letter.value.hex(),
        "message": decoded(letter.value, codec),
    }


def verdict(refused: Refusal | None) -> str:
    """What a message would meet now, in a line."""
    return "could be used" if refused is None else f"{refused.reason}: {refused.detail}"


def decoded(value: bytes | None, codec: Codec) -> Any:
    """The record of a message with its name, fit for JSON; None where it cannot be decoded."""
    if value is None:
        return None
    try:
        name, record = codec.decode(value)
    except (Undecodable, UnknownSchema):
        return None
    return {"record": name, **_plain(record)}


def _plain(value: Any) -> Any:
    """The value without what JSON has no word for: bytes, NaN and the infinities."""
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
    """Text where the bytes are printable UTF-8, else ``0x`` and hexadecimal."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
    return text if text.isprintable() else f"0x{value.hex()}"


def dump(value: bytes) -> list[str]:
    """Lines of a hex dump: the offset, sixteen bytes, their printable ASCII."""
    lines = []
    for start in range(0, min(len(value), DUMPED), 16):
        part = value[start : start + 16]
        left = f"{part[:8].hex(' ')}  {part[8:].hex(' ')}"
        right = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {left:<49} |{right}|")
    if len(value) > DUMPED:
        lines.append(f"... and {len(value) - DUMPED} bytes more (--format json has all)")
    return lines
