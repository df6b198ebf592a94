"""Avro's schema resolution as a question: can this reader read whatever that writer wrote?"""

from __future__ import annotations

from typing import Any

PROMOTIONS = {
    "int": {"int", "long", "float", "double"},
    "long": {"long", "float", "double"},
    "float": {"float", "double"},
    "string": {"string", "bytes"},
    "bytes": {"bytes", "string"},
}


def incompatibilities(reader: Any, writer: Any) -> list[str]:
    """What of the writer's schema the reader's cannot take, one sentence each."""
    return _compare(reader, writer, "", ({}, {}))


def _compare(
    reader: Any, writer: Any, path: str, named: tuple[dict[str, Any], dict[str, Any]]
) -> list[str]:
    reader, writer = _resolve(reader, named[0]), _resolve(writer, named[1])
    if isinstance(writer, list):  # whichever branch was written must be readable
        return [p for branch in writer for p in _compare(reader, branch, path, named)]
    if isinstance(reader, list):
        attempts = [_compare(branch, writer, path, named) for branch in reader]
        return min(attempts, key=len)
    kind, written = _kind(reader), _kind(writer)
    if written not in ("record", "enum", "array", "map") or kind != written:
        fits = kind in PROMOTIONS.get(written, {written})
        return [] if fits else [f"{path}: {written} cannot be read as {kind}"]
    if written == "array":
        return _compare(reader["items"], writer["items"], f"{path}[]", named)
    if written == "map":
        return _compare(reader["values"], writer["values"], f"{path}{{}}", named)
    if reader["name"].rpartition(".")[2] != writer["name"].rpartition(".")[2]:
        return [f"{path}: {writer['name']} is not {reader['name']}"]
    if written == "enum":
        lost = set(writer["symbols"]) - set(reader["symbols"])
        return [] if not lost or "default" in reader else [f"{path}: {sorted(lost)} are gone"]
    problems = []
    fields = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        here = f"{path}.{field['name']}"
        if field["name"] in fields:
            problems += _compare(field["type"], fields[field["name"]]["type"], here, named)
        elif "default" not in field:
            problems.append(f"{here}: is new and has no default")
    return problems


def _resolve(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, dict) and schema.get("type") in ("record", "enum"):
        named[schema["name"]] = schema
    return named.get(schema, schema) if isinstance(schema, str) else schema


def _kind(schema: Any) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)
