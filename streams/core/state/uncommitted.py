"""Lays uncommitted changes over the saved state."""

from __future__ import annotations

from collections.abc import Mapping


class UncommittedState:
    """Reads through to ``saved``, which is never written; keeps changes until `commit`."""

    __slots__ = ("_changes", "_saved")

    def __init__(self, saved: Mapping[str, bytes]) -> None:
        self._saved = saved
        self._changes: dict[str, bytes | None] = {}

    def get(self, key: str) -> bytes | None:
        """Return the present value of a key, None if there is none."""
        if key in self._changes:
            return self._changes[key]
        return self._saved.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Set the value of a key."""
        self._changes[key] = value

    def delete(self, key: str) -> bool:
        """Delete a key; returns False when there was none."""
        there = key in self
        self._changes[key] = None
        return there

    def __contains__(self, key: str) -> bool:
        if key in self._changes:
            return self._changes[key] is not None
        return key in self._saved

    def commit(self) -> None:
        """Drop the changes: ``saved`` has them."""
        self._changes.clear()
