"""Holds of partitions until a person decides, and the decisions.

A worker holds a partition where it must not go on by itself: the dead-letter limit is reached, or
a timestamp of the log cannot be right. It writes the hold to a compacted topic, and goes on when a
person writes a decision there (``emissions resume``). Decisions stay in the topic, with who and
why, and apply to every later processing of the same log.

Records are JSON. Key ``hold/<topic>/<partition>/<worker>``: an open hold (deleted when it is
released). Key ``resume/<topic>/<partition>/<offset>``: a decision, never deleted.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from streams.core.time.local_clock import iso
from streams.kafka.partitions import PartitionId

Worker = Literal["streams", "sinks"]
LIMIT: Final = "dead-letter limit"
CLOCK: Final = "clock"

_HOLD: Final = "hold/"
_RESUME: Final = "resume/"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A partition held before the record at ``offset``, since ``since`` (worker's clock, ms UTC).

    ``passes_at``: when it is released without a decision, ms UTC; None: never.
    """

    worker: Worker
    topic: str
    partition: int
    offset: int
    kind: str
    why: str
    since: int
    passes_at: int | None = None

    @property
    def place(self) -> PartitionId:
        """Topic and partition."""
        return self.topic, self.partition

    @property
    def command(self) -> str:
        """The command that lets the partition go on."""
        return f'emissions resume {self.topic}/{self.partition} --offset {self.offset} --reason "…"'

    def __str__(self) -> str:
        """Say what is held, why, since when, and how to go on."""
        return f"held since {iso(self.since)}: {self.why} ({self.command})"

    @property
    def key(self) -> bytes:
        """Key of its record."""
        return f"{_HOLD}{self.topic}/{self.partition}/{self.worker}".encode()


class ResumeDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A person's decision to let the partition go on at ``[offset, until)``; ``at`` ms UTC."""

    topic: str
    partition: int
    offset: int
    until: int
    reason: str
    who: str
    at: int

    @property
    def key(self) -> bytes:
        """Key of its record."""
        return f"{_RESUME}{self.topic}/{self.partition}/{self.offset}".encode()


_encode = msgspec.json.Encoder().encode
_hold = msgspec.json.Decoder(Hold)
_decision = msgspec.json.Decoder(ResumeDecision)


def value_of(record: Hold | ResumeDecision) -> bytes:
    """Encode a record's value."""
    return _encode(record)


class HoldsView:
    """Fold the topic's records into the open holds and the decisions."""

    def __init__(self) -> None:
        self.open: dict[bytes, Hold] = {}
        self._decided: dict[PartitionId, dict[int, int]] = {}  # first offset: offset after the last

    def apply(self, key: bytes | None, value: bytes | None) -> bool:
        """Apply the next record; return False for one that cannot be read."""
        kind = b"" if key is None else key.partition(b"/")[0] + b"/"
        try:
            if kind == _HOLD.encode() and key is not None:
                if value is None:
                    self.open.pop(key, None)
                else:
                    self.open[key] = _hold.decode(value)
            elif kind == _RESUME.encode() and value is not None:
                decided = _decision.decode(value)
                offsets = self._decided.setdefault((decided.topic, decided.partition), {})
                offsets[decided.offset] = decided.until
            else:
                return False
        except msgspec.DecodeError:
            return False
        return True

    def resumed(self, topic: str, partition: int, offset: int) -> bool:
        """Tell whether a person decided to go on at this offset."""
        decided = self._decided.get((topic, partition))
        return decided is not None and any(
            first <= offset < until for first, until in decided.items()
        )
