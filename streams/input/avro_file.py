"""Avro container files of ``EmissionReading``, whatever version of the schema wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import fastavro

from schemas.definitions import current
from streams.core.reading import Reading
from streams.input.cells import milliseconds
from streams.input.reading_row import InputError, ReadingRow, row_error

MAGIC = b"Obj\x01"


def read_avro(path: Path) -> Iterator[ReadingRow]:
    """The readings of a container file in the order of its records; ``row`` counts them from 1.

    The schema in the file is resolved to today's. Nothing is known of arrivals. Raises InputError
    where the schemas do not fit together or a block is damaged.
    """
    schema = current()["EmissionReading"].parsed
    row = 0
    with path.open("rb") as file:
        try:
            for row, record in enumerate(fastavro.reader(file, schema), start=1):
                yield ReadingRow(row, _reading(record), None)
        except InputError:
            raise
        except Exception as error:  # fastavro raises whatever the damaged bytes lead to
            why = f"no EmissionReading can be read ({type(error).__name__}: {error})"
            raise row_error(path, row + 1, None, why.splitlines()[0]) from None


def _reading(record: dict[str, Any]) -> Reading:
    measured_at = record["measured_at"]
    if isinstance(measured_at, datetime):
        measured_at = milliseconds(measured_at)
    return Reading(
        source_id=record["source_id"],
        measured_at=measured_at,
        period_s=record["period_s"],
        state=record["state"],
        device_serial=record["device_serial"],
        values=record["values"],
        flags=record["flags"],
    )
