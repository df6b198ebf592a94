"""What is written where: for each table its columns and how entries become them.

Columns, not row objects, and times as integer milliseconds: the driver's fast path.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sinks import columns
from sinks.batch import Batch, Entry
from sinks.native import NativeBlock
from sinks.readings import reading_rows

Columns = list[list[Any]]

_EMPTY_TEXTS: Final = ("source_id", "parameter", "unit", "device_serial", "verification")
"""Texts of a violation that are empty where the record has null."""


@dataclass(frozen=True)
class Table:
    """A table, its columns with their types, and the builder of the values in that order.

    It gives columns for the driver, or a block for the server itself; None for no rows at all.
    """

    name: str
    columns: dict[str, str]
    build: Callable[[Batch], Columns | NativeBlock | None]


def _fields(entries: Sequence[Entry], names: Sequence[str]) -> Columns:
    return [[entry.record[name] for entry in entries] for name in names]


def _text(entries: Sequence[Entry], name: str) -> list[str]:
    return [entry.record[name] or "" for entry in entries]


def _ids(entries: Sequence[Entry]) -> list[uuid.UUID]:
    return [uuid.UUID(entry.record["id"]) for entry in entries]


def _means(batch: Batch) -> Columns:
    versions = [2 * entry.record["revision"] + entry.record["final"] for entry in batch.entries]
    return [*_fields(batch.entries, list(columns.MEANS)[:-1]), versions]


def _gaps(batch: Batch) -> Columns:
    entries = batch.entries
    revision, status, source, start, end, detected = _fields(
        entries, ("revision", "status", "source_id", "start", "end", "detected_at")
    )
    parameter = _text(entries, "parameter")
    return [_ids(entries), revision, status, source, parameter, start, end, detected, revision]


def _violations(batch: Batch) -> Columns:
    entries = batch.entries
    made: Columns = []
    for name in columns.VIOLATIONS:
        group, _, part = name.partition(".")
        if name == "id":
            made.append(_ids(entries))
        elif name == "version":
            made += _fields(entries, ("revision",))
        elif group == "legal_basis":
            made.append([[item[part] or "" for item in e.record[group]] for e in entries])
        elif part:
            made.append([[item[part] for item in e.record[group]] for e in entries])
        elif name in _EMPTY_TEXTS:
            made.append(_text(entries, name))
        else:
            made += _fields(entries, (name,))
    return made


def _dead_letters(batch: Batch) -> Columns:
    """Entries hold records of the dead-letters topic, or what the sink itself refused."""
    entries = batch.entries
    versions = [0 if entry.record["stage"] == "sink" else 1 for entry in entries]
    headers = [
        [(header["name"], header["value"]) for header in entry.record["headers"]]
        for entry in entries
    ]
    measured = [entry.record.get("measured_at") for entry in entries]
    made = _fields(entries, list(columns.DEAD_LETTERS)[:-3])
    made[3] = _text(entries, "source_id")
    return [*made, headers, measured, versions]


def _registry(batch: Batch) -> Columns:
    """Entries hold ``{"enterprise": {...}, "sources": [{...}]}`` of `sinks.decode`."""
    rows = [
        [*source.values(), entry.offset + 1]
        for entry in batch.entries
        for source in entry.record["sources"]
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _enterprises(batch: Batch) -> Columns:
    rows = [
        [*entry.record["enterprise"].values(), entry.timestamp, entry.offset + 1]
        for entry in batch.entries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


READINGS: Final = Table("readings", columns.READINGS, reading_rows)
MEANS: Final = Table("means", columns.MEANS, _means)
GAPS: Final = Table("gaps", columns.GAPS, _gaps)
VIOLATIONS: Final = Table("violations", columns.VIOLATIONS, _violations)
DEAD_LETTERS: Final = Table("dead_letters", columns.DEAD_LETTERS, _dead_letters)
REGISTRY: Final = Table("registry", columns.REGISTRY, _registry)
ENTERPRISES: Final = Table("enterprises", columns.ENTERPRISES, _enterprises)
TABLES: Final = (READINGS, MEANS, GAPS, VIOLATIONS, DEAD_LETTERS, REGISTRY, ENTERPRISES)
