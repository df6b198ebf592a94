"""The datasets that are published as files: what ClickHouse is asked, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NO_TESTS: Final = (
    "source_id NOT IN (SELECT source_id FROM registry_current "
    "WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))"
)


@dataclass(frozen=True)
class Dataset:
    """A dataset with a file a local day.

    ``days`` asks for each day from ``{from:Date32}`` on whether it is final; ``rows`` for the rows
    of ``{day:Date32}``, totally ordered, so that the same rows are the same bytes.
    """

    name: str
    title: str
    description: str
    days: str
    rows: str


MEANS: Final = Dataset(
    "means",
    "Means of emissions",
    "The last revision of every mean over 20 and 30 minutes, an hour and a local day, with its "
    "limit, its status and the seconds behind it. Values are in the unit that stands beside them.",
    f"""
    SELECT day, min(final) AS final
    FROM means_current
    WHERE start >= toDateTime64({{from:Date32}} - 1, 3, 'UTC') AND {_NO_TESTS}
    GROUP BY day
    HAVING day >= {{from:Date32}}
    ORDER BY day
    """,  # noqa: S608 - constants alone
    f"""
    SELECT
        source_id, parameter, unit, window, start, end, timezone, day, value, validated_value,
        min, max, limit, status, count, valid_s, due_s, excused_s, seconds_by_code, rule_set,
        revision, final, stream_time
    FROM means_current
    WHERE day = {{day:Date32}}
        AND start >= toDateTime64({{day:Date32}} - 1, 3, 'UTC')
        AND start < toDateTime64({{day:Date32}} + 2, 3, 'UTC')
        AND {_NO_TESTS}
    ORDER BY source_id, parameter, unit, window, start
    """,  # noqa: S608 - constants alone
)

GAPS: Final = Dataset(
    "gaps",
    "Gaps in the data",
    "Every silence of a source or a channel that stands, by the local day of its start.",
    f"""
    SELECT toDate32(start_local) AS day, min(status = 'CLOSED' AND end < now() - 259200) AS final
    FROM gaps_current
    WHERE start >= toDateTime64({{from:Date32}} - 1, 3, 'UTC') AND {_NO_TESTS}
    GROUP BY day
    HAVING day >= {{from:Date32}}
    ORDER BY day
    """,  # noqa: S608 - constants alone
    f"""
    SELECT
        id, source_id, parameter, start, end, timezone, start_local, end_local, status,
        detected_at, revision
    FROM gaps_current
    WHERE toDate32(start_local) = {{day:Date32}} AND {_NO_TESTS}
    ORDER BY source_id, parameter, start, id
    """,  # noqa: S608 - constants alone
)

ROOTS: Final = Dataset(
    "roots",
    "Roots over the accepted messages",
    "The RFC 6962 root over the raw messages of each source and local day, which the transparency "
    "log holds: nobody can change a reading afterwards unseen.",
    f"""
    SELECT toDate32(day) AS day, min(final) AS final
    FROM roots_current
    WHERE day >= toString({{from:Date32}}) AND {_NO_TESTS}
    GROUP BY day
    ORDER BY day
    """,  # noqa: S608 - constants alone
    f"""
    SELECT source_id, bin, toDate32(day) AS day, start, end, count, root, revision, final, complete
    FROM roots_current
    WHERE day = toString({{day:Date32}}) AND {_NO_TESTS}
    ORDER BY source_id
    """,  # noqa: S608 - constants alone
)

DATASETS: Final = (MEANS, GAPS, ROOTS)

WRITTEN_ALIKE: Final = {
    "max_threads": 1,
    "output_format_parquet_parallel_encoding": 0,
    "output_format_parquet_compression_method": "zstd",
    "output_format_parquet_string_as_string": 1,
}
"""Settings with which the same rows are the same bytes."""
