"""The fuse in a worker: its settings, and what is raised when it has blown."""

from __future__ import annotations

from streams.core.fuse import FusePolicy
from streams.settings import Settings


class FuseBlown(Exception):  # noqa: N818 - an event, not a fault
    """A person must act; the text is the sentence for that person.

    Raised before anything of the batch is produced: the worker judges nothing more, says so for
    ``fuse_hold_s`` and ends with 1.
    """


def fuse_policy(settings: Settings) -> FusePolicy:
    """When the fuses of a worker blow."""
    return FusePolicy(settings.fuse_share, settings.fuse_records, settings.fuse_run)
