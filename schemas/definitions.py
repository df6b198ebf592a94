"""Load the record schemas of this package: ``*.avsc``, one record per file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import fastavro
from fastavro.schema import to_parsing_canonical_form

from schemas.base_types import SchemaReduction

NAMESPACE = "kz.emissions"
MAX_SCHEMA_CHARACTERS: Final = 1 << 20
"""Maximum length of a schema; the longest of this package has some 20,000 characters."""

_NO_TIMES: Final = ("offset", "first_offset", "last_offset", "fine_kzt", "amount_kzt")
"""Long fields that are no times; all others are milliseconds UTC."""


class Definition(NamedTuple):
    """A record schema: short name, JSON text, and the form that fastavro parsed.

    ``parsed`` has base types only. ``converts``: a time is written in another unit than
    milliseconds, which the parsed form converts.
    """

    name: str
    text: str
    parsed: dict[str, Any]
    converts: bool = False

    @property
    def full_name(self) -> str:
        """Name with its namespace."""
        return f"{NAMESPACE}.{self.name}"


def define(text: str, references: Sequence[str] = ()) -> Definition | None:
    """Parse a writer's schema; return None if it is no record of this pipeline's namespace.

    ``references`` are the schemas of the types it names, each after those it depends on. Raises
    ValueError for a text that is no usable Avro schema.
    """
    parsed, converts = _parsed(text, references, SchemaReduction(_times))
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        return None
    namespace, _, name = parsed["name"].rpartition(".")
    return Definition(name, text, parsed, converts) if namespace == NAMESPACE else None


def define_reading(text: str) -> Definition | None:
    """Parse the schema of a file; return None if it is no record with the reading's name.

    The namespace is ignored: only the name says what a file holds. Raises ValueError as `define`.
    """
    name = "EmissionReading"
    parsed, converts = _parsed(
        text, (), SchemaReduction(lambda full: time_fields(full.rpartition(".")[2]))
    )
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        return None
    found = parsed["name"].rpartition(".")[2]
    return Definition(name, text, parsed, converts) if found == name else None


def _parsed(text: str, references: Sequence[str], reduction: SchemaReduction) -> tuple[Any, bool]:
    named: dict[str, Any] = {}
    try:
        for each in references:
            fastavro.parse_schema(reduction.of(_json(each)), named)
        parsed = fastavro.parse_schema(reduction.of(_json(text)), named)
    except Exception as error:  # fastavro raises what the text leads it to
        raise ValueError(f"no Avro schema ({type(error).__name__}: {error})") from None
    return parsed, reduction.converts


def _json(text: str) -> Any:
    if len(text) > MAX_SCHEMA_CHARACTERS:
        raise ValueError(f"a schema of more than {MAX_SCHEMA_CHARACTERS} characters")
    return json.loads(text)


@cache
def packaged(file: str) -> Definition:
    """Parse the schema in a file of this package, once."""
    text = files(__package__).joinpath(file).read_text("utf-8")
    parsed = fastavro.parse_schema(json.loads(text))
    namespace, _, name = parsed["name"].rpartition(".")
    if parsed["type"] != "record" or namespace != NAMESPACE:
        raise ValueError(f"schemas/{file} holds no record of {NAMESPACE}")
    return Definition(name, text, parsed)


@cache
def packaged_ids() -> dict[int, str]:
    """Return the fixed ids with their file names; of several versions the highest id is current."""
    table = json.loads(files(__package__).joinpath("ids.json").read_text("utf-8"))
    return {int(number): file for number, file in table.items()}


@cache
def current() -> dict[str, Definition]:
    """Return the current schemas by record name: those that are written and read."""
    return {
        definition.name: definition
        for definition in (packaged(file) for _, file in sorted(packaged_ids().items()))
    }


def same_on_the_wire(one: Definition, other: Definition) -> bool:
    """Tell whether two schemas write the same bytes: whether their canonical forms are equal."""
    if one.converts or other.converts:
        return False
    return bool(to_parsing_canonical_form(one.parsed) == to_parsing_canonical_form(other.parsed))


def time_fields(name: str) -> frozenset[str]:
    """Return the names of a record's time fields, given its short name."""
    found = current().get(name)
    return frozenset(
        field["name"]
        for field in (found.parsed["fields"] if found else ())
        if field["type"] in ("long", ["null", "long"]) and field["name"] not in _NO_TIMES
    )


def _times(full_name: str) -> Collection[str]:
    namespace, _, name = full_name.rpartition(".")
    return time_fields(name) if namespace == NAMESPACE else ()
