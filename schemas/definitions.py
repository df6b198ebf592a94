"""The record schemas as they lie in this package: ``*.avsc``, one record a file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import fastavro
from fastavro.schema import to_parsing_canonical_form

NAMESPACE = "kz.emissions"


class Definition(NamedTuple):
    """A record schema: its short name, its text as JSON, and the parsed form of fastavro."""

    name: str
    text: str
    parsed: dict[str, Any]

    @property
    def full_name(self) -> str:
        """Name with the namespace."""
        return f"{NAMESPACE}.{self.name}"


def define(text: str) -> Definition | None:
    """Parse the text of a schema; None where it is no record of this pipeline's namespace.

    Raises ValueError (fastavro's parse errors among them) where the text is no Avro schema.
    """
    parsed = fastavro.parse_schema(json.loads(text))
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        return None
    namespace, _, name = parsed["name"].rpartition(".")
    return Definition(name, text, parsed) if namespace == NAMESPACE else None


@cache
def packaged(file: str) -> Definition:
    """The schema in a file of this package, parsed once."""
    found = define(files(__package__).joinpath(file).read_text("utf-8"))
    if found is None:
        raise ValueError(f"schemas/{file} holds no record of {NAMESPACE}")
    return found


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
    """True where both schemas write the same bytes: equal in Avro's parsing canonical form."""
    return bool(to_parsing_canonical_form(one.parsed) == to_parsing_canonical_form(other.parsed))
