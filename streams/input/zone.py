"""From a local time to an instant, by the pinned zones; hours that a clock repeats are told."""

from __future__ import annotations

from datetime import datetime, tzinfo

from streams.core.calendar import zone
from streams.input.cells import milliseconds
from streams.input.time_layout import fixed_zone


def zone_of(name: str) -> tzinfo:
    """A zone of the pinned IANA data, or a fixed offset (``+05:00``); ValueError with a sentence.

    Never the host's data: on an old one Almaty is still six hours ahead.
    """
    return fixed_zone(name) or zone(name)


def instants_of(moment: datetime, at: tzinfo) -> tuple[int, int] | None:
    """Both instants (ms UTC) that a local time may mean, the same twice where it means one.

    None where it never was: the clocks were put on over it.
    """
    first, second = moment.replace(tzinfo=at), moment.replace(tzinfo=at, fold=1)
    earlier, later = first.utcoffset(), second.utcoffset()
    assert earlier is not None  # noqa: S101  an aware time has one
    assert later is not None  # noqa: S101
    if earlier < later:
        return None
    return milliseconds(first), milliseconds(second)
