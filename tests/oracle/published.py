"""What a stream of gaps, violations or means may say of one thing over time (sections 3, 8, 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
IDENTITIES: dict[str, tuple[str, ...]] = {
    "gaps": ("source_id", "parameter", "start"),
    "violations": ("rule", "bin", "source_id", "parameter", "start"),
    "means": ("source_id", "parameter", "unit", "window", "start"),
}
AS_OF = {"final", "stream_time"}
"""What a mean says of the moment at which it was published, not of its window."""


@dataclass
class Published:
    """Holds every stream made from one log, whatever the batches, against all the others."""

    kind: str
    contents: dict[tuple[Any, int], Record] = field(default_factory=dict)
    ids: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def add(self, stream: Iterable[Iterable[Record]]) -> dict[Any, Record]:
        """Take the batches of one stream in the order of publication; the last of each id."""
        last: dict[Any, Record] = {}
        for number, batch in enumerate(stream):
            self._batch(batch, number, last)
        if len(set(self.ids.values())) != len(self.ids):
            self.said.append("an id stands for two things")
        return last

    def _batch(self, batch: Iterable[Record], place: int, last: dict[Any, Record]) -> None:
        told: set[Any] = set()
        for record in batch:
            identity = tuple(record[name] for name in IDENTITIES[self.kind])
            key = record.get("id", identity)
            number = record["revision"]
            if key in told and self.kind != "means":
                self.said.append(f"{identity} was published twice by batch {place}")
            told.add(key)
            content = {name: value for name, value in record.items() if name not in AS_OF}
            known = self.contents.setdefault((key, number), content)
            if known != content:
                differing = [name for name in content if content[name] != known[name]]
                self.said.append(
                    f"{identity} revision {number} says two things of {differing}:"
                    f" {[known[n] for n in differing]}, {[content[n] for n in differing]}"
                )
            if self.ids.setdefault(identity, key) != key:
                self.said.append(f"{identity} has two ids")
            if key in last and last[key]["revision"] > number:
                self.said.append(f"{identity}: {number} after {last[key]['revision']}")
            if key in last and last[key]["revision"] == number and self.kind != "means":
                self.said.append(f"{identity}: revision {number} was published twice")
            if number < 1:
                self.said.append(f"{identity}: revision {number}")
            last[key] = record


def disagreements(kind: str, streams: Iterable[Iterable[Iterable[Record]]]) -> list[str]:
    """Sentences about streams of one log that do not say the same, or not in order.

    A number may be missing where one batch made several changes; what was withdrawn in the batch
    that made it need not have been published at all.
    """
    published = Published(kind)
    endings = [published.add(stream) for stream in streams]
    for ending in endings[1:]:
        for key in endings[0].keys() | ending.keys():
            one, other = endings[0].get(key), ending.get(key)
            if _ended(one) != _ended(other):
                published.said.append(f"ends as {_ended(one)} and as {_ended(other)}: {key}")
    return published.said


def _ended(record: Record | None) -> tuple[Any, ...] | None:
    if record is None or record["status"] == "WITHDRAWN":
        return None
    return record["revision"], record["status"]
