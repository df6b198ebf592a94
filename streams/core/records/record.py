"""The log of a partition as the core sees it: raw records in, an outcome and a ledger out."""

from __future__ import annotations

from typing import NamedTuple


class RawRecord(NamedTuple):
    """A record of the readings topic as it came; ``timestamp`` is its arrival, ms UTC."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
