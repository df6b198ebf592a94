"""From a YAML tree to a value, where the type of the field decides what a scalar means.

A text field takes a plain scalar as it was written (``parameter: NO``, ``serial: 00123``,
``valid_from: 2024-01-01``), a number field reads a number, a yes-or-no field also the words of
YAML 1.1. A null stands for the default where a field has one.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from streams.core.registry.enterprise import Conditions
from streams.registry.errors import Problem
from streams.registry.yaml_tree import Mapping, Node, Scalar, Sequence

T = TypeVar("T", bound=msgspec.Struct)

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"true", "yes", "on"})
FALSE = frozenset({"false", "no", "off"})

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)
_YAML = "tag:yaml.org,2002:"

_WORDS = {
    "str": "a text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_DEFAULT = object()


def build(node: Node, kind: type[T], document: str = "registry") -> T:
    """Build a struct from a tree; raise Problem with the path where it does not fit.

    ``document`` is what the struct is a part of, as a sentence names it.
    """
    return convert(_value(node, _type(kind), "", False), kind, document)


def convert(value: Any, kind: type[T], document: str = "registry") -> T:
    """Build a struct from builtin values; raise Problem with the path where they do not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at ")
        path = place.strip("`").removeprefix("$").removeprefix(".")
        raise Problem(path, _sentence(text, document)) from None


def line_of(root: Node, path: str) -> int:
    """Line of the innermost node that a path leads to."""
    node = root
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if isinstance(node, Mapping) and name in node.items:
            node = node.items[name]
        elif isinstance(node, Sequence) and index and int(index) < len(node.items):
            node = node.items[int(index)]
        else:
            break
    return node.line


@cache
def _type(kind: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def _value(node: Node, kind: inspect.Type | None, path: str, has_default: bool) -> Any:
    if isinstance(kind, inspect.UnionType):
        if _is_null(node):
            return None
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    elif has_default and _is_null(node):
        return _DEFAULT
    if isinstance(node, Scalar):
        if getattr(kind, "cls", None) is Conditions and node.text == "actual":
            return None
        return _scalar(node, kind, path)
    if isinstance(node, Sequence):
        return [
            _value(item, _item_type(kind, number), f"{path}[{number}]", False)
            for number, item in enumerate(node.items)
        ]
    fields = {}
    if isinstance(kind, inspect.StructType):
        fields = {field.encode_name: field for field in kind.fields}
    values = {}
    for name, item in node.items.items():
        field = fields.get(name)
        here = f"{path}.{name}" if path else name
        if field is None:
            found = _value(item, None, here, False)
        else:
            found = _value(item, field.type, here, not field.required)
        if found is not _DEFAULT:
            values[name] = found
    return values


def _item_type(kind: inspect.Type | None, number: int) -> inspect.Type | None:
    if isinstance(kind, inspect.VarTupleType):
        return kind.item_type
    if isinstance(kind, inspect.TupleType) and number < len(kind.item_types):
        return kind.item_types[number]
    return None


def _is_null(node: Node) -> bool:
    if not isinstance(node, Scalar):
        return False
    return node.tag == f"{_YAML}null" or (node.plain and node.tag is None and node.text in NULLS)


def _scalar(node: Scalar, kind: inspect.Type | None, path: str) -> Any:
    tag = (node.tag or "").removeprefix(_YAML)
    if tag not in ("", "!", "str", "int", "float", "bool"):
        raise Problem(path, f"the tag {node.tag} has no meaning here")
    if isinstance(kind, inspect.StrType) and (not _is_null(node) or not node.plain):
        return _text(node.text, path)
    if tag == "str" or not (node.plain or tag):
        return _text(node.text, path)
    if _is_null(node):
        return None
    if isinstance(kind, inspect.BoolType) and node.text.lower() in TRUE | FALSE:
        return node.text.lower() in TRUE
    if _INTEGER.fullmatch(node.text) and not isinstance(kind, inspect.FloatType):
        return _integer(node.text, path)
    if (
        _FLOAT.fullmatch(node.text)
        or _INTEGER.fullmatch(node.text)
        or _SPECIAL.fullmatch(node.text)
    ):
        return _number(node.text, path)
    if node.text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return node.text.lower() == "true"
    return _text(node.text, path)


def _text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Problem(
            path, "the text has half of a surrogate pair, which is no character"
        ) from None
    return text


def _integer(text: str, path: str) -> int:
    if len(text) > 20:
        raise Problem(path, "the number has more than 20 digits")
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def _number(text: str, path: str) -> float:
    if text[:2] in ("0x", "0o"):
        return float(_integer(text, path))
    number = math.inf if _SPECIAL.fullmatch(text) else float(text)
    if not math.isfinite(number):
        raise Problem(path, f"{text} is not a finite number")
    return number


def _sentence(text: str, document: str) -> str:
    """Rephrase a message of msgspec for somebody who writes YAML."""
    if found := re.fullmatch(r"Expected `(.+?)`(.*), got (.+)", text):
        wanted = " or ".join(_WORDS.get(one, one) for one in found[1].split(" | ") if one != "null")
        got = found[3].strip("`")
        return f"{wanted}{found[2]} is expected here, not {_WORDS.get(got, got)}"
    if found := re.fullmatch(r"Object missing required field `(.+)`", text):
        return f"{found[1]} is missing"
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", text):
        return f"{found[1]} is not a field that a {document} has"
    return text[:1].lower() + text[1:]
