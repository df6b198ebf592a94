"""Quality of the readings that are written: the same judgement as that of the streams worker.

In columns, and in three ways that say the same. A *usual* reading says nothing special, and has
the codes of all usual readings with its channels (`sinks.usual`). Of the others many are judged
together (`streams.core.assess`), a few one by one (`streams.core.quality`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from sinks.reading_entries import Codes, Judged
from sinks.usual import Usual
from streams.core.assess import Assessed, assess_block
from streams.core.columns import Block, Integers
from streams.core.form import Forms
from streams.core.gas_columns import VALID
from streams.core.partitioning import Share
from streams.core.policy import Policy
from streams.core.quality import (
    UNKNOWN_PARAMETER,
    UNVERIFIED,
    ZEROED,
    channel_codes,
    refusal,
)
from streams.core.registry_history import RegistryHistory
from streams.core.rejection import possible_rejections
from streams.core.source import SourceEntry

Judge = Callable[[Block, Integers, int], Judged]
"""The readings of a block that get rows with the codes of their channels, given the arrivals (ms
UTC, int64[n]) and the partition in which all of them came."""

Entries = list[SourceEntry | None]

_UNKNOWN, _UNVERIFIED = 1, 2  # numbers of codes that every table has
_FEW: Final = 12
"""So many readings cost less one by one than together."""


def registry_judge(registry: RegistryHistory, policy: Policy, partitions: int) -> Judge:
    """A judge by the registrations in force when a reading arrived, in one of ``partitions``.

    What the streams worker refuses for itself alone gets no row; conflicting duplicates, which
    need other readings, are told by their keys and the dead letters.
    """
    forms = Forms()
    usual = Usual(forms)

    def judge(block: Block, arrivals: Integers, partition: int) -> Judged:
        source = registry.source
        entries: Entries = [
            source(name, arrival)
            for name, arrival in zip(block.source_ids, arrivals.tolist(), strict=True)
        ]
        _refuse(block, entries, arrivals, policy, Share(partition, partitions))
        table = _Table(block)
        left = entries
        if block.pattern.state == "NORMAL" and set(block.pattern.flags.values()) <= {"N"}:
            left = _take_usual(usual, block, entries, table)
        _take_others(block, left, table, forms)
        accepted = [at for at, entry in enumerate(entries) if entry is not None]
        places = np.array(accepted, dtype=np.int64)
        codes = table.codes if len(accepted) == len(entries) else table.codes[places]
        return Judged.of(block, places, codes, table.texts)

    return judge


class _Table:
    """The codes of a block as they are found, int16[n, c]: numbers of ``texts``."""

    def __init__(self, block: Block) -> None:
        self.names = block.pattern.names
        self.column = {name: at for at, name in enumerate(self.names)}
        self._numbers = {"": VALID, UNKNOWN_PARAMETER: _UNKNOWN, UNVERIFIED: _UNVERIFIED}
        shape = len(block.rows), len(self.names)
        self.codes: Codes = np.full(shape, _UNKNOWN, dtype=np.int16)

    def number(self, text: str) -> int:
        """The number of a code."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """The codes by their numbers."""
        return list(self._numbers)

    def unverified(self, places: Integers) -> None:
        """Say of readings that what is left of their channels is not of a verified device."""
        codes = self.codes[places]
        self.codes[places] = np.where(codes == VALID, np.int16(_UNVERIFIED), codes)


def _refuse(
    block: Block, entries: Entries, arrivals: Integers, policy: Policy, share: Share
) -> None:
    """Take away the entries of readings that are refused."""
    registered = [(entry, 1) for entry in entries]
    for at in possible_rejections(block, registered, arrivals, policy, share):
        refused = refusal(block.reading(at), entries[at], int(arrivals[at]), policy, share)
        if refused is not None:
            entries[at] = None


def _take_usual(usual: Usual, block: Block, entries: Entries, table: _Table) -> Entries:
    """Write down the codes of the usual readings; returns the entries of the others."""
    taken = np.zeros(len(entries), dtype=np.bool_)
    for found in usual.of(block, entries):
        codes = np.full(len(table.names), _UNKNOWN, dtype=np.int16)
        for name, code in found.codes.items():
            codes[table.column[name]] = table.number(code)
        table.codes[found.places] = codes
        taken[found.places] = True
    told = zip(
        taken.tolist(), entries, block.device_serials, block.measured_at.tolist(), strict=True
    )
    unverified = [
        at
        for at, (is_usual, entry, serial, instant) in enumerate(told)
        if is_usual and entry is not None and entry.devices and not entry.verified(serial, instant)
    ]
    if unverified:
        table.unverified(np.array(unverified))
    if taken.all():
        return [None] * len(entries)
    return [
        None if is_usual else entry for is_usual, entry in zip(taken.tolist(), entries, strict=True)
    ]


def _take_others(block: Block, entries: Entries, table: _Table, forms: Forms) -> None:
    """Write down the codes of readings that are judged by themselves."""
    places = [at for at, entry in enumerate(entries) if entry is not None]
    if len(places) > _FEW:
        for assessed in assess_block(block, entries, forms):
            _take_assessed(assessed, table)
        return
    for at in places:
        entry = entries[at]
        assert entry is not None  # noqa: S101 (those are left out)
        codes = channel_codes(block.reading(at), entry)
        table.codes[at] = [table.number(codes.get(name, "")) for name in table.names]


def _take_assessed(assessed: Assessed, table: _Table) -> None:
    """The code of a channel is that of the first of its series that has one."""
    places = np.array(assessed.places)
    numbers = np.array([table.number(name) for name in assessed.names], dtype=np.int16)
    zeroed = table.number(ZEROED)
    structure = assessed.form.structure
    found: dict[int, Codes] = {}
    for fed in structure.fed:
        code = numbers[assessed.codes[:, fed.position]]
        drifted = assessed.zeroed[:, fed.position]  # only where the value counts
        code = np.where(drifted, np.int16(zeroed), code)
        before = found.get(fed.column)
        found[fed.column] = code if before is None else np.where(before == VALID, code, before)
    for column, codes in found.items():
        table.codes[places, table.column[structure.names[column]]] = codes
    table.unverified(places[~assessed.verified])
