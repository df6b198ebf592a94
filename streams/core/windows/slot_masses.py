"""Totals the mass of slots by parameter.

Counted is the g/s series of a parameter, or, where it has none because the specification names no
mean of it, the series without a unit that is kept for the mass alone, or, where neither can be
computed, the mass flow that a channel reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from streams.core.law.quality_codes import UNVERIFIED
from streams.core.numeric.dyadic import exact_product
from streams.core.sources.series import MASS_FLOW, MASS_ONLY
from streams.core.windows.mass import Mass
from streams.core.windows.slot import Slot
from streams.core.windows.slot_sums import VALID_ROW

Reports = tuple[tuple[str, str], ...]
"""Channels of reported mass flows, each with the parameter whose flow it is."""


def masses_of(slots: Iterable[Slot], reports: Reports = ()) -> dict[str, Mass]:
    """Total the mass of slots by parameter; one without a valid reading is not named."""
    parts: dict[tuple[str, int], list[float]] = {}
    unverified: dict[str, int] = {}
    for slot in slots:
        for piece in slot.series_sums:
            for parameter, at in mass_series(piece.layout.keys, reports):
                if not piece.sums[VALID_ROW, at]:
                    continue
                parts.setdefault((parameter, piece.period_s), []).extend(piece.partials(at))
                if piece.codes and (codes := piece.codes.get(at)):
                    unverified[parameter] = unverified.get(parameter, 0) + codes.get(UNVERIFIED, 0)
    found: dict[str, Mass] = {}
    for (parameter, period_s), values in parts.items():
        known = found.get(parameter)
        if known is None:
            known = Mass(unverified=unverified.get(parameter, 0))
        found[parameter] = Mass(known.grams + exact_product(values, period_s), known.unverified)
    return found


@cache
def mass_series(keys: tuple[str, ...], reports: Reports) -> tuple[tuple[str, int], ...]:
    """Return the parameters of a layout whose mass is known, and the position of its series."""
    reported = dict(reports)
    found: dict[str, int] = {}
    for at, key in enumerate(keys):
        name, unit = key.split("|", 1)
        if unit == MASS_FLOW and name in reported:
            found[reported[name]] = at
    for wanted in (MASS_ONLY, MASS_FLOW):
        for at, key in enumerate(keys):
            name, unit = key.split("|", 1)
            if unit == wanted and name not in reported:
                found[name] = at
    return tuple(found.items())
