"""What was revised after it had been published: means and gaps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from emissions.portal.database import Questions

CHANGES_PER_PAGE: Final = 50
_DAYS: Final = 30
_NO_TEST_SOURCES: Final = (
    "source_id NOT IN (SELECT source_id FROM registry_current "
    "WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))"
)


class RevisedMeans(msgspec.Struct, frozen=True):
    """Means of a source and local day that were revised; ``revised_at``: the newest, UTC."""

    source_id: str
    day: date
    means: int
    most_revisions: int
    parameters: list[str]
    revised_at: datetime


class RevisedGap(msgspec.Struct, frozen=True):
    """A gap that was withdrawn, or changed after it was closed; times are UTC."""

    source_id: str
    parameter: str
    start: datetime
    end: datetime | None
    status: str
    revision: int
    revised_at: datetime
    timezone: str


async def revised_means(database: Questions, page: int) -> list[RevisedMeans]:
    """Return a page (from 1) of days with revised means, the newest first, and one row more.

    Looks 30 days back from the newest data; no test stream is among them.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        RevisedMeans,
        f"""
        WITH (SELECT max(stream_time) FROM means) - INTERVAL {_DAYS} DAY AS since
        SELECT
            source_id,
            toDate32(formatDateTime(start, '%F', ifNull(nullIf(
                joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''
            ), 'Asia/Almaty'))) AS day,
            uniqExact(parameter, unit, window, start) AS means,
            max(revision) AS most_revisions,
            arraySort(groupUniqArray(100)(CAST(parameter, 'String'))) AS parameters,
            max(stream_time) AS revised_at
        FROM means
        WHERE revision > 1 AND stream_time >= since AND start >= since - INTERVAL 40 DAY
            AND {_NO_TEST_SOURCES}
        GROUP BY source_id, day
        ORDER BY revised_at DESC, source_id, day
        LIMIT {CHANGES_PER_PAGE + 1} OFFSET {{skipped:UInt32}}
        """,  # noqa: S608 (numbers and texts of this module)
        {"skipped": (page - 1) * CHANGES_PER_PAGE},
    )


async def revised_gaps(database: Questions, page: int) -> list[RevisedGap]:
    """Return a page (from 1) of gaps withdrawn or changed, the newest first, and one row more.

    Looks 30 days back from the newest data; no test stream is among them.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        RevisedGap,
        f"""
        WITH (SELECT max(stream_time) FROM means) - INTERVAL {_DAYS} DAY AS since
        SELECT
            source_id, parameter, start, end, status, revision, detected_at AS revised_at,
            ifNull(nullIf(
                joinGet('source_zones', 'timezone', CAST(source_id, 'String')), ''
            ), 'Asia/Almaty') AS timezone
        FROM gaps FINAL
        WHERE detected_at >= since AND (status = 'WITHDRAWN' OR revision > 2)
            AND {_NO_TEST_SOURCES}
        ORDER BY revised_at DESC, source_id, parameter, start
        LIMIT {CHANGES_PER_PAGE + 1} OFFSET {{skipped:UInt32}}
        """,  # noqa: S608 (numbers and texts of this module)
        {"skipped": (page - 1) * CHANGES_PER_PAGE},
    )


async def revised_days(
    database: Questions, source_id: str, start: int, end: int
) -> list[RevisedMeans]:
    """Return the days of ``[start, end)`` (ms UTC) on which means of a source were revised.

    Raises DatabaseGoneError.
    """
    return await database.rows(
        RevisedMeans,
        """
        SELECT
            source_id,
            day,
            count() AS means,
            max(revision) AS most_revisions,
            arraySort(groupUniqArray(100)(CAST(parameter, 'String'))) AS parameters,
            max(stream_time) AS revised_at
        FROM means_current
        WHERE source_id = {source:String} AND revision > 1
            AND start >= fromUnixTimestamp64Milli({since:Int64})
            AND start < fromUnixTimestamp64Milli({until:Int64})
        GROUP BY source_id, day
        ORDER BY day
        """,
        {"source": source_id, "since": start, "until": end},
    )
