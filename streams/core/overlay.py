"""State as the engine sees it: what was saved, and over it what has changed since."""

from __future__ import annotations

from collections.abc import Mapping


class Overlay:
    """Reads through to ``saved``, which is never written; changes stay here until `confirmed`."""

    __slots__ = ("_changes", "_saved")

    def __init__(self, saved: Mapping[str, bytes]) -> None:
        self._saved = saved
        self._changes: dict[str, bytes | None] = {}

    def get(self, key: str) -> bytes | None:
        """The present value of a key."""
        if key in self._changes:
            return self._changes[key]
        return self._saved.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Change the value of a key."""
        self._changes[key] = value

    def delete(self, key: str) -> bool:
        """Delete a key; False when it was not there."""
        there = key in self
        self._changes[key] = None
        return there

    def __contains__(self, key: str) -> bool:
        if key in self._changes:
            return self._changes[key] is not None
        return key in self._saved

    def confirmed(self) -> None:
        """``saved`` has every change by now."""
        self._changes.clear()
