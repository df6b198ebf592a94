"""Assess the quality of the readings that are written, exactly as the streams worker does.

Three paths give the same codes. A *plain* reading takes the cached codes of all plain readings with
its channels (`sinks.readings.quality_cache`). Of the others, many are assessed in columns
(`streams.core.quality.assess_columns`), a few one by one (`streams.core.quality.assess`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from schemas.columns import Block, Integers
from sinks.readings.entries import Codes, RowBlock
from sinks.readings.quality_cache import QualityCache
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import CODE_VALID, UNKNOWN_PARAMETER, UNVERIFIED, ZEROED
from streams.core.quality.assess import channel_codes
from streams.core.quality.assess_columns import AssessedBlock, assess_block
from streams.core.quality.rejection import possible_rejections, rejection_of
from streams.core.records.partitioning import Share
from streams.core.sources.history import RegistryHistory
from streams.core.sources.plan_shape import PlanShapes
from streams.core.sources.source import SourceEntry

AssessQuality = Callable[[Block, Integers, int], RowBlock]
"""Return the readings of a block that become rows, with the codes of their channels, given the
arrivals (ms UTC, int64[n]) and the partition of all of them.
"""

SourceEntries = list[SourceEntry | None]

_UNKNOWN, _UNVERIFIED = 1, 2  # numbers of codes that every table has
_MIN_BLOCK_ROWS: Final = 12
"""Up to this many readings, assessing one by one is faster."""


def quality_assessor(registry: RegistryHistory, policy: Policy, partitions: int) -> AssessQuality:
    """Create an assessor that uses the registrations in force when a reading arrived.

    ``partitions`` is the number of partitions of the topic. Readings that the streams worker
    rejects by themselves become no row; conflicting duplicates, which need other readings, are
    found by the table's key and the dead letters.
    """
    forms = PlanShapes()
    cache = QualityCache(forms)

    def assess_quality(block: Block, arrivals: Integers, partition: int) -> RowBlock:
        source = registry.source
        entries: SourceEntries = [
            source(name, arrival)
            for name, arrival in zip(block.source_ids, arrivals.tolist(), strict=True)
        ]
        _remove_rejected(block, entries, arrivals, policy, Share(partition, partitions))
        table = _CodeTable(block)
        if block.pattern.names:
            left = entries
            if block.pattern.state == "NORMAL" and set(block.pattern.flags.values()) <= {"N"}:
                left = _set_cached(cache, block, entries, table)
            _set_assessed(block, left, table, forms)
        accepted = [at for at, entry in enumerate(entries) if entry is not None]
        places = np.array(accepted, dtype=np.int64)
        codes = table.codes if len(accepted) == len(entries) else table.codes[places]
        return RowBlock.from_block(block, places, codes, table.texts)

    return assess_quality


class _CodeTable:
    """The codes of a block while they are assessed, int16[n, c]: indices into ``texts``."""

    def __init__(self, block: Block) -> None:
        self.names = block.pattern.names
        self.column = {name: at for at, name in enumerate(self.names)}
        self._numbers = {"": CODE_VALID, UNKNOWN_PARAMETER: _UNKNOWN, UNVERIFIED: _UNVERIFIED}
        shape = len(block.rows), len(self.names)
        self.codes: Codes = np.full(shape, _UNKNOWN, dtype=np.int16)

    def number(self, text: str) -> int:
        """Return the index of a code."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """The codes by index."""
        return list(self._numbers)

    def mark_unverified(self, places: Integers) -> None:
        """Mark the channels of readings that have no other code as of an unverified device."""
        codes = self.codes[places]
        self.codes[places] = np.where(codes == CODE_VALID, np.int16(_UNVERIFIED), codes)


def _remove_rejected(
    block: Block, entries: SourceEntries, arrivals: Integers, policy: Policy, share: Share
) -> None:
    """Remove the entries of readings that are rejected."""
    registered = [(entry, 1) for entry in entries]
    for at in possible_rejections(block, registered, arrivals, policy, share):
        refused = rejection_of(block.reading(at), entries[at], int(arrivals[at]), policy, share)
        if refused is not None:
            entries[at] = None


def _set_cached(
    cache: QualityCache, block: Block, entries: SourceEntries, table: _CodeTable
) -> SourceEntries:
    """Set the codes of plain readings; return the entries of the others."""
    taken = np.zeros(len(entries), dtype=np.bool_)
    for found in cache.lookup(block, entries):
        codes = np.full(len(table.names), _UNKNOWN, dtype=np.int16)
        for name, code in found.codes.items():
            codes[table.column[name]] = table.number(code)
        table.codes[found.places] = codes
        taken[found.places] = True
    told = zip(
        taken.tolist(), entries, block.device_serials, block.measured_at.tolist(), strict=True
    )
    mark_unverified = [
        at
        for at, (is_usual, entry, serial, instant) in enumerate(told)
        if is_usual and entry is not None and entry.devices and not entry.verified(serial, instant)
    ]
    if mark_unverified:
        table.mark_unverified(np.array(mark_unverified))
    if taken.all():
        return [None] * len(entries)
    return [
        None if is_usual else entry for is_usual, entry in zip(taken.tolist(), entries, strict=True)
    ]


def _set_assessed(
    block: Block, entries: SourceEntries, table: _CodeTable, forms: PlanShapes
) -> None:
    """Set the codes of readings that are assessed by themselves."""
    places = [at for at, entry in enumerate(entries) if entry is not None]
    if len(places) > _MIN_BLOCK_ROWS:
        for assessed in assess_block(block, entries, forms):
            _set_block(assessed, table)
        return
    for at in places:
        entry = entries[at]
        assert entry is not None  # noqa: S101 (those are left out)
        codes = channel_codes(block.reading(at), entry)
        table.codes[at] = [table.number(codes.get(name, "")) for name in table.names]


def _set_block(assessed: AssessedBlock, table: _CodeTable) -> None:
    """Set the codes of a block: of each channel, the first code of its series."""
    places = np.array(assessed.places)
    numbers = np.array([table.number(name) for name in assessed.names], dtype=np.int16)
    zeroed = table.number(ZEROED)
    structure = assessed.shape.key
    found: dict[int, Codes] = {}
    for fed in structure.inputs:
        code = numbers[assessed.codes[:, fed.position]]
        drifted = assessed.zeroed[:, fed.position]  # only where the value counts
        code = np.where(drifted, np.int16(zeroed), code)
        before = found.get(fed.column)
        found[fed.column] = code if before is None else np.where(before == CODE_VALID, code, before)
    for column, codes in found.items():
        table.codes[places, table.column[structure.names[column]]] = codes
    table.mark_unverified(places[~assessed.verified])
