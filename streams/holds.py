"""Partitions that are held until a person decides, and what was decided.

A worker holds a partition where it must not go on by itself: the dead-letter limit is reached, or
the clock of the log cannot be right. It says so in a compacted topic, where everybody can see it,
and goes on when a person writes there that it shall (``emissions resume``). What was decided stays
in the topic, with who and why, and holds for every later judging of the same log.

Records are JSON. Key ``hold/<topic>/<partition>/<worker>``: a hold that stands (deleted when it is
over). Key ``resume/<topic>/<partition>/<offset>``: a decision, never deleted.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from streams.core.calendar import iso

Place = tuple[str, int]
"""Topic and partition."""

Worker = Literal["streams", "sinks"]
LIMIT: Final = "dead-letter limit"
CLOCK: Final = "clock"

_HOLD: Final = "hold/"
_RESUME: Final = "resume/"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A partition that is held before the record at ``offset``; ``since`` ms UTC, by the worker.

    ``passes_at``: the moment from which it holds no more by itself, ms UTC; None: never.
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
    def place(self) -> Place:
        """Topic and partition."""
        return self.topic, self.partition

    @property
    def command(self) -> str:
        """What lets the partition go on."""
        return f'emissions resume {self.topic}/{self.partition} --offset {self.offset} --reason "…"'

    def __str__(self) -> str:
        """What is held, why, since when, and how to go on; fit for a page or a table."""
        return f"held since {iso(self.since)}: {self.why} ({self.command})"

    @property
    def key(self) -> bytes:
        """Key of its record."""
        return f"{_HOLD}{self.topic}/{self.partition}/{self.worker}".encode()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A person lets the partition go on at ``[offset, until)``; ``at`` ms UTC."""

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
_decision = msgspec.json.Decoder(Decision)


def value_of(record: Hold | Decision) -> bytes:
    """Encode a record's value."""
    return _encode(record)


class HoldTable:
    """What the topic says so far: the holds that stand, and the decisions."""

    def __init__(self) -> None:
        self.standing: dict[bytes, Hold] = {}
        self._decided: dict[Place, dict[int, int]] = {}  # first offsets with those after the last

    def take(self, key: bytes | None, value: bytes | None) -> bool:
        """Take the next record; returns False for one that says nothing."""
        kind = b"" if key is None else key.partition(b"/")[0] + b"/"
        try:
            if kind == _HOLD.encode() and key is not None:
                if value is None:
                    self.standing.pop(key, None)
                else:
                    self.standing[key] = _hold.decode(value)
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
        """Whether somebody decided to go on at this offset."""
        decided = self._decided.get((topic, partition))
        return decided is not None and any(
            first <= offset < until for first, until in decided.items()
        )
