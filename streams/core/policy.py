"""Times that policy fixes, but for the outage; in milliseconds where no unit is named."""

from __future__ import annotations

from typing import NamedTuple

from streams.core.calendar import HOUR, MINUTE


class Policy(NamedTuple):
    """How long the pipeline waits, and what it calls too early, too late and an outage."""

    grace: int = 5 * MINUTE
    day_grace: int = 20 * MINUTE
    max_lateness: int = 72 * HOUR
    future: int = 5 * MINUTE
    outage_limit: int = 24 * HOUR  # Order 208, point 26 (2)
    episode_max: int = 5  # local days
