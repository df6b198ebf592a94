"""Avro container files of ``EmissionReading``, whatever version of the schema wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from schemas.body_check import BodyCheck
from schemas.definitions import Definition, current, define_reading, same_on_the_wire
from schemas.errors import Undecodable
from streams.core.reading import Reading
from streams.input.avro_container import MAGIC, Block, Container, ContainerError, schema_name
from streams.input.reading_row import ReadingRow, row_error

__all__ = ["MAGIC", "read_avro"]


def read_avro(path: Path) -> Iterator[ReadingRow]:
    """The readings of a container file in the order of its records; ``row`` counts them from 1.

    The schema in the file is resolved to today's by its base types, as a message's is. Nothing is
    known of arrivals. Raises InputError where the schemas do not fit together, a block is damaged
    or unpacks to what no file of readings does.
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
                path, row + 1, None, f"no EmissionReading can be read: {error}"
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


def _records(block: Block, writer: Definition, check: BodyCheck | None) -> Iterator[dict[str, Any]]:
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
        raise ContainerError(f"{len(block.data) - body.tell()} bytes follow the last of a block")


def _reading(record: dict[str, Any]) -> Reading:
    return Reading(**record)
