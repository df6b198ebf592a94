"""``MASS_DIFFERS``: a reported mass flow that is not the one which follows from its measurements.

Order 208, point 13, has a station send mean mass flows beside the concentrations and flows of
which they are made. Where both hours are VALID and differ by more than a tenth of the computed
one, one of the two is set wrongly. Compared exactly, as published.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from streams.core.judging.context import Context
from streams.core.judging.finding import Observation
from streams.core.judging.violation import Subject
from streams.core.sources.series import MASS_FLOW
from streams.core.sources.source import SourceEntry
from streams.core.state.source_state import SourceState
from streams.core.windows.mean import (
    VALID,
    SeriesSummary,
    WindowHeader,
    parameter_and_unit,
    status_of,
)

MASS_DIFFERS: Final = "MASS_DIFFERS"

_TOLERANCE: Final = Fraction(1, 10)
"""Of the computed mass flow."""


def compare_masses(
    context: Context,
    state: SourceState,
    entry: SourceEntry,
    header: WindowHeader,
    summary: dict[str, SeriesSummary],
) -> None:
    """Publish where an hour's reported mass flows differ, and withdraw where they do no more."""
    seen = []
    for reported_key, computed_key in entry.plan(header.start).compared:
        reported, computed = summary.get(reported_key), summary.get(computed_key)
        if reported is None or computed is None:
            continue
        found = _observed(header, reported_key, reported, computed_key, computed)
        if found is not None:
            basis = "" if context.station is None else context.station.mass_basis
            seen.append(found._replace(basis=basis))
    context.finding_publisher.settle(
        state.published_findings,
        Subject(entry.enterprise, entry),
        (MASS_DIFFERS,),
        header.start,
        header.end,
        seen,
        at=header.stream_time,
    )


def _observed(
    header: WindowHeader,
    reported_key: str,
    reported: SeriesSummary,
    computed_key: str,
    computed: SeriesSummary,
) -> Observation | None:
    """Say how far an hour is off; None: not too far, or not proven."""
    statuses = {
        status_of(header.kind, each.valid_time, header.due) for each in (reported, computed)
    }
    told, made = reported.value, computed.value
    if statuses != {VALID} or told is None or made is None:
        return None
    off, bound = abs(Fraction(told) - Fraction(made)), _TOLERANCE * abs(Fraction(made))
    if off <= bound:
        return None
    channel, parameter = parameter_and_unit(reported_key)[0], parameter_and_unit(computed_key)[0]
    return Observation(
        MASS_DIFFERS,
        header.start,
        header.end,
        parameter,
        "distance from the computed mass flow",
        float(off),
        float(bound),
        MASS_FLOW,
        f"The channel {channel} reports {told:.6g} g/s, and {made:.6g} g/s follow from "
        f"concentration and flow of {parameter}: look which of the two is set wrongly.",
    )
