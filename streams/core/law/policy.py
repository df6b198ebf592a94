"""Times that policy fixes, but for the outage; in milliseconds where no unit is named."""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.core.time.interval import HOUR, MINUTE
from streams.core.time.window_kinds import WHOLE_DAY

SIGNATURES_OFF: Final = "off"
SIGNATURES_WARN: Final = "warn"
SIGNATURES_REQUIRE: Final = "require"
SIGNATURE_POLICIES: Final = (SIGNATURES_OFF, SIGNATURES_WARN, SIGNATURES_REQUIRE)
"""What follows if a source has keys and a reading is not signed: nothing, a finding, a refusal."""


class Policy(NamedTuple):
    """How long the pipeline waits, and what it calls too early, too late and an outage."""

    grace: int = 5 * MINUTE
    day_grace: int = 20 * MINUTE
    max_lateness: int = 72 * HOUR
    future: int = 5 * MINUTE
    outage_limit: int = 24 * HOUR  # Order 208, point 26 (2)
    episode_max: int = 5  # local days
    mark_deadline: int = 24 * HOUR  # a mark arrives so long after the end of a reading at most

    def grace_of(self, kind: int) -> int:
        """How long a window of a kind stays open after its end, milliseconds."""
        return self.day_grace if kind == WHOLE_DAY else self.grace
