"""The address of a source: its id as one segment of a path that every proxy and browser keeps.

An id is whatever was registered. Percent-encoding alone would not do: servers in between decode
``%2F`` and split there, and browsers take ``..`` away, encoded or not. So a slash is ``~1`` and a
tilde ``~0``, as in JSON Pointer (RFC 6901), a backslash ``~3``, and the dots of an id of dots alone
``~2``; what is left is percent-encoded.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from litestar.exceptions import NotFoundException

MOST: Final = 400
"""Most characters of a decoded segment: each of an id's 200 may take two."""
_MOST_ID: Final = 200
_DOTS: Final = (".", "..")
_WRITTEN: Final = (("~", "~0"), ("/", "~1"), ("\\", "~3"))


def segment_of(source_id: str) -> str:
    """Return the segment of an address that names a source, percent-encoded."""
    return quote(_written(source_id), safe="")


def id_of(segment: str) -> str:
    """Return the id that a segment names, as the server decoded it.

    Only what `segment_of` writes names one, so that a source has one address. Raises
    NotFoundException.
    """
    found = segment.replace("~2", ".")
    for character, written in reversed(_WRITTEN):
        found = found.replace(written, character)
    if _written(found) != segment or not 0 < len(found) <= _MOST_ID:
        raise NotFoundException
    return found


def _written(source_id: str) -> str:
    if source_id in _DOTS:
        return source_id.replace(".", "~2")
    for character, written in _WRITTEN:
        source_id = source_id.replace(character, written)
    return source_id
