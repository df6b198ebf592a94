"""The record schemas as they lie in this package: ``*.avsc``, one record a file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import fastavro
from fastavro.schema import to_parsing_canonical_form

from schemas.base_types import Reduction

NAMESPACE = "kz.emissions"
LONGEST: Final = 1 << 20
"""Characters of a schema at most; the longest of this package has some 20,000."""

_NO_TIMES: Final = ("offset", "first_offset", "last_offset")
"""Long fields of the records that are no times; the others are milliseconds UTC."""


class Definition(NamedTuple):
    """A record schema: its short name, its text as JSON, and the parsed form of fastavro.

    ``parsed`` is of base types alone. ``converts`` where a time is written in another unit than
    milliseconds, which the parsed form converts.
    """

    name: str
    text: str
    parsed: dict[str, Any]
    converts: bool = False

    @property
    def full_name(self) -> str:
        """Name with the namespace."""
        return f"{NAMESPACE}.{self.name}"


def define(text: str, references: Sequence[str] = ()) -> Definition | None:
    """Read a writer's schema; None where it is no record of this pipeline's namespace.

    ``references`` are the schemas whose types it names, each after those that it needs itself.
    Raises ValueError where a text is no Avro schema, or none that can be used.
    """
    parsed, converts = _parsed(text, references, Reduction(_times))
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        return None
    namespace, _, name = parsed["name"].rpartition(".")
    return Definition(name, text, parsed, converts) if namespace == NAMESPACE else None


def define_reading(text: str) -> Definition | None:
    """Read the schema of a file; None where it is no record of the reading's name.

    Its namespace is not looked at: nothing but the name says what a file holds. Raises ValueError
    as `define`.
    """
    name = "EmissionReading"
    parsed, converts = _parsed(
        text, (), Reduction(lambda full: time_fields(full.rpartition(".")[2]))
    )
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        return None
    found = parsed["name"].rpartition(".")[2]
    return Definition(name, text, parsed, converts) if found == name else None


def _parsed(text: str, references: Sequence[str], reduction: Reduction) -> tuple[Any, bool]:
    named: dict[str, Any] = {}
    try:
        for each in references:
            fastavro.parse_schema(reduction.of(_json(each)), named)
        parsed = fastavro.parse_schema(reduction.of(_json(text)), named)
    except Exception as error:  # fastavro raises what the text leads it to
        raise ValueError(f"no Avro schema ({type(error).__name__}: {error})") from None
    return parsed, reduction.converts


def _json(text: str) -> Any:
    if len(text) > LONGEST:
        raise ValueError(f"a schema of more than {LONGEST} characters")
    return json.loads(text)


@cache
def packaged(file: str) -> Definition:
    """The schema in a file of this package, parsed once."""
    text = files(__package__).joinpath(file).read_text("utf-8")
    parsed = fastavro.parse_schema(json.loads(text))
    namespace, _, name = parsed["name"].rpartition(".")
    if parsed["type"] != "record" or namespace != NAMESPACE:
        raise ValueError(f"schemas/{file} holds no record of {NAMESPACE}")
    return Definition(name, text, parsed)


@cache
def packaged_ids() -> dict[int, str]:
    """Fixed id to file name; of several versions of one record the highest id is current."""
    table = json.loads(files(__package__).joinpath("ids.json").read_text("utf-8"))
    return {int(number): file for number, file in table.items()}


@cache
def current() -> dict[str, Definition]:
    """Record name to its current schema, the one that is written and read."""
    return {
        definition.name: definition
        for definition in (packaged(file) for _, file in sorted(packaged_ids().items()))
    }


def same_on_the_wire(one: Definition, other: Definition) -> bool:
    """True where both schemas write the same bytes for the same: equal in canonical form."""
    if one.converts or other.converts:
        return False
    return bool(to_parsing_canonical_form(one.parsed) == to_parsing_canonical_form(other.parsed))


def time_fields(name: str) -> frozenset[str]:
    """The fields of a record that are times, by its short name."""
    found = current().get(name)
    return frozenset(
        field["name"]
        for field in (found.parsed["fields"] if found else ())
        if field["type"] in ("long", ["null", "long"]) and field["name"] not in _NO_TIMES
    )


def _times(full_name: str) -> Collection[str]:
    namespace, _, name = full_name.rpartition(".")
    return time_fields(name) if namespace == NAMESPACE else ()
