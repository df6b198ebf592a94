"""Assesses the quality of an accepted reading, channel by channel.

It depends on no other reading: duplicates, which do, are found when readings are admitted.
"""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from schemas.reading import Reading
from streams.core.law.quality_codes import (
    EXCUSED,
    NOT_FINITE,
    OUT_OF_RANGE,
    STATE,
    UNKNOWN_PARAMETER,
    UNVERIFIED,
    ZEROED,
    status_code,
)
from streams.core.normalisation.formulas import scaled
from streams.core.normalisation.gas import Ratio
from streams.core.sources.series import MASS_FLOW, ChannelPlan, Series
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import overlaps

SeriesAssessment = tuple[Series, float, float, str | None, bool]
"""What a channel of a reading is worth in one series: the series, the value as measured (0 if
zeroed), the value that the mean takes, the code if it does not count, whether it was zeroed.
A plain tuple: one is made for every value of the nation."""


class Assessment(NamedTuple):
    """Holds the assessment of every channel of one reading.

    ``valid_pollutants`` are the channels that count as sent and valid for channel gaps.
    """

    series: list[SeriesAssessment]
    valid_pollutants: list[str]
    verified: bool


def assess_reading(reading: Reading, entry: SourceEntry) -> Assessment:
    """Assess every channel of an accepted reading.

    The first code in this order applies: NOT_FINITE, OUT_OF_RANGE, STATUS_<flag>,
    STATE_<state>, AUXILIARY_MISSING, OXYGEN_TOO_HIGH, EXCUSED.
    """
    plans = entry.plan(reading.measured_at)
    whole = None if reading.state == "NORMAL" else f"{STATE}{reading.state}"
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
    judged: list[SeriesAssessment] = []
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
    """Return the quality code of every channel that is not simply valid."""
    plans = entry.plan(reading.measured_at)
    codes = {parameter: UNKNOWN_PARAMETER for parameter in reading.values if parameter not in plans}
    assessment = assess_reading(reading, entry)
    for series, _, _, mark, zeroed in assessment.series:
        code = mark or (ZEROED if zeroed else None)
        if code is not None:
            codes.setdefault(series.parameter, code)
    if not assessment.verified:
        for parameter in reading.values:
            codes.setdefault(parameter, UNVERIFIED)
    return codes


def _outside(plan: ChannelPlan, value: float) -> tuple[float, str | None]:
    """Classify a value outside the range: zero drift counts as 0, all else does not count."""
    if not isfinite(value):
        return value, NOT_FINITE
    if value < 0 and value < plan.low and plan.floor is not None and value >= plan.floor:
        return 0.0, None
    return value, OUT_OF_RANGE
