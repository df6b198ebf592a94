"""Read Avro container files of ``EmissionReading``, written with any version of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from emissions.input.avro_container import (
    MAGIC,
    Container,
    ContainerBlock,
    ContainerError,
    schema_name,
)
from emissions.input.reading_row import ReadingRow, row_error
from schemas.body_check import BodyCheck
from schemas.definitions import Definition, current, define_reading, same_on_the_wire
from schemas.errors import Undecodable
from schemas.reading import Reading

__all__ = ["MAGIC", "read_avro"]


def read_avro(path: Path) -> Iterator[ReadingRow]:
    """Yield the readings of a container file in order; ``row`` counts them from 1.

    The schema in the file is resolved to the current one by its base types, as a message's is.
    Arrival times are unknown. Raises InputError where the schemas do not match, and for a block
    that is damaged or unpacks to an absurd size.
    """
    row = 0
    with path.open("rb") as file:
        try:
            container = Container(file)
            writer = _writer(container.schema)
            check = _check(writer)
            for block in container.blocks():
                for record in _records(block, writer, check):
                    row += 1
                    yield ReadingRow(row, _reading(record), None)
        except (ContainerError, Undecodable) as error:
            raise row_error(
                path, row + 1, None, f"cannot read an EmissionReading: {error}"
            ) from None


def _writer(schema: str) -> Definition:
    try:
        found = define_reading(schema)
    except ValueError as error:
        raise ContainerError(f"its schema is unusable: {error}") from None
    if found is None:
        raise ContainerError(f"its records are {schema_name(schema)}")
    return found


def _check(writer: Definition) -> BodyCheck | None:
    ours = current()[writer.name]
    return None if same_on_the_wire(writer, ours) else BodyCheck(writer.parsed)


def _records(
    block: ContainerBlock, writer: Definition, check: BodyCheck | None
) -> Iterator[dict[str, Any]]:
    reader, body = current()[writer.name].parsed, BytesIO(block.data)
    for _ in range(block.records):
        if check is not None:
            check.end_of(block.data, body.tell())
        try:
            record = fastavro.schemaless_reader(body, writer.parsed, reader)
        except Exception as error:  # fastavro raises whatever the damaged bytes lead to
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ContainerError(why[:300]) from None
        yield dict(record)
    if body.tell() != len(block.data):
        raise ContainerError(
            f"{len(block.data) - body.tell()} bytes follow the last record of a block"
        )


def _reading(record: dict[str, Any]) -> Reading:
    return Reading(**record)
