"""Define the tables: their columns, and how entries become column values.

Values are columns rather than row objects, and times integer milliseconds: the driver's fast path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sinks import columns
from sinks.batch import Batch
from sinks.native import NativeBlock
from sinks.readings.messages import message_rows
from sinks.readings.rows import reading_rows
from sinks.record_columns import TIME, RecordColumn, record_columns

ColumnValues = list[list[Any]]


@dataclass(frozen=True)
class Table:
    """A table, its columns with their types, and the builder of their values in that order.

    ``build`` returns column values for the driver, a native block, or None for no rows.
    """

    name: str
    columns: dict[str, str]
    build: Callable[[Batch], ColumnValues | NativeBlock | None]


def _record_table(name: str, columns: Sequence[RecordColumn]) -> Table:
    def build(batch: Batch) -> ColumnValues:
        records = [entry.record for entry in batch.entries]
        return [column.values(records) for column in columns]

    return Table(name, {column.name: column.type for column in columns}, build)


def _version(of: Callable[[dict[str, Any]], int], meaning: str) -> RecordColumn:
    """Build the version column: of several rows with one key, the greatest version wins."""
    return RecordColumn(
        "version", "UInt64", lambda records: [of(record) for record in records], meaning
    )


def _dead_letter_columns() -> list[RecordColumn]:
    """Build the columns of dead letters, from the topic or rejected by ClickHouse itself."""
    of_record = [
        column for column in record_columns("DeadLetter") if not column.name.startswith("headers.")
    ]
    headers = RecordColumn(
        "headers",
        "Array(Tuple(name String, value String))",
        lambda records: [
            [(header["name"], header["value"]) for header in record["headers"]]
            for record in records
        ],
        "Headers of the original",
    )
    measured_at = RecordColumn(
        "measured_at",
        f"Nullable({TIME})",
        lambda records: [record.get("measured_at") for record in records],
        "Start of the interval of its reading; null: not known",
    )
    version = _version(
        lambda record: 0 if record["stage"] == "sink" else 1, "The record of the topic wins"
    )
    return [*of_record, headers, measured_at, version]


def _registry(batch: Batch) -> ColumnValues:
    """Build the rows of sources from the entries of `sinks.decode`."""
    rows = [
        [*source.values(), entry.offset + 1]
        for entry in batch.entries
        for source in entry.record["sources"]
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _enterprises(batch: Batch) -> ColumnValues:
    rows = [
        [*entry.record["enterprise"].values(), entry.timestamp, entry.offset + 1]
        for entry in batch.entries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _registrations(batch: Batch) -> ColumnValues:
    """Build the rows of registrations as they came."""
    rows = [
        [
            entry.record["enterprise"]["bin"],
            batch.topic,
            batch.partition,
            entry.offset,
            entry.timestamp,
            entry.value,
            entry.offset,
        ]
        for entry in batch.entries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _measures(batch: Batch) -> ColumnValues:
    """Build the rows of measures, each with the place and the time of its arrival."""
    records = [entry.record for entry in batch.entries]
    offsets = [entry.offset for entry in batch.entries]
    return [
        *(column.values(records) for column in MEASURE_FIELDS),
        [batch.topic] * len(records),
        [batch.partition] * len(records),
        offsets,
        [entry.timestamp for entry in batch.entries],
        offsets,
    ]


_REVISION: Final = _version(lambda record: int(record["revision"]), "The last revision wins")
_MEAN_VERSION: Final = _version(
    lambda record: 2 * int(record["revision"]) + bool(record["final"]),
    "2 * revision + final: the last revision wins",
)

READINGS: Final = Table("readings", columns.READINGS, reading_rows)
RAW_MESSAGES: Final = Table("raw_messages", columns.RAW_MESSAGES, message_rows)
MEANS: Final = _record_table("means", [*record_columns("WindowMean"), _MEAN_VERSION])
GAPS: Final = _record_table("gaps", [*record_columns("DataGap"), _REVISION])
VIOLATIONS: Final = _record_table("violations", [*record_columns("Violation"), _REVISION])
FINDINGS: Final = _record_table("findings", [*record_columns("Finding"), _REVISION])
NOTICES: Final = _record_table("notices", [*record_columns("NoticeVerdict"), _REVISION])
CASES: Final = _record_table("cases", [*record_columns("AdministrativeCase"), _REVISION])
ROOTS: Final = _record_table("roots", [*record_columns("SourceDayRoot"), _REVISION])
MEASURE_FIELDS: Final = record_columns("Measure")
MEASURES: Final = Table(
    "measures",
    {column.name: column.type for column in MEASURE_FIELDS} | columns.ARRIVAL,
    _measures,
)
DEAD_LETTERS: Final = _record_table("dead_letters", _dead_letter_columns())
REGISTRY: Final = Table("registry", columns.REGISTRY, _registry)
ENTERPRISES: Final = Table("enterprises", columns.ENTERPRISES, _enterprises)
REGISTRATIONS: Final = Table("registrations", columns.REGISTRATIONS, _registrations)
TABLES: Final = (
    READINGS, RAW_MESSAGES, MEANS, GAPS, VIOLATIONS, FINDINGS, NOTICES, CASES, ROOTS, MEASURES,
    DEAD_LETTERS, REGISTRATIONS, REGISTRY, ENTERPRISES,
)  # fmt: skip
