"""Tell which registrations a compacted topic may have dropped: those that a later one replaced."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from streams.core.evidence.leaf import Leaf


class NewestRegistrations:
    """The last offset of each БИН on the registry topic."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}

    def take(self, leaf: Leaf) -> None:
        """Add the leaf of a record on a topic."""
        if leaf.kind == "registration":
            self._offsets[leaf.id] = max(leaf.revision, self._offsets.get(leaf.id, -1))

    def replaced(self, absent: Sequence[Leaf]) -> Collection[Leaf]:
        """Return the registrations that a later one replaced, and the rule sets: on no topic."""
        return [
            leaf
            for leaf in absent
            if leaf.kind == "rules"
            or (leaf.kind == "registration" and leaf.revision < self._offsets.get(leaf.id, -1))
        ]
