"""Schemas that a registry comes to know later, and other versions of the reading."""

from __future__ import annotations

from schemas.definitions import Definition, define
from schemas.errors import SchemaRegistryError
from schemas.ids import FileIds


class GrowingIds(FileIds):
    """The fixed ids, and others that turn up later."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False

    def add(self, number: int, definition: Definition | None) -> None:
        """Make a schema known under an id."""
        assert definition is not None
        self._schemas[number] = definition

    def schema_of(self, number: int) -> Definition | None:
        """As of any registry; raises SchemaRegistryError while ``fails``."""
        if self.fails:
            raise SchemaRegistryError("the schema registry does not answer")
        return super().schema_of(number)


def version(*fields: str) -> Definition | None:
    """A reading with these fields, each as JSON."""
    return define(
        '{"type": "record", "name": "EmissionReading", "namespace": "kz.emissions", "fields": ['
        + ", ".join(fields)
        + "]}"
    )


def older() -> Definition | None:
    """A version with another field between ours, a shorter moment and single-precision values."""
    return version(
        '{"name": "source_id", "type": "string"}',
        '{"name": "colour", "type": "string"}',
        '{"name": "measured_at", "type": "int"}',
        '{"name": "period_s", "type": "int"}',
        '{"name": "values", "type": {"type": "map", "values": "float"}}',
    )
