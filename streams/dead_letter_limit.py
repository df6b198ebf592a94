"""The dead-letter limit in a worker: from its settings."""

from __future__ import annotations

from streams.core.dead_letter_limit import LimitPolicy
from streams.settings import Settings


def limit_policy(settings: Settings) -> LimitPolicy:
    """Tell when the limits of a worker are reached."""
    return LimitPolicy(
        settings.dead_letter_limit_share,
        settings.dead_letter_limit_records,
        settings.dead_letter_limit_run,
        settings.dead_letter_limit_senders,
    )
