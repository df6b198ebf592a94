"""Means above what the law permits, as the open data show them.

Environmental Code, article 202, point 6: a day's mean above the limit, a half hour's of at least
twice the limit. A number of means, no decision on a violation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from emissions.portal.database import Questions


class Exceedances(msgspec.Struct, frozen=True):
    """Valid means of a source and parameter that are too high; ``window`` is 30min or day.

    ``worst`` is the greatest value / limit; ``last`` the start of the last of them, UTC.
    """

    source_id: str
    parameter: str
    window: str
    number: int
    worst: float
    last: datetime


async def exceedances(
    database: Questions, since: datetime, until: datetime, sources: Sequence[str] = ()
) -> list[Exceedances]:
    """Count the means whose windows ended in a period and that are too high; no sources: of all.

    Moments have an offset. Raises DatabaseGoneError.
    """
    return await database.rows(
        Exceedances,
        """
        SELECT
            source_id,
            parameter,
            window,
            count() AS number,
            max(assumeNotNull(value / limit)) AS worst,
            max(start) AS last
        FROM means_current
        WHERE unit = 'mg/m3' AND window IN ('day', '30min') AND status = 'VALID'
            AND start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') - INTERVAL 2 DAY
            AND end > fromUnixTimestamp64Milli({since:Int64}, 'UTC')
            AND end <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
            AND (empty({sources:Array(String)}) OR source_id IN {sources:Array(String)})
            AND limit > 0 AND if(window = 'day', value > limit, value >= 2 * limit)
        GROUP BY source_id, parameter, window
        ORDER BY source_id, parameter, window
        """,
        {
            "since": round(since.timestamp() * 1000),
            "until": round(until.timestamp() * 1000),
            "sources": list(sources),
        },
    )
