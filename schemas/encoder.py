r"""Avro's binary encoding: written out as Python source from a schema once, and compiled.

A walk over the schema for each value, even a compiled one as fastavro's, takes many times as long
as the straight line of expressions that a record comes to. Each record of a schema becomes one
function, which takes the fields of a dict, of a struct or (inside another record) of a tuple, and
joins their pieces. `encoder_source` shows them; a record Span of a text, a long and a nullable
double with a default is

    def _write_Span(_it):
        if isinstance(_it, dict):
            name = _it['name']
            start = _it['start']
            value = _it.get('value', None)
        else:
            name = _it.name
            start = _it.start
            value = _it.value
        try:
            return _join((
                _prefix,
                _text[name],
                _integer[start],
                (b"\0" if value is None else _present_double(2, value)),
            ))
        except _StructError as error:
            raise TypeError(f"no double: {error}") from error

Covers what the schemas of this package use: records, enums, arrays, maps, nullable unions and the
primitive types but float and fixed; no record that holds its own kind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from keyword import iskeyword
from typing import Any, cast

from schemas.pieces import Integers, Texts, pack_double, pack_present_double, sized, varint

_PRIMITIVES = {  # type -> template of an expression, with {0} for the variable of the value
    "string": "_text[{0}]",
    "bytes": "_bytes({0})",
    "int": "_integer[{0}]",
    "long": "_integer[{0}]",
    "double": "_double({0})",
    "boolean": "_boolean[{0}]",
    "null": "_null[{0}]",
}
_PIECES: dict[str, Any] = {
    "_join": b"".join,
    "_text": Texts(),
    "_bytes": sized,
    "_integer": Integers(),
    "_double": pack_double,
    "_present_double": pack_present_double,
    "_boolean": {False: b"\0", True: b"\1"},
    "_null": {None: b""},
    "_StructError": struct.error,
}
_CALLED = ("dict", "isinstance", "len", "tuple")  # no field may hide them


def compile_encoder(schema: Any, prefix: bytes = b"") -> Callable[[Any], bytes]:
    """A function that encodes one value of a parsed record schema as an Avro body after a prefix.

    The value is a dict, in which a field with a default may be absent, or an object that has the
    fields as attributes; values inside it may also be tuples of the fields in their order. The
    function raises KeyError, TypeError, ValueError or AttributeError for a value that does not
    fit. Raises ValueError for a schema that is not covered.
    """
    source = _Source(schema)
    names = {**_PIECES, **source.tables, "_prefix": prefix}
    # The source is of our own making: all it takes from a schema are identifiers and the repr of
    # defaults, and the schemas are files of this package, never input.
    exec(compile(source.text, f"<encoder of {source.main}>", "exec"), names)  # noqa: S102
    return cast(Callable[[Any], bytes], names[source.main])


def encoder_source(schema: Any) -> str:
    """The source that `compile_encoder` compiles, for people to read."""
    return _Source(schema).text


class _Source:
    """The functions that write a schema's records, and the tables they look into."""

    def __init__(self, schema: Any) -> None:
        self._functions: list[str] = []
        self._templates = dict(_PRIMITIVES)
        self._names: set[str] = set()
        self.tables: dict[str, dict[str, bytes]] = {}
        if not isinstance(schema, dict) or schema["type"] != "record":
            raise ValueError("only a record is written by itself")
        self.main = self._record(schema, main=True).partition("(")[0]
        self.text = "\n\n".join(self._functions)

    def _template(self, schema: Any) -> str:
        if isinstance(schema, list):
            return self._nullable(schema)
        if isinstance(schema, str):
            if schema not in self._templates:
                raise ValueError(f"type {schema} is not written")
            return self._templates[schema]
        kind = schema["type"]
        if kind == "record":
            return self._record(schema)
        if kind == "enum":
            return self._enum(schema)
        if kind == "array":
            item = self._template(schema["items"]).format("item")
            return self._blocks(f"{item} for item in _it")
        if kind == "map":
            item = self._template(schema["values"]).format("item")
            return self._blocks(f"_text[key] + {item} for key, item in _it.items()")
        return self._template(kind)

    def _nullable(self, branches: list[Any]) -> str:
        if len(branches) != 2 or branches[0] != "null":
            raise ValueError(f"only nullable unions are written, not {branches}")
        if branches[1] == "double":
            present = "_present_double(2, {0})"
        else:
            present = rf'b"\2" + {self._template(branches[1])}'
        return rf'(b"\0" if {{0}} is None else {present})'

    def _enum(self, schema: dict[str, Any]) -> str:
        table = self._name("symbol", schema)
        self.tables[table] = {name: varint(at) for at, name in enumerate(schema["symbols"])}
        self._templates[schema["name"]] = template = f"{table}[{{0}}]"
        return template

    def _blocks(self, items: str) -> str:
        """Of an array or a map: all items are one block, and an empty block ends it."""
        name = f"_blocks_{len(self._functions)}"
        self._functions.append(
            f"def {name}(_it):\n"
            rf'    return _join((_integer[len(_it)], *[{items}], b"\0"))'
            "\n"
        )
        return rf'({name}({{0}}) if len({{0}}) else b"\0")'

    def _record(self, schema: dict[str, Any], *, main: bool = False) -> str:
        name = self._name("write", schema)
        fields = [(_variable(field["name"]), field) for field in schema["fields"]]
        if not fields:
            raise ValueError(f"record {schema['name']} has no fields")
        variables = [variable for variable, _ in fields]
        pieces = [self._template(field["type"]).format(variable) for variable, field in fields]
        lines = [
            f"def {name}(_it):",
            "    if isinstance(_it, dict):",
            *(f"        {variable} = {_item(field)}" for variable, field in fields),
            "    else:",
            *(f"        {variable} = {_attribute(field['name'])}" for variable, field in fields),
        ]
        if main:
            lines += [
                "    try:",
                "        return _join((",
                *(f"            {piece}," for piece in ["_prefix", *pieces]),
                "        ))",
                "    except _StructError as error:",
                '        raise TypeError(f"no double: {error}") from error',
            ]
        else:
            at = 2 + len(fields)
            lines[at:at] = [
                "    elif isinstance(_it, tuple):",
                f"        ({', '.join(variables)},) = _it",
            ]
            lines += [
                "    return _join((",
                *(f"        {piece}," for piece in pieces),
                "    ))",
            ]
        self._functions.append("\n".join(lines) + "\n")
        self._templates[schema["name"]] = template = f"{name}({{0}})"
        return template

    def _name(self, what: str, schema: dict[str, Any]) -> str:
        """The global name that belongs to a named type; those of fields begin differently."""
        name = f"_{what}_{schema['name'].rpartition('.')[2]}"
        if name in self._names or not name.isidentifier():
            raise ValueError(f"type {schema['name']} needs a name of its own")
        self._names.add(name)
        return name


def _variable(field: str) -> str:
    if not field.isidentifier() or field.startswith("_"):
        raise ValueError(f"field {field} has no usable name")
    return f"{field}_" if iskeyword(field) or field in _CALLED else field


def _item(field: dict[str, Any]) -> str:
    """Takes a field out of a dict; the repr of a default, which is JSON, is its expression."""
    if "default" in field:
        return f"_it.get({field['name']!r}, {field['default']!r})"
    return f"_it[{field['name']!r}]"


def _attribute(field: str) -> str:
    return f"getattr(_it, {field!r})" if iskeyword(field) else f"_it.{field}"
