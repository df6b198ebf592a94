"""Check the room on the disks of the state, of the transparency log and of ClickHouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from emissions.doctor import seal
from emissions.doctor.check import PartCheck, PartState
from streams.settings import Settings

PART: Final = "disk"
GIB: Final = 1024**3
STATE_BYTES: Final = GIB
"""Room that a worker's state needs beside the state itself (docs/operations/deploy.md)."""

_LOG: Final = "transparency log"
_LOW_SHARE: Final = 0.15
_FULL_SHARE: Final = 0.05
_MERGE_BYTES: Final = GIB


class Room(NamedTuple):
    """A disk: what lies on it, its bytes, the free ones, and which setting names it."""

    what: str
    total: int
    free: int
    remedy: str


def look_at_disks(settings: Settings) -> list[PartCheck]:
    """Check the directories of the settings that are on this machine. Never raises."""
    found = []
    for what, named, variable in (
        ("state", settings.state_directory, "EMISSIONS_STATE_DIRECTORY"),
        (_LOG, settings.log_path, "EMISSIONS_LOG_PATH"),
    ):
        if named is None:
            if what == _LOG and seal.wanted(settings):
                why = f"the disk of the {what} is not seen from here: {variable} is not set"
                found.append(PartCheck(PART, "RISK", why, "run doctor where the seal worker runs"))
            continue
        try:
            usage = shutil.disk_usage(Path(named))
        except OSError as error:
            why = f"the directory of the {what}, {named}: {error.strerror or error}"
            remedy = f"run doctor where the worker runs, or correct {variable}"
            found.append(PartCheck(PART, "RISK", why, remedy))
            continue
        remedy = f"free some, or set {variable} to another disk"
        found.append(
            judged(Room(f"{what} ({named})", usage.total, usage.free, remedy), STATE_BYTES)
        )
    return found


def judged(room: Room, least: int = _MERGE_BYTES) -> PartCheck:
    """Judge the room of a disk; ``least`` bytes must be free whatever its size."""
    share = room.free / room.total if room.total else 0.0
    seen = f"{room.what}: {_size(room.free)} of {_size(room.total)} free"
    state: PartState = "ok"
    if room.free < least or share < _FULL_SHARE:
        state = "MISSING"
    elif room.free < 2 * least or share < _LOW_SHARE:
        state = "RISK"
    return PartCheck(PART, state, seen, "" if state == "ok" else room.remedy)


def of_clickhouse(rows: Iterator[tuple[str, int, int]]) -> list[PartCheck]:
    """Judge the disks that ClickHouse tells: name, total bytes, free bytes."""
    remedy = "free some or add a disk: without room ClickHouse merges and inserts nothing"
    return [
        judged(Room(f"ClickHouse ({name})", total, free, remedy))
        for name, total, free in rows
        if 0 < total < 2**60  # storage of objects tells no size
    ]


def _size(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count < 1024 * GIB else f"{count / GIB / 1024:.1f} TiB"
