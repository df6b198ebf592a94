"""Conditions that several resources take; each is nothing where its parameter was not given."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from litestar.params import QueryParameter

from emissions.portal.api.resource import Filter
from emissions.portal.rendering import NATION_CLOCK
from streams.core.time.local_clock import zone

_DATE = r"(?:19[7-9][0-9]|20[0-9][0-9]|21[0-9][0-9])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,3})?)?"
BIN_PATTERN: Final = r"^[0-9]{12}$"
REGION_PATTERN: Final = r"^KZ-[0-9]{2}$"
MONTH_PATTERN: Final = r"^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])$"
MOMENT: Final = rf"^{_DATE}(?:T{_CLOCK}(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9]))?$"

Window = Literal["20min", "30min", "1h", "day"]
Bin = Annotated[
    str | None,
    QueryParameter(name="enterprise", pattern=BIN_PATTERN, description="БИН of the enterprise"),
]
Source = Annotated[
    str | None, QueryParameter(name="source", min_length=1, max_length=200, description="Source")
]
Region = Annotated[
    str | None,
    QueryParameter(name="region", pattern=REGION_PATTERN, description="Region, ISO 3166-2:KZ"),
]
Pollutant = Annotated[
    str | None,
    QueryParameter(name="parameter", min_length=1, max_length=100, description="Such as SO2"),
]
WindowName = Annotated[
    Window | None, QueryParameter(name="window", description="Length of the mean")
]
From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        pattern=MOMENT,
        description="From this moment (RFC 3339, a + written as %2B), or from the midnight of this "
        "date in Almaty",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to",
        pattern=MOMENT,
        description="Until before this moment, or until the end of this date in Almaty",
    ),
]
Revisions = Annotated[
    Literal["last", "all"],
    QueryParameter(
        name="revisions",
        description="all: every revision that is still kept, not the last one alone",
    ),
]
MOST_ROWS: Final = 50_000
USUAL_ROWS: Final = 5_000
Limit = Annotated[
    int, QueryParameter(name="limit", ge=1, le=MOST_ROWS, description="Most rows of a page")
]
Cursor = Annotated[
    str | None,
    QueryParameter(
        name="cursor", max_length=2_000, description="`next` of the page before, with its filters"
    ),
]

NO_TEST_SOURCES: Final = Filter(
    "source_id NOT IN (SELECT source_id FROM registry_current "
    "WHERE bin IN (SELECT bin FROM enterprises_current WHERE test))"
)
"""A test stream is in no statistics."""


class MomentError(ValueError):
    """A value of a request that is no date or moment; the text says which."""


def equal(column: str, value: str | None) -> list[Filter]:
    """Return the condition that a column holds a value."""
    if value is None:
        return []
    return [Filter(f"{column} = {{is_{column}:String}}", {f"is_{column}": value})]


def sources_of(bin_: str | None, region: str | None) -> list[Filter]:
    """Return the conditions that a source is of an enterprise or in a region, as registered now."""
    found = []
    if bin_ is not None:
        found.append(
            Filter(
                "source_id IN (SELECT source_id FROM registry_current WHERE bin = {of_bin:String})",
                {"of_bin": bin_},
            )
        )
    if region is not None:
        found.append(
            Filter(
                "source_id IN (SELECT source_id FROM source_places "
                "WHERE region = {in_region:String})",
                {"in_region": region},
            )
        )
    return found


def starting(from_: str | None, to: str | None, column: str = "start") -> list[Filter]:
    """Return the conditions that a moment lies in an interval, its end outside.

    Raises MomentError.
    """
    found = []
    if from_ is not None:
        found.append(_bound(f"{column} >=", "from", _named("from", from_)))
    if to is not None:
        found.append(_bound(f"{column} <", "to", _named("to", to, end=True)))
    return found


def overlapping(from_: str | None, to: str | None) -> list[Filter]:
    """Return the conditions that what lasts from ``start`` to ``end`` touches an interval."""
    found = []
    if from_ is not None:
        found.append(_bound("ifNull(end, toDateTime64('2299-01-01', 3, 'UTC')) >", "from",
                            _named("from", from_)))  # fmt: skip
    if to is not None:
        found.append(_bound("start <", "to", _named("to", to, end=True)))
    return found


def _bound(comparison: str, name: str, value: datetime) -> Filter:
    text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return Filter(
        f"{comparison} toDateTime64({{bound_{name}:String}}, 3, 'UTC')", {f"bound_{name}": text}
    )


def _named(name: str, text: str, *, end: bool = False) -> datetime:
    try:
        return moment(text, end=end)
    except MomentError as error:
        raise MomentError(f"{name}: {error}") from None


def moment(text: str, *, end: bool = False) -> datetime:
    """Return the moment that a date or a moment names; of a date its midnight in Almaty.

    ``end``: the midnight at which the date ends. Raises MomentError.
    """
    if not re.match(MOMENT, text):
        raise MomentError(f"{text[:40]!r} is neither a date (2026-05-04) nor a moment with zone")
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime(day.year, day.month, day.day, tzinfo=zone(NATION_CLOCK))
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise MomentError(f"{text!r} is no day of the calendar") from error
