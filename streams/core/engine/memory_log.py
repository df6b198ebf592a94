"""Keeps the log of a partition in memory, as far as notices may ask for readings of it again."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.engine.partition import PartitionProcessor
from streams.core.records.record import RawRecord
from streams.core.sources.notices import NoticeHistory


class MemoryLog:
    """Supplies a processor whose readings cannot be read again from a topic.

    Of a log without notices it keeps nothing, else the records under the keys of their sources.
    """

    def __init__(self, processor: PartitionProcessor, notices: NoticeHistory) -> None:
        self._processor = processor
        self._notices = notices
        self._kept: list[RawRecord] = []

    def supply(self, records: Sequence[RawRecord]) -> None:
        """Supply what these records need again, before they are applied; and keep them."""
        if not self._notices.version:
            return
        for start, end in self._processor.wanted(records):
            again = [record for record in self._kept if start <= record.offset < end]
            self._processor.supply(again)
        keys = self._notices.source_keys()
        self._kept += [record for record in records if record.key in keys]
