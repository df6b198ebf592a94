"""From the records of the output topics to what was found, and to what is none of ours."""

from __future__ import annotations

from aiokafka import ConsumerRecord

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.audit.check import Check, offsets_text
from streams.audit.results import Published
from streams.settings import Settings


class Taking:
    """Takes the records one by one; those that no worker of ours can have written are named."""

    def __init__(self, settings: Settings, codec: Codec, published: Published) -> None:
        self._codec = codec
        self._published = published
        self._names = {
            settings.topic_means: "WindowMean",
            settings.topic_gaps: "DataGap",
            settings.topic_violations: "Violation",
            settings.topic_dead_letters: "DeadLetter",
        }
        self._strange: dict[tuple[str, int], list[int]] = {}

    def take(
        self, record: ConsumerRecord[bytes | None, bytes | None], *, late: bool = False
    ) -> None:
        """One record; ``late``: it came after the moment that the audit is about."""
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

    def checks(self) -> list[Check]:
        """A check for the strange records, if there are any."""
        if not self._strange:
            return []
        wrong = [
            f"{topic}[{partition}]: no {self._names[topic]} at offsets {offsets_text(offsets)}"
            for (topic, partition), offsets in sorted(self._strange.items())
        ]
        count = sum(len(offsets) for offsets in self._strange.values())
        return [Check("results", "others", f"{count} messages that nobody of ours wrote", wrong)]
