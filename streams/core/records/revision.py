"""What was last published of a finding."""

from __future__ import annotations

import msgspec


class PublishedRevision(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of something published, and a digest of what it said."""

    revision: int
    status: str
    digest: bytes
