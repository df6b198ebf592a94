"""Collect the findings from the records of the output topics, and name foreign records."""

from __future__ import annotations

from aiokafka import ConsumerRecord

from emissions.audit.check import AuditCheck, offsets_text
from emissions.audit.published_results import PublishedResults
from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.counted import counted
from streams.settings import Settings


class OutputReader:
    """Read records one by one; name those that no worker of this pipeline can have written."""

    def __init__(self, settings: Settings, codec: Codec, published: PublishedResults) -> None:
        self._codec = codec
        self._published = published
        self._names = {
            settings.topic_means: "WindowMean",
            settings.topic_gaps: "DataGap",
            settings.topic_violations: "Violation",
            settings.topic_findings: "Finding",
            settings.topic_notice_verdicts: "NoticeVerdict",
            settings.topic_cases: "AdministrativeCase",
            settings.topic_roots: "SourceDayRoot",
            settings.topic_dead_letters: "DeadLetter",
        }
        self._strange: dict[tuple[str, int], list[int]] = {}

    def take(
        self, record: ConsumerRecord[bytes | None, bytes | None], *, late: bool = False
    ) -> None:
        """Add one record; ``late``: it came after the moment of the audit."""
        if record.value is None:
            return
        try:
            name, fields = self._codec.decode(record.value)
        except (Undecodable, UnknownSchema):
            name, fields = "", {}
        if name == self._names[record.topic]:
            self._published.add(name, fields, late=late)
        else:
            self._strange.setdefault((record.topic, record.partition), []).append(record.offset)

    def checks(self) -> list[AuditCheck]:
        """Return a check for foreign records, if there are any."""
        if not self._strange:
            return []
        wrong = [
            f"{topic}[{partition}]: no {self._names[topic]} at offsets {offsets_text(offsets)}"
            for (topic, partition), offsets in sorted(self._strange.items())
        ]
        count = sum(len(offsets) for offsets in self._strange.values())
        return [
            AuditCheck("results", "others", f"{counted(count, 'message')} of other programs", wrong)
        ]
