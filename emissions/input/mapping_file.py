"""Read a mapping file: YAML, keys, types; ``mapping_checks`` checks the rest."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from emissions.input.mapping import CsvMapping
from emissions.input.mapping_checks import check_mapping
from emissions.input.reading_row import InputError, quoted
from streams.registry import yaml_tree
from streams.registry.errors import Problem
from streams.registry.yaml_tree import Node, Scalar, Sequence

_WIDTH = 79


def load_mapping(path: Path, parameters: Collection[str]) -> CsvMapping:
    """Load and check a mapping; ``parameters`` are those of the registry's channels.

    Raises InputError: one sentence with the file and the place in it.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    try:
        root = yaml_tree.parse(text)
        _refuse_unknown(root, inspect.type_info(CsvMapping), "$")
        mapping = msgspec.convert(_plain(root, {}), CsvMapping, strict=False)
        check_mapping(mapping, parameters)
    except ValueError as error:  # Problem and msgspec's errors are ValueErrors
        raise InputError(f"{path}: {error}") from None
    return mapping


def _plain(node: Node, made: dict[int, Any]) -> Any:
    """Convert nodes to texts, lists and mappings; the field decides what a text means."""
    if id(node) in made:  # an alias
        return made[id(node)]
    result: Any
    if isinstance(node, Scalar):
        result = node.text
    elif isinstance(node, Sequence):
        result = [_plain(item, made) for item in node.items]
    else:
        result = {name: _plain(item, made) for name, item in node.items.items()}
    made[id(node)] = result
    return result


def _refuse_unknown(node: Node, kind: inspect.Type, path: str) -> None:
    """Raise Problem for an unknown key, with the nearest known one, and for wrong types."""
    if isinstance(kind, inspect.UnionType):
        kinds = [_bare(one) for one in kind.types]
        left_out = isinstance(node, Scalar) and node.text.lower() == "null"
        text = any(isinstance(one, inspect.StrType) for one in kinds)
        if left_out or (text and not isinstance(node, yaml_tree.Mapping)):
            return
        for one in kinds:
            _refuse_unknown(node, one, path)
        return
    _refuse_type(node, kind, path)
    if isinstance(kind, inspect.DictType) and isinstance(node, yaml_tree.Mapping):
        for name, item in node.items.items():
            _refuse_unknown(item, _bare(kind.value_type), f"{path}.{name}")
    elif isinstance(kind, inspect.StructType) and isinstance(node, yaml_tree.Mapping):
        known = {field.encode_name: field.type for field in kind.fields}
        for name, item in node.items.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean {near[0]}? " if near else ""
                raise Problem(
                    "",
                    f"line {item.line}: {path} has no key {quoted(name)} ({hint}there are "
                    f"{', '.join(known)})",
                )
            _refuse_unknown(item, _bare(known[name]), f"{path}.{name}")


def _refuse_type(node: Node, kind: inspect.Type, path: str) -> None:
    """Raise Problem where a number, list or mapping is needed; msgspec would name no line."""
    wanted = None
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        number: type = int if isinstance(kind, inspect.IntType) else float
        try:
            msgspec.convert(_plain(node, {}), number, strict=False)
        except msgspec.ValidationError:
            wanted = "a whole number" if number is int else "a number (with a decimal point)"
    elif isinstance(kind, inspect.StructType | inspect.DictType):
        if not isinstance(node, yaml_tree.Mapping):
            wanted = "a mapping (key: value)"
            if isinstance(kind, inspect.StructType):
                wanted += f" with {', '.join(field.encode_name for field in kind.fields)}"
    elif isinstance(kind, inspect.VarTupleType) and not isinstance(node, Sequence):
        wanted = "a list"
    if wanted is None:
        return
    found = "a mapping"
    if isinstance(node, Sequence):
        found = "a list"
    elif isinstance(node, Scalar):
        found = quoted(node.text) if node.text else "nothing"
    raise Problem("", f"line {node.line}: {path} must be {wanted}, but is {found}")


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def describe_keys() -> str:
    """Describe every key of a mapping, for a terminal."""
    kind = inspect.type_info(CsvMapping)
    assert isinstance(kind, inspect.StructType)  # noqa: S101  it is a struct
    head = "Keys of a mapping (YAML). * is required; indented keys are inside the key above.\n"
    return head + "\n".join(_described(kind, 0, set()))


def _described(kind: inspect.StructType, depth: int, seen: set[type]) -> Iterator[str]:
    for field in kind.fields:
        described = field.type
        text = ""
        if isinstance(described, inspect.Metadata):
            text = (described.extra_json_schema or {}).get("description", "")
            described = described.type
        name = f"{'  ' * depth}{field.encode_name}{'*' if field.required else ''}"
        yield textwrap.fill(text, _WIDTH, initial_indent=f"{name:<18} ", subsequent_indent=" " * 19)
        for part in _structs(described):
            if part.cls not in seen:
                seen.add(part.cls)
                yield from _described(part, depth + 1, seen)


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    if isinstance(kind, inspect.StructType):
        yield kind
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _structs(_bare(one))
    elif isinstance(kind, inspect.DictType):
        yield from _structs(_bare(kind.value_type))
