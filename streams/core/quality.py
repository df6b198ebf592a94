"""Quality of a reading: whether the message counts, and what each of its channels is worth.

Nothing here looks at other readings: duplicates, which need them, are looked for afterwards.
"""

from __future__ import annotations

from bisect import bisect_right
from math import isfinite
from typing import NamedTuple

from streams.core.names import FLAG_CHARACTERS, shortened
from streams.core.normalisation import NOT_FINITE, Ratio, scaled
from streams.core.partitioning import Share, partition_of
from streams.core.policy import Policy
from streams.core.reading import FLAGS, Reading
from streams.core.source import MASS_FLOW, ChannelPlan, Series, SourceEntry
from streams.core.wording import duration_text, local_text

UNDECODABLE = "UNDECODABLE"
UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
UNKNOWN_SOURCE = "UNKNOWN_SOURCE"
WRONG_PARTITION = "WRONG_PARTITION"
TEST_STREAM = "TEST_STREAM"
BAD_PERIOD = "BAD_PERIOD"
FROM_THE_FUTURE = "FROM_THE_FUTURE"
BEFORE_COMMISSIONING = "BEFORE_COMMISSIONING"
TOO_LATE = "TOO_LATE"
CONFLICTING_DUPLICATE = "CONFLICTING_DUPLICATE"
"""Reasons of the dead letters, in the order in which they are looked for."""

OUT_OF_RANGE = "OUT_OF_RANGE"
ZEROED = "ZEROED"
EXCUSED = "EXCUSED"
UNVERIFIED = "UNVERIFIED"
UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
"""Marks of a channel beside STATUS_<flag>, STATE_<state> and those of normalisation."""

LATEST_ARRIVAL = 10_413_791_999_999
"""2299-12-31T23:59:59.999Z: the end of ClickHouse's DateTime64, milliseconds UTC. Python's
calendar ends with the year 9999. A record stamped later than that would set the clock of its
partition to a time that nothing can name, and for ever, because stream time never goes back."""

STATUS = "STATUS_"
STATUS_OTHER = "STATUS_OTHER"
"""Flags that are none, where a slot has more different ones than it counts."""


class Refusal(NamedTuple):
    """Why a whole message goes to the dead letters."""

    reason: str
    detail: str


Judged = tuple[Series, float, float, str | None, bool]
"""What a channel of a reading is worth in one series: the series, the value as measured (0 if
zeroed), the value that the mean takes, the code if it does not count, whether it was zeroed.
A plain tuple: one is made for every value of the nation."""


class Assessment(NamedTuple):
    """Every channel of one reading, judged.

    ``valid_pollutants`` are the channels that count as sent and valid for channel gaps.
    """

    judged: list[Judged]
    valid_pollutants: list[str]
    verified: bool


def arrival_refusal(arrival: int) -> Refusal | None:
    """Why the timestamp of a record is no arrival time, whatever the message; None if it is one.

    Such a message moves no clock. Kafka itself stamps -1 where a producer gave no time.
    """
    if 0 <= arrival <= LATEST_ARRIVAL:
        return None
    return Refusal(UNDECODABLE, f"the record's timestamp {arrival} is no time from 1970 to 2299")


def refusal(
    reading: Reading, entry: SourceEntry | None, arrival: int, policy: Policy, share: Share
) -> Refusal | None:
    """Why the whole message is refused, or None; the first reason in the fixed order.

    ``share`` is that of the partition in which the message came.
    """
    if entry is None:
        return Refusal(UNKNOWN_SOURCE, f"source {reading.source_id!r} is not registered")
    if not share.has(entry.id):
        right = partition_of(entry.id, share.partitions)
        return Refusal(
            WRONG_PARTITION,
            f"by its source the reading belongs to partition {right} of {share.partitions}, not "
            f"{share.partition}: its key must be the source, partitioned by murmur2",
        )
    if entry.test:
        return Refusal(TEST_STREAM, "the registry marks the enterprise as a test stream")
    if reading.period_s != entry.cadence_s:
        return Refusal(
            BAD_PERIOD, f"period {reading.period_s} s is not the cadence {entry.cadence_s} s"
        )
    end = reading.ends_at
    if end > arrival + policy.future:
        return Refusal(
            FROM_THE_FUTURE,
            f"its interval ends {local_text(end, entry.zone)}, {duration_text(end - arrival)} "
            f"after it arrived ({local_text(arrival, entry.zone)})",
        )
    if reading.measured_at < entry.commissioned:
        return Refusal(
            BEFORE_COMMISSIONING,
            f"its interval begins {local_text(reading.measured_at, entry.zone)}, and the "
            f"enterprise was commissioned {local_text(entry.commissioned, entry.zone)}",
        )
    if arrival - end > policy.max_lateness:
        return Refusal(
            TOO_LATE,
            f"it arrived {local_text(arrival, entry.zone)}, {duration_text(arrival - end)} after "
            f"its interval's end ({local_text(end, entry.zone)}), and "
            f"{duration_text(policy.max_lateness)} are allowed",
        )
    return None


def assess(reading: Reading, entry: SourceEntry) -> Assessment:
    """Judge every channel of an accepted reading.

    The first code in this order applies: NOT_FINITE, OUT_OF_RANGE, STATUS_<flag>,
    STATE_<state>, AUXILIARY_MISSING, OXYGEN_TOO_HIGH, EXCUSED.
    """
    plans = entry.plan(reading.measured_at)
    whole = None if reading.state == "NORMAL" else f"STATE_{reading.state}"
    excused = bool(entry.excused) and overlaps(entry.excused, reading.measured_at, reading.ends_at)
    flags = reading.flags
    channels: list[tuple[ChannelPlan, float, str | None, bool]] = []
    auxiliaries: dict[str, float] = {}
    for parameter, value in reading.values.items():
        plan = plans.get(parameter)
        if plan is None:
            continue
        code, zeroed = None, False
        if not plan.low <= value <= plan.high:
            value, code = _outside(plan, value)
            zeroed = code is None
        if flags and code is None and flags.get(parameter, "N") != "N":
            code = status_code(flags[parameter])
        channels.append((plan, value, code, zeroed))
        if code is None and not plan.pollutant:
            auxiliaries[parameter] = value
    factors: list[Ratio | str] = []
    if plans.normalisations and whole is None:
        gas = entry.gas_plan.gas(auxiliaries)
        factors = [normalisation.factor(gas) for normalisation in plans.normalisations]
    judged: list[Judged] = []
    valid_pollutants: list[str] = []
    for plan, raw, code, zeroed in channels:
        before = code or whole
        for series in plan.series:
            value, mark = raw, before
            if mark is None:
                if series.basis >= 0:
                    factor = factors[series.basis]
                    normalised = factor if isinstance(factor, str) else scaled(raw, factor)
                    if isinstance(normalised, str):
                        mark = normalised
                    else:
                        value = normalised
                if excused and mark is None:
                    mark = EXCUSED
            judged.append((series, raw, value, mark, zeroed and mark is None))
        if plan.pollutant:
            # A channel is valid by its mg/m3 series, or as measured if it has none.
            by_series = plan.series[0].unit != MASS_FLOW
            first = judged[-len(plan.series)]
            if first[3] is None if by_series else before is None and not excused:
                valid_pollutants.append(plan.parameter)
    return Assessment(
        judged, valid_pollutants, entry.verified(reading.device_serial, reading.measured_at)
    )


def channel_codes(reading: Reading, entry: SourceEntry) -> dict[str, str]:
    """The quality code of every channel that is not simply valid, for a row a channel."""
    codes = {
        parameter: UNKNOWN_PARAMETER
        for parameter in reading.values
        if parameter not in entry.plan(reading.measured_at)
    }
    assessment = assess(reading, entry)
    for series, _, _, mark, zeroed in assessment.judged:
        code = mark or (ZEROED if zeroed else None)
        if code is not None:
            codes.setdefault(series.parameter, code)
    if not assessment.verified:
        for parameter in reading.values:
            codes.setdefault(parameter, UNVERIFIED)
    return codes


def _outside(plan: ChannelPlan, value: float) -> tuple[float, str | None]:
    """A value outside the range: zero drift counts as 0, everything else does not count."""
    if not isfinite(value):
        return value, NOT_FINITE
    if value < 0 and value < plan.low and plan.floor is not None and value >= plan.floor:
        return 0.0, None
    return value, OUT_OF_RANGE


def status_code(flag: str) -> str:
    """The code of a channel with an abnormal flag."""
    return f"{STATUS}{shortened(flag, FLAG_CHARACTERS)}"


def made_up_status(code: str) -> bool:
    """Whether a code stands for a flag that HJ 212-2017 does not have."""
    return code.startswith(STATUS) and code[len(STATUS) :] not in FLAGS


def overlaps(intervals: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether sorted, disjoint intervals meet ``[start, end)``."""
    index = bisect_right(intervals, start, key=lambda item: item[0])
    if index and intervals[index - 1][1] > start:
        return True
    return index < len(intervals) and intervals[index][0] < end
