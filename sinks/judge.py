"""Quality of the readings that are written: the same judgement as that of the streams worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from sinks.readings import Alike
from streams.core.columns import Floats, Truths
from streams.core.policy import Policy
from streams.core.quality import channel_codes, overlaps, refusal
from streams.core.reading import Reading
from streams.core.registry_history import RegistryHistory
from streams.core.source import Plans, SourceEntry

Codes = dict[str, str]
"""Quality code by channel, of those that are not simply valid."""

Judge = Callable[[Alike, Sequence[int]], list[Codes | None]]
"""Codes of each reading's channels, given the arrivals; None for a reading that is refused."""

_CACHED: Final = 10_000
_ORDINARY: Final = 1e9  # a value this large may overflow when it is normalised
_OXYGEN_PCT: Final = 19.9
_H2O_PCT: Final = 99.0
_PRESSURE: Final = 1e-3


class _Usual(NamedTuple):
    """Between which values the channels of a source say nothing special, and the codes they then
    have: by whether the gas is warm, and whether the device is verified."""

    plans: Plans  # held, so that its id stays its own
    low: Floats
    high: Floats
    codes: dict[tuple[bool, bool], Codes]


def registry_judge(registry: RegistryHistory, policy: Policy) -> Judge:
    """A judge by the registrations in force when a reading arrived.

    What the streams worker refuses for itself alone gets no row; conflicting duplicates, which
    need other readings, are told by their keys and the dead letters. The codes of a usual
    reading follow from what it carries, so they are worked out once.
    """
    known: dict[tuple[SourceEntry, int, tuple[str, ...]], _Usual] = {}

    def usual(entry: SourceEntry, plans: Plans, names: tuple[str, ...]) -> _Usual | None:
        key = (entry, id(plans), names)
        found = known.get(key)
        # Names that nobody registered are made up by the message, at any length and number:
        # remembering them would be memory without bound.
        if found is None and all(name in plans for name in names):
            if len(known) >= _CACHED:
                known.clear()
            found = known[key] = _usual_of(plans, names)
        return found

    def judge(group: Alike, arrivals: Sequence[int]) -> list[Codes | None]:
        judged: list[Codes | None] = [None] * len(group.readings)
        rows: list[int] = []
        bounds: list[_Usual] = []
        entries: list[SourceEntry] = []
        for row, (reading, arrival) in enumerate(zip(group.readings, arrivals, strict=True)):
            entry = registry.source(reading.source_id, arrival)
            if entry is None or refusal(reading, entry, arrival, policy) is not None:
                continue
            found = None
            if _normal(reading, entry):
                found = usual(entry, entry.plan(reading.measured_at), group.names)
            if found is None:
                judged[row] = channel_codes(reading, entry)
            else:
                rows.append(row)
                bounds.append(found)
                entries.append(entry)
        if not rows:
            return judged
        values = group.values if len(rows) == len(judged) else group.values[rows]
        ordinary = _ordinary(group.names, values, bounds).tolist()
        warm = _of(group.names, values, "TEMPERATURE", 0.0) > 0
        told = zip(rows, entries, bounds, ordinary, warm.tolist(), strict=True)
        for row, entry, found, is_ordinary, is_warm in told:
            reading = group.readings[row]
            if not is_ordinary:
                judged[row] = channel_codes(reading, entry)
                continue
            key = (is_warm, entry.verified(reading.device_serial, reading.measured_at))
            codes = found.codes.get(key)
            if codes is None:
                codes = found.codes[key] = channel_codes(reading, entry)
            judged[row] = codes
        return judged

    return judge


def _usual_of(plans: Plans, names: tuple[str, ...]) -> _Usual:
    low = np.array([plans[name].low for name in names])
    high = np.array([plans[name].high for name in names])
    return _Usual(plans, low, high, {})


def _normal(reading: Reading, entry: SourceEntry) -> bool:
    """Normal operation, no flag, nothing excused."""
    if reading.state != "NORMAL" or reading.flags:
        return False
    return not (entry.excused and overlaps(entry.excused, reading.measured_at, reading.ends_at))


def _ordinary(names: tuple[str, ...], values: Floats, bounds: list[_Usual]) -> Truths:
    """Whether nothing but the presence of its channels decides on a reading's codes.

    Every value within its range, and the gas far from where its values matter: oxygen too high,
    no dry gas, no pressure, absolute zero.
    """
    low, high = np.stack([each.low for each in bounds]), np.stack([each.high for each in bounds])
    within = (low <= values) & (values <= high) & (np.abs(values) < _ORDINARY)
    h2o = _of(names, values, "H2O", 0.0)
    found: Truths = (
        within.all(axis=1)
        & (np.abs(h2o) < _H2O_PCT)
        & (_of(names, values, "O2", 0.0) < _OXYGEN_PCT * (1 - np.maximum(h2o, 0.0) / 100))
        & (_of(names, values, "PRESSURE", 1.0) > _PRESSURE)
        & (_of(names, values, "TEMPERATURE", 0.0) > -273.0)
    )
    return found


def _of(names: tuple[str, ...], values: Floats, name: str, absent: float) -> Floats:
    """The column of a channel; ``absent`` where the readings do not carry it."""
    return values[:, names.index(name)] if name in names else np.full(len(values), absent)
