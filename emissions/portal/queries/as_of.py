"""Up to which moment data are there."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from emissions.portal.database import Questions


class AsOf(msgspec.Struct, frozen=True):
    """The newest moment that any mean knows of, UTC; None: no source ever sent."""

    newest: datetime | None


async def as_of(database: Questions) -> datetime | None:
    """Return the newest stream time of all means, with its offset; None: there are no means.

    Raises DatabaseGoneError.
    """
    rows = await database.rows(
        AsOf,
        "SELECT if(toUnixTimestamp64Milli(max(stream_time)) = 0, NULL, max(stream_time)) AS newest"
        " FROM means",
    )
    newest = rows[0].newest if rows else None
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)
