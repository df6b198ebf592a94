"""Readings that say nothing special: what their codes are follows from which channels they carry.

Every value within its range, and the gas far from where its values matter: oxygen too high, no
dry gas, no pressure, absolute zero. Whatever values such a reading has, its codes are then those
of any other reading with the same channels under plans of the same form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.core.columns import Block, Floats, Integers, Truths
from streams.core.form import Form, Forms
from streams.core.quality import UNVERIFIED, channel_codes, overlaps
from streams.core.source import SourceEntry

_KEPT: Final = 10_000
_ORDINARY: Final = 1e9  # a value this large may overflow when it is normalised
_CONSTANT: Final = 1e200  # as may one that is multiplied by this
_OXYGEN_PCT: Final = 19.9
_H2O_PCT: Final = 99.0
_PRESSURE: Final = 1e-3

Key = tuple[Form, bytes]


class Alike(NamedTuple):
    """Usual readings of one block: their ``places`` in it, ascending, and the codes of the
    channels that are registered, "" for a valid one."""

    places: Integers
    codes: dict[str, str]


class Usual:
    """Knows the codes of usual readings by their form, and by what of the gas is not known."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._known: dict[Key, dict[str, str]] = {}

    def of(self, block: Block, entries: Sequence[SourceEntry | None]) -> Iterator[Alike]:
        """The usual ones among the readings of a block whose entry is not None.

        All of them must be in normal operation, without a flag.
        """
        names = block.pattern.names
        column = {name: at for at, name in enumerate(names)}
        for form, (places, rows) in self._by_form(block, entries).items():
            own = form.structure.names
            if not own:
                continue
            values = block.values
            if len(places) < len(values):
                values = values[places]
            if own != names:
                values = values[:, [column[name] for name in own]]
            constants = form.constants(rows)
            unknown = np.isnan(constants[:, 3 * form.width :])
            usual = _usual(own, values, constants)
            warm = _of(own, values, "TEMPERATURE", 0.0) > 0
            told = np.column_stack((warm, unknown))
            yield from self._alike(block, entries, form, np.array(places), usual, told)

    def _by_form(
        self, block: Block, entries: Sequence[SourceEntry | None]
    ) -> dict[Form, tuple[list[int], list[int]]]:
        """Places in the block and rows of constants, but of readings that may be excused."""
        found: dict[Form, tuple[list[int], list[int]]] = {}
        names, period, of = block.pattern.names, block.pattern.period_s * 1000, self._forms.of
        last: Form | None = None  # nearly all are of one
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

    def _alike(
        self,
        block: Block,
        entries: Sequence[SourceEntry | None],
        form: Form,
        places: Integers,
        usual: Truths,
        told: Truths,
    ) -> Iterator[Alike]:
        """The usual ones of a form, together where the same of the gas is ``told``."""
        left = np.flatnonzero(usual)
        while len(left):
            first = int(left[0])
            same = (told[left] == told[first]).all(axis=1)
            key = form, told[first].tobytes()
            codes = self._known.get(key)
            if codes is None:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                codes = self._known[key] = _codes(block, entries, int(places[first]), form)
            yield Alike(places[left[same]], codes)
            left = left[~same]


def _codes(
    block: Block, entries: Sequence[SourceEntry | None], at: int, form: Form
) -> dict[str, str]:
    """The codes of the registered channels of one reading, whoever its device is."""
    entry = entries[at]
    assert entry is not None  # noqa: S101 (those are left out)
    codes = channel_codes(block.reading(at), entry)
    found = {name: codes.get(name, "") for name in form.structure.names}
    return {name: "" if code == UNVERIFIED else code for name, code in found.items()}


def _usual(names: tuple[str, ...], values: Floats, constants: Floats) -> Truths:
    """Whether nothing but the presence of its channels decides on a reading's codes."""
    width = len(names)
    low, high = constants[:, :width], constants[:, width : 2 * width]
    within = (low <= values) & (values <= high) & (np.abs(values) < _ORDINARY)
    h2o = _of(names, values, "H2O", 0.0)
    found: Truths = (
        within.all(axis=1)
        & ~(np.abs(constants[:, 3 * width :]) > _CONSTANT).any(axis=1)
        & (np.abs(h2o) < _H2O_PCT)
        & (_of(names, values, "O2", 0.0) < _OXYGEN_PCT * (1 - np.maximum(h2o, 0.0) / 100))
        & (_of(names, values, "PRESSURE", 1.0) > _PRESSURE)
        & (_of(names, values, "TEMPERATURE", 0.0) > -273.0)
    )
    return found


def _of(names: tuple[str, ...], values: Floats, name: str, absent: float) -> Floats:
    """The column of a channel; ``absent`` where the readings do not carry it."""
    return values[:, names.index(name)] if name in names else np.full(len(values), absent)
