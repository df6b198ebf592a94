"""Quality and normalisation of many readings at once, in columns.

Says of every value what `streams.core.quality.assess` says of it reading by reading: that is the
meaning, this is the speed. A value for which twice the digits of a double do not decide how it is
rounded, or whose magnitude is out of the ordinary, goes through there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.core.columns import Block, Floats, Truths
from streams.core.extended import Extended, exact, ordinary, rounded, times
from streams.core.form import Form, Forms
from streams.core.gas_columns import ABSENT, FIXED, NUMBER, VALID, Codes, GasColumns
from streams.core.normalisation import NOT_FINITE
from streams.core.quality import EXCUSED, OUT_OF_RANGE, assess, overlaps, status_code
from streams.core.source import NEVER, SourceEntry

_FEW: Final = 4
"""Up to so many readings are judged sooner one by one."""


@dataclass(slots=True, eq=False)
class Assessed:
    """Readings of one block under plans of one form; n readings, k series, c columns.

    ``places`` in the block; ``values`` what the means take and ``measured`` what was measured,
    float64[n, k] (0 where it does not count, or is zeroed); ``codes`` int16[n, k], by ``names``;
    ``zeroed`` bool[n, k]; ``pollutants`` bool[n, pollutants of the form]: counts as sent and valid
    for channel gaps; ``verified`` bool[n].
    """

    form: Form
    places: list[int]
    values: Floats
    measured: Floats
    codes: Codes
    names: list[str]
    zeroed: Truths
    pollutants: Truths
    verified: Truths


def assess_block(
    block: Block, entries: Sequence[SourceEntry | None], forms: Forms
) -> Iterator[Assessed]:
    """Judge every channel of the readings whose entry is not None."""
    names = block.pattern.names
    groups: dict[Form, tuple[list[int], list[int]]] = {}
    last, (since, until) = None, NEVER
    for at, (entry, instant) in enumerate(zip(entries, block.measured_at.tolist(), strict=True)):
        if entry is None:
            continue
        if entry is not last or not since <= instant < until:
            last, (since, until) = entry, entry.plan_span(instant)
            form, row = forms.of(names, entry.plan(instant), entry.gas_plan)
            places, rows = groups.setdefault(form, ([], []))
        places.append(at)
        rows.append(row)
    with np.errstate(all="ignore"):  # what is out of the ordinary is looked for, not warned of
        for form, (places, rows) in groups.items():
            yield _Columns(block, entries, form, places, rows).judge()


class _Columns:
    """The columns of one form at work."""

    def __init__(
        self,
        block: Block,
        entries: Sequence[SourceEntry | None],
        form: Form,
        places: list[int],
        rows: list[int],
    ) -> None:
        self._block = block
        self._entries = entries
        self._form = form
        self._places = places
        self._constants = form.constants(rows)
        width = form.width
        self._low, self._high = self._constants[:, :width], self._constants[:, width : 2 * width]
        self._floor = self._constants[:, 2 * width : 3 * width]
        column = {name: at for at, name in enumerate(block.pattern.names)}
        columns = np.array([column[name] for name in form.structure.names], dtype=np.intp)
        self._values: Floats = block.values[np.array(places)[:, None], columns]
        self._names = list(FIXED)
        self._hard: Truths = np.zeros(len(places), dtype=np.bool_)

    def judge(self) -> Assessed:
        structure, count = self._form.structure, len(self._places)
        if count <= _FEW:
            return self._one_by_one()
        marks, zeroed = self._channels()
        whole = self._whole()
        excused = self._excused()
        bases = [] if whole else self._bases(marks)
        shape = (count, len(structure.layout.keys))
        values, measured = np.zeros(shape), np.zeros(shape)
        codes = np.full(shape, ABSENT, dtype=np.int16)
        drifted = np.zeros(shape, dtype=np.bool_)
        for fed in structure.fed:
            value = raw = self._values[:, fed.column]
            code = marks[:, fed.column]
            if whole:
                code = np.where(code == VALID, np.int16(whole), code)
            else:
                if fed.basis >= 0:
                    factor, missing = bases[fed.basis]
                    code = np.where(code == VALID, missing, code)
                    value, sure = rounded(times(exact(raw), factor))
                    self._hard |= (code == VALID) & ~(sure & ordinary(raw) & ordinary(value))
                if excused is not None:
                    code = np.where((code == VALID) & excused, NUMBER[EXCUSED], code)
            counts = code == VALID
            codes[:, fed.position] = code
            values[:, fed.position] = np.where(counts, value, 0.0)
            measured[:, fed.position] = np.where(counts, raw, 0.0)
            drifted[:, fed.position] = zeroed[:, fed.column] & counts
        pollutants = np.empty((count, len(structure.pollutants)), dtype=np.bool_)
        for at, pollutant in enumerate(structure.pollutants):
            if pollutant.by_series:
                pollutants[:, at] = codes[:, pollutant.position] == VALID
            else:
                valid = (marks[:, pollutant.column] == VALID) & (not whole)
                pollutants[:, at] = valid if excused is None else valid & ~excused
        found = Assessed(
            self._form, self._places, values, measured, codes, self._names, drifted, pollutants,
            self._verified(),
        )  # fmt: skip
        for at in np.flatnonzero(self._hard).tolist():
            self._one(found, at)
        return found

    def _one_by_one(self) -> Assessed:
        structure, count = self._form.structure, len(self._places)
        shape = (count, len(structure.layout.keys))
        found = Assessed(
            self._form, self._places, np.zeros(shape), np.zeros(shape),
            np.full(shape, ABSENT, dtype=np.int16), self._names, np.zeros(shape, dtype=np.bool_),
            np.empty((count, len(structure.pollutants)), dtype=np.bool_), self._verified(),
        )  # fmt: skip
        for at in range(count):
            self._one(found, at)
        return found

    def _channels(self) -> tuple[Codes, Truths]:
        """A code for every channel by itself, and which values were set to 0."""
        values = self._values
        marks: Codes = np.zeros(values.shape, dtype=np.int16)
        zeroed: Truths = np.zeros(values.shape, dtype=np.bool_)
        inside = (values >= self._low) & (values <= self._high)
        if not inside.all():
            finite = np.isfinite(values)
            zeroed = (
                ~inside & finite & (values < 0) & (values < self._low) & (values >= self._floor)
            )
            marks[~inside] = NUMBER[OUT_OF_RANGE]
            marks[~finite] = NUMBER[NOT_FINITE]
            marks[zeroed] = VALID
            self._values = np.where(zeroed, 0.0, values)
        for column, name in enumerate(self._form.structure.names):
            flag = self._block.pattern.flags.get(name, "N")
            if flag != "N":
                number = self._number(status_code(flag))
                marks[:, column] = np.where(marks[:, column] == VALID, number, marks[:, column])
        return marks, zeroed

    def _whole(self) -> int:
        """The code of an operating state that takes every channel away; 0: normal operation."""
        state = self._block.pattern.state
        return 0 if state == "NORMAL" else self._number(f"STATE_{state}")

    def _number(self, code: str) -> int:
        if code not in self._names:
            self._names.append(code)
        return self._names.index(code)

    def _excused(self) -> Truths | None:
        """Which readings overlap an excused period; None: the sources have none."""
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

    def _bases(self, marks: Codes) -> list[tuple[Extended, Codes]]:
        """Of every normalisation the factor, and the code where there is none."""
        structure = self._form.structure
        if not structure.shapes:
            return []
        gas = GasColumns(self._form, self._values, marks)
        found = []
        for basis, shape in enumerate(structure.shapes):
            at = 3 * self._form.width + 2 * basis
            constant = Extended(self._constants[:, at], self._constants[:, at + 1])
            found.append(gas.factor(shape, constant))
        self._hard |= gas.hard
        return found

    def _one(self, found: Assessed, at: int) -> None:
        """Judge one reading by itself, in exact fractions."""
        place = self._places[at]
        entry = self._entries[place]
        assert entry is not None  # noqa: S101 (places are those with an entry)
        reading = self._block.reading(place)
        position = self._form.structure.layout.position
        judgement = assess(reading, entry)
        for series, measured, value, code, zeroed in judgement.judged:
            cell = at, position[series.key]
            found.codes[cell] = VALID if code is None else self._number(code)
            found.values[cell] = value if code is None else 0.0
            found.measured[cell] = measured if code is None else 0.0
            found.zeroed[cell] = zeroed
        for number, pollutant in enumerate(self._form.structure.pollutants):
            found.pollutants[at, number] = pollutant.name in judgement.valid_pollutants
