"""The state of the nation: who must be monitored and who is."""

from __future__ import annotations

import msgspec

from emissions.portal.database import Questions


class Nation(msgspec.Struct, frozen=True):
    """Obliged enterprises of the nation by the state of their monitoring systems."""

    obliged: int
    installed: int
    connected: int
    deferred: int


async def nation(database: Questions) -> Nation:
    """Count the obliged enterprises. Raises DatabaseGoneError."""
    rows = await database.rows(
        Nation,
        """
        SELECT
            countIf(firm.obliged) AS obliged,
            countIf(firm.obliged AND firm.installed) AS installed,
            countIf(firm.obliged AND firm.connected) AS connected,
            countIf(firm.obliged AND firm.on_roadmap) AS deferred
        FROM compliance AS firm
        """,
    )
    return rows[0]
