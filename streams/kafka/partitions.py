"""The name of a partition, and the event that it left this worker."""

from __future__ import annotations

PartitionId = tuple[str, int]
"""Topic and partition number."""


class PartitionRevoked(Exception):  # noqa: N818 - an event, not a fault
    """The partition left this worker while a batch was in work; its next owner does the rest."""
