"""Assesses the quality of many readings at once, and normalises their values, in columns.

The result for every value is that of `assess_reading` (`streams.core.quality.assess`), which
defines it. Here values are computed as double-doubles; those whose rounding that does not decide,
or whose magnitude it cannot take, are assessed there again, in exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from schemas.columns import Block, Floats, Truths
from streams.core.law.quality_codes import (
    CODE_ABSENT,
    CODE_NUMBERS,
    CODE_VALID,
    EXCUSED,
    NOT_FINITE,
    NUMBERED_CODES,
    OUT_OF_RANGE,
    STATE,
    status_code,
)
from streams.core.numeric.double_double import (
    DoubleDouble,
    in_safe_range,
    multiply,
    round_to_double,
    widened,
)
from streams.core.quality.assess import assess_reading
from streams.core.quality.gas_columns import CodeArray, GasColumns
from streams.core.sources.plan_shape import PlanShape, PlanShapes
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import NEVER, overlaps

_SCALAR_UP_TO: Final = 4
"""Up to this many readings the scalar path is faster: more than twice for a poll of one."""


@dataclass(slots=True, eq=False)
class AssessedBlock:
    """Holds assessed readings of one block under plans of one shape: n readings, k series.

    ``places`` in the block; ``values`` for the means and ``measured`` values, float64[n, k], 0
    where a value does not count or is zeroed; ``codes`` int16[n, k], indices into ``names``;
    ``zeroed`` bool[n, k]; ``pollutants`` bool[n, pollutants of the shape]: sent and valid, for
    channel gaps; ``verified`` bool[n]; ``rows``: that of each reading's plan in the shape.
    """

    shape: PlanShape
    places: list[int]
    values: Floats
    measured: Floats
    codes: CodeArray
    names: list[str]
    zeroed: Truths
    pollutants: Truths
    verified: Truths
    rows: list[int]


def assess_block(
    block: Block, entries: Sequence[SourceEntry | None], forms: PlanShapes
) -> Iterator[AssessedBlock]:
    """Assess every channel of the readings that have an entry, by plan shape."""
    names = block.pattern.names
    groups: dict[PlanShape, tuple[list[int], list[int]]] = {}
    last, (since, until) = None, NEVER
    for at, (entry, instant) in enumerate(zip(entries, block.measured_at.tolist(), strict=True)):
        if entry is None:
            continue
        if entry is not last or not since <= instant < until:
            last, (since, until) = entry, entry.plan_span(instant)
            form, row = forms.shape_for(names, entry.plan(instant), entry.gas_plan)
            places, rows = groups.setdefault(form, ([], []))
        places.append(at)
        rows.append(row)
    with np.errstate(all="ignore"):  # overflow and NaN are found below, not warned of
        for form, (places, rows) in groups.items():
            yield _Columns(block, entries, form, places, rows).assess()


class _Columns:
    """Assesses the columns of one plan shape."""

    def __init__(
        self,
        block: Block,
        entries: Sequence[SourceEntry | None],
        form: PlanShape,
        places: list[int],
        rows: list[int],
    ) -> None:
        self._block = block
        self._entries = entries
        self._shape = form
        self._places, self._rows = places, rows
        self._constants = form.constants(rows)
        width = form.width
        self._low, self._high = self._constants[:, :width], self._constants[:, width : 2 * width]
        self._floor = self._constants[:, 2 * width : 3 * width]
        column = {name: at for at, name in enumerate(block.pattern.names)}
        columns = np.array([column[name] for name in form.key.names], dtype=np.intp)
        self._values: Floats = block.values[np.array(places)[:, None], columns]
        self._names = list(NUMBERED_CODES)
        self._needs_exact: Truths = np.zeros(len(places), dtype=np.bool_)

    def assess(self) -> AssessedBlock:
        structure, count = self._shape.key, len(self._places)
        if count <= _SCALAR_UP_TO:
            return self._assess_all_exactly()
        marks, zeroed = self._channels()
        whole = self._state_code()
        excused = self._excused()
        bases = [] if whole else self._factors(marks)
        shape = (count, len(structure.layout.keys))
        values, measured = np.zeros(shape), np.zeros(shape)
        codes = np.full(shape, CODE_ABSENT, dtype=np.int16)
        drifted = np.zeros(shape, dtype=np.bool_)
        for fed in structure.inputs:
            value = raw = self._values[:, fed.column]
            code = marks[:, fed.column]
            if whole:
                code = np.where(code == CODE_VALID, np.int16(whole), code)
            else:
                if fed.basis >= 0:
                    factor, missing = bases[fed.basis]
                    code = np.where(code == CODE_VALID, missing, code)
                    value, sure = round_to_double(multiply(widened(raw), factor))
                    self._needs_exact |= (code == CODE_VALID) & ~(
                        sure & in_safe_range(raw) & in_safe_range(value)
                    )
                if excused is not None:
                    code = np.where((code == CODE_VALID) & excused, CODE_NUMBERS[EXCUSED], code)
            counts = code == CODE_VALID
            codes[:, fed.position] = code
            values[:, fed.position] = np.where(counts, value, 0.0)
            measured[:, fed.position] = np.where(counts, raw, 0.0)
            drifted[:, fed.position] = zeroed[:, fed.column] & counts
        pollutants = np.empty((count, len(structure.pollutants)), dtype=np.bool_)
        for at, pollutant in enumerate(structure.pollutants):
            if pollutant.by_series:
                pollutants[:, at] = codes[:, pollutant.position] == CODE_VALID
            else:
                valid = (marks[:, pollutant.column] == CODE_VALID) & (not whole)
                pollutants[:, at] = valid if excused is None else valid & ~excused
        found = AssessedBlock(
            self._shape, self._places, values, measured, codes, self._names, drifted, pollutants,
            self._verified(), self._rows,
        )  # fmt: skip
        for at in np.flatnonzero(self._needs_exact).tolist():
            self._assess_exactly(found, at)
        return found

    def _assess_all_exactly(self) -> AssessedBlock:
        structure, count = self._shape.key, len(self._places)
        shape = (count, len(structure.layout.keys))
        found = AssessedBlock(
            self._shape, self._places, np.zeros(shape), np.zeros(shape),
            np.full(shape, CODE_ABSENT, dtype=np.int16), self._names,
            np.zeros(shape, dtype=np.bool_),
            np.empty((count, len(structure.pollutants)), dtype=np.bool_), self._verified(),
            self._rows,
        )  # fmt: skip
        for at in range(count):
            self._assess_exactly(found, at)
        return found

    def _channels(self) -> tuple[CodeArray, Truths]:
        """Find the code of every channel by itself, and which values are set to 0."""
        values = self._values
        marks: CodeArray = np.zeros(values.shape, dtype=np.int16)
        zeroed: Truths = np.zeros(values.shape, dtype=np.bool_)
        inside = (values >= self._low) & (values <= self._high)
        if not inside.all():
            finite = np.isfinite(values)
            zeroed = (
                ~inside & finite & (values < 0) & (values < self._low) & (values >= self._floor)
            )
            marks[~inside] = CODE_NUMBERS[OUT_OF_RANGE]
            marks[~finite] = CODE_NUMBERS[NOT_FINITE]
            marks[zeroed] = CODE_VALID
            self._values = np.where(zeroed, 0.0, values)
        for column, name in enumerate(self._shape.key.names):
            flag = self._block.pattern.flags.get(name, "N")
            if flag != "N":
                number = self._number(status_code(flag))
                marks[:, column] = np.where(
                    marks[:, column] == CODE_VALID, number, marks[:, column]
                )
        return marks, zeroed

    def _state_code(self) -> int:
        """Return the number of the state code that excludes every channel; 0: normal."""
        state = self._block.pattern.state
        return 0 if state == "NORMAL" else self._number(f"{STATE}{state}")

    def _number(self, code: str) -> int:
        if code not in self._names:
            self._names.append(code)
        return self._names.index(code)

    def _excused(self) -> Truths | None:
        """Find the readings that overlap an excused period; None: the sources have none."""
        period = self._block.pattern.period_s * 1000
        found: Truths | None = None
        for at, place in enumerate(self._places):
            entry = self._entries[place]
            if entry is not None and entry.excused:
                start = int(self._block.measured_at[place])
                if overlaps(entry.excused, start, start + period):
                    if found is None:
                        found = np.zeros(len(self._places), dtype=np.bool_)
                    found[at] = True
        return found

    def _verified(self) -> Truths:
        block, found = self._block, np.ones(len(self._places), dtype=np.bool_)
        instants, serials = block.measured_at, block.device_serials
        for at, place in enumerate(self._places):
            entry = self._entries[place]
            if entry is not None and entry.devices:
                found[at] = entry.verified(serials[place], int(instants[place]))
        return found

    def _factors(self, marks: CodeArray) -> list[tuple[DoubleDouble, CodeArray]]:
        """Compute the factor of every normalisation, and the code where there is none."""
        structure = self._shape.key
        if not structure.formulas:
            return []
        gas = GasColumns(self._shape, self._values, marks, self._constants)
        found = []
        for basis, shape in enumerate(structure.formulas):
            at = 3 * self._shape.width + 2 * basis
            constant = DoubleDouble(self._constants[:, at], self._constants[:, at + 1])
            found.append(gas.factor(shape, constant))
        self._needs_exact |= gas.needs_exact
        return found

    def _assess_exactly(self, found: AssessedBlock, at: int) -> None:
        """Assess one reading by itself, in exact fractions."""
        place = self._places[at]
        entry = self._entries[place]
        assert entry is not None  # noqa: S101 (places are those with an entry)
        reading = self._block.reading(place)
        position = self._shape.key.layout.position
        judgement = assess_reading(reading, entry)
        for series, measured, value, code, zeroed in judgement.series:
            cell = at, position[series.key]
            found.codes[cell] = CODE_VALID if code is None else self._number(code)
            found.values[cell] = value if code is None else 0.0
            found.measured[cell] = measured if code is None else 0.0
            found.zeroed[cell] = zeroed
        for number, pollutant in enumerate(self._shape.key.pollutants):
            found.pollutants[at, number] = pollutant.name in judgement.valid_pollutants
