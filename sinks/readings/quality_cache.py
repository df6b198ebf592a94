"""Cache the codes of plain readings, which depend only on the channels that they carry.

A reading is plain if every value is within its range and the gas is far from the points where its
values matter: too much oxygen, no dry gas, no pressure, absolute zero. Whatever its values, its
codes are those of any plain reading with the same channels under plans of the same shape. A test
walks the table of quality codes: none may be hidden by this cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Block, Floats, Integers, Truths
from streams.core.law.quality_codes import UNVERIFIED
from streams.core.normalisation.gas import (
    EXCESS_AIR_TOO_HIGH,
    KELVIN,
    OXYGEN_TOO_HIGH_PCT,
    VAPOUR_PERCENT,
    GasShape,
)
from streams.core.quality.assess import channel_codes
from streams.core.sources.plan_shape import PlanShape, PlanShapes
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import overlaps

_MAX_ENTRIES: Final = 10_000
_MAX_VALUE: Final = 1e9
_MAX_CONSTANT: Final = 1e200
"""Within both bounds a normalised value stays within the doubles (NOT_FINITE)."""
_MAX_O2_PCT: Final = OXYGEN_TOO_HIGH_PCT - 0.1
"""Percent of dry gas; below it no rounding of the quotient gives OXYGEN_TOO_HIGH."""
_MAX_ALPHA: Final = EXCESS_AIR_TOO_HIGH - 0.1
_MAX_H2O_PCT: Final = 99.0
_MIN_PRESSURE: Final = 1e-3
_MIN_KELVIN: Final = 0.15
"""Dry gas, pressure and temperature are positive: none gives AUXILIARY_MISSING."""

CacheKey = tuple[PlanShape, bytes]


class CachedCodes(NamedTuple):
    """Plain readings of one block that have the same codes.

    ``places`` are their positions in it, ascending; ``codes`` those of their registered channels
    ("": valid).
    """

    places: Integers
    codes: dict[str, str]


class QualityCache:
    """Cache the codes of plain readings by plan shape and by the constants that are not known."""

    def __init__(self, forms: PlanShapes) -> None:
        self._forms = forms
        self._codes_by_key: dict[CacheKey, dict[str, str]] = {}

    def lookup(self, block: Block, entries: Sequence[SourceEntry | None]) -> Iterator[CachedCodes]:
        """Yield the plain readings of a block, of those whose entry is not None.

        All of them must be in normal operation and without a flag.
        """
        names = block.pattern.names
        column = {name: at for at, name in enumerate(names)}
        for form, (places, rows) in self._by_form(block, entries).items():
            own = form.key.names
            if not own:
                continue
            values = block.values
            if len(places) < len(values):
                values = values[places]
            if own != names:
                values = values[:, [column[name] for name in own]]
            constants = form.constants(rows)
            unknown = np.isnan(constants[:, 3 * form.width :])
            plain = _is_plain(form.key.gas, own, values, constants)
            yield from self._cached_codes(block, entries, form, np.array(places), plain, unknown)

    def _by_form(
        self, block: Block, entries: Sequence[SourceEntry | None]
    ) -> dict[PlanShape, tuple[list[int], list[int]]]:
        """Group places and constant rows by plan shape, without readings that may be excused."""
        found: dict[PlanShape, tuple[list[int], list[int]]] = {}
        names, period, of = (
            block.pattern.names,
            block.pattern.period_s * 1000,
            self._forms.shape_for,
        )
        last: PlanShape | None = None  # nearly all are of one
        places: list[int] = []
        rows: list[int] = []
        for at, (entry, instant) in enumerate(
            zip(entries, block.measured_at.tolist(), strict=True)
        ):
            if entry is None:
                continue
            if entry.excused and overlaps(entry.excused, instant, instant + period):
                continue
            form, row = of(names, entry.plan(instant), entry.gas_plan)
            if form is not last:
                places, rows = found.setdefault(form, ([], []))
                last = form
            places.append(at)
            rows.append(row)
        return found

    def _cached_codes(
        self,
        block: Block,
        entries: Sequence[SourceEntry | None],
        form: PlanShape,
        places: Integers,
        plain: Truths,
        unknown: Truths,
    ) -> Iterator[CachedCodes]:
        """Yield the plain readings of a shape, grouped by which of their constants are unknown."""
        left = np.flatnonzero(plain)
        while len(left):
            first = int(left[0])
            same = (unknown[left] == unknown[first]).all(axis=1)
            key = form, unknown[first].tobytes()
            codes = self._codes_by_key.get(key)
            if codes is None:
                if len(self._codes_by_key) >= _MAX_ENTRIES:
                    self._codes_by_key.clear()
                codes = self._codes_by_key[key] = _codes(block, entries, int(places[first]), form)
            yield CachedCodes(places[left[same]], codes)
            left = left[~same]


def _codes(
    block: Block, entries: Sequence[SourceEntry | None], at: int, form: PlanShape
) -> dict[str, str]:
    """Return the codes of the registered channels of one reading, regardless of its device."""
    entry = entries[at]
    assert entry is not None  # noqa: S101 (those are left out)
    codes = channel_codes(block.reading(at), entry)
    found = {name: codes.get(name, "") for name in form.key.names}
    return {name: "" if code == UNVERIFIED else code for name, code in found.items()}


def _is_plain(gas: GasShape, names: tuple[str, ...], values: Floats, constants: Floats) -> Truths:
    """Tell which readings have codes that depend only on their channels."""
    width = len(names)
    low, high = constants[:, :width], constants[:, width : 2 * width]
    within = (low <= values) & (values <= high) & (np.abs(values) < _MAX_VALUE)
    h2o = _channel(names, values, "H2O", 0.0)
    if gas.vapour:
        h2o = h2o * float(VAPOUR_PERCENT)
    pressure = _channel(names, values, "PRESSURE", 1.0)
    if gas.gauge is not None:
        barometric = constants[:, -2]
        if gas.gauge.barometric:
            outside = _channel(names, values, gas.gauge.barometric, 1.0)
            within &= (outside > _MIN_PRESSURE)[:, None]
            with np.errstate(all="ignore"):  # what is not finite is not within its range
                barometric = outside * gas.gauge.barometric_scale
        with np.errstate(all="ignore"):
            pressure = pressure * gas.gauge.scale + barometric
    coldest = _MIN_KELVIN - KELVIN if gas.celsius else _MIN_KELVIN
    found: Truths = (
        within.all(axis=1)
        & ~(np.abs(constants[:, 3 * width :]) > _MAX_CONSTANT).any(axis=1)
        & (np.abs(h2o) < _MAX_H2O_PCT)
        & (_channel(names, values, "O2", 0.0) < _MAX_O2_PCT * (1 - np.maximum(h2o, 0.0) / 100))
        & (pressure > _MIN_PRESSURE)
        & (_channel(names, values, "TEMPERATURE", 1.0) > coldest)
    )
    if "ALPHA" in names:
        found &= _channel(names, values, "ALPHA", 1.0) < _MAX_ALPHA
    return found


def _channel(names: tuple[str, ...], values: Floats, name: str, absent: float) -> Floats:
    """Return the column of a channel; ``absent`` where the readings do not carry it."""
    return values[:, names.index(name)] if name in names else np.full(len(values), absent)
