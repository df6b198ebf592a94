"""Where a page ends, as an opaque text: the key of its last row and what was asked for."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

MOST_CHARACTERS: Final = 2_000

KeyValue = str | int

_TEXT_OF: Final[dict[type, re.Pattern[str]]] = {
    datetime: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"),
    date: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
_YEARS: Final = range(1900, 2300)  # what the database can hold


class CursorError(ValueError):
    """A cursor that this query did not give; the text says what to do."""


class _Content(msgspec.Struct, array_like=True, frozen=True):
    query: str
    key: tuple[KeyValue, ...]


def query_mark(name: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return a short mark of what was asked for, whatever the order of the parameters."""
    text = msgspec.json.encode([name, sorted(parameters)])
    return hashlib.sha256(text).hexdigest()[:12]


def encode_cursor(mark: str, key: Sequence[KeyValue]) -> str:
    """Return the cursor behind the row with this key."""
    packed = msgspec.json.encode(_Content(mark, tuple(key)))
    return urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str, mark: str, kinds: Sequence[type]) -> tuple[KeyValue, ...]:
    """Return the key that a cursor of this query holds. Raises CursorError for any other text.

    ``kinds`` are str, int, and datetime and date, which a cursor holds as ISO 8601 texts.
    """
    wrong = CursorError("cursor is not one that this query gave: take it from `next`, unaltered")
    try:
        packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.json.decode(packed, type=_Content)
    except (ValueError, msgspec.MsgspecError) as error:
        raise wrong from error
    fits = len(found.key) == len(kinds) and all(
        _is_of(value, kind) for value, kind in zip(found.key, kinds, strict=True)
    )
    if found.query != mark or not fits:
        raise wrong
    if any(isinstance(value, int) and not 0 <= value < 1 << 63 for value in found.key):
        raise wrong
    return found.key


def _is_of(value: KeyValue, kind: type) -> bool:
    written = _TEXT_OF.get(kind)
    if written is None:
        return isinstance(value, kind) and not isinstance(value, bool)
    if not isinstance(value, str) or not written.fullmatch(value):
        return False
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return False
    return found.year in _YEARS
