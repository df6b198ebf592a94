r"""Compile Avro's binary encoding: generate Python source from a schema once, and compile it.

Walking the schema for each value, even in compiled code as fastavro does, takes many times as long
as one straight line of expressions. Each record of a schema becomes one function, which takes the
fields of a dict, of a struct or (inside another record) of a tuple, and joins their encodings.
`encoder_source` shows the functions; that of a record Span with a text, a long and a nullable
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

Supports what the schemas of this package use: records, enums, arrays, maps, nullable unions and
the primitive types except float and fixed; no recursive records.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from keyword import iskeyword
from typing import Any, cast

from schemas.encoding.primitives import (
    EncodedLongs,
    EncodedStrings,
    length_prefixed,
    pack_double,
    pack_present_double,
    varint,
)

_EXPRESSIONS = {  # type -> template of an expression, with {0} for the variable of the value
    "string": "_text[{0}]",
    "bytes": "_bytes({0})",
    "int": "_integer[{0}]",
    "long": "_integer[{0}]",
    "double": "_double({0})",
    "boolean": "_boolean[{0}]",
    "null": "_null[{0}]",
}
_PRIMITIVE_ENCODERS: dict[str, Any] = {
    "_join": b"".join,
    "_text": EncodedStrings(),
    "_bytes": length_prefixed,
    "_integer": EncodedLongs(),
    "_double": pack_double,
    "_present_double": pack_present_double,
    "_boolean": {False: b"\0", True: b"\1"},
    "_null": {None: b""},
    "_StructError": struct.error,
}
_CALLED = ("dict", "isinstance", "len", "tuple")  # no field may hide them


def compile_encoder(schema: Any, prefix: bytes = b"") -> Callable[[Any], bytes]:
    """Compile a function that encodes one value of a parsed record schema, behind a prefix.

    The value is a dict, in which a field with a default may be absent, or an object that has the
    fields as attributes; values inside it may also be tuples of the fields in their order. The
    function raises KeyError, TypeError, ValueError or AttributeError for a value that does not fit.
    Raises ValueError for a schema that is not covered.
    """
    source = _Source(schema)
    names = {**_PRIMITIVE_ENCODERS, **source.tables, "_prefix": prefix}
    # The source is of our own making: all it takes from a schema are identifiers and the repr of
    # defaults, and the schemas are files of this package, never input.
    exec(compile(source.text, f"<encoder of {source.main}>", "exec"), names)  # noqa: S102
    return cast(Callable[[Any], bytes], names[source.main])


def encoder_source(schema: Any) -> str:
    """Return the source that `compile_encoder` compiles, for people to read."""
    return _Source(schema).text


class _Source:
    """Generate the functions that write a schema's records, and their look-up tables."""

    def __init__(self, schema: Any) -> None:
        self._functions: list[str] = []
        self._expressions = dict(_EXPRESSIONS)
        self._names: set[str] = set()
        self.tables: dict[str, dict[str, bytes]] = {}
        if not isinstance(schema, dict) or schema["type"] != "record":
            raise ValueError("only a record is written by itself")
        self.main = self._record(schema, main=True).partition("(")[0]
        self.text = "\n\n".join(self._functions)

    def _expression(self, schema: Any) -> str:
        if isinstance(schema, list):
            return self._nullable(schema)
        if isinstance(schema, str):
            if schema not in self._expressions:
                raise ValueError(f"type {schema} is not written")
            return self._expressions[schema]
        kind = schema["type"]
        if kind == "record":
            return self._record(schema)
        if kind == "enum":
            return self._enum(schema)
        if kind == "array":
            item = self._expression(schema["items"]).format("item")
            return self._array_or_map(f"{item} for item in _it")
        if kind == "map":
            item = self._expression(schema["values"]).format("item")
            return self._array_or_map(f"_text[key] + {item} for key, item in _it.items()")
        return self._expression(kind)

    def _nullable(self, branches: list[Any]) -> str:
        if len(branches) != 2 or branches[0] != "null":
            raise ValueError(f"only nullable unions are written, not {branches}")
        if branches[1] == "double":
            present = "_present_double(2, {0})"
        else:
            present = rf'b"\2" + {self._expression(branches[1])}'
        return rf'(b"\0" if {{0}} is None else {present})'

    def _enum(self, schema: dict[str, Any]) -> str:
        table = self._name("symbol", schema)
        self.tables[table] = {name: varint(at) for at, name in enumerate(schema["symbols"])}
        self._expressions[schema["name"]] = template = f"{table}[{{0}}]"
        return template

    def _array_or_map(self, items: str) -> str:
        """Return the expression of an array or a map: one block of all items, then an empty one."""
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
        parts = [self._expression(field["type"]).format(variable) for variable, field in fields]
        lines = [
            f"def {name}(_it):",
            "    if isinstance(_it, dict):",
            *(f"        {variable} = {_dict_access(field)}" for variable, field in fields),
            "    else:",
            *(
                f"        {variable} = {_attribute_access(field['name'])}"
                for variable, field in fields
            ),
        ]
        if main:
            lines += [
                "    try:",
                "        return _join((",
                *(f"            {encoded}," for encoded in ["_prefix", *parts]),
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
                *(f"        {encoded}," for encoded in parts),
                "    ))",
            ]
        self._functions.append("\n".join(lines) + "\n")
        self._expressions[schema["name"]] = template = f"{name}({{0}})"
        return template

    def _name(self, what: str, schema: dict[str, Any]) -> str:
        """Return a unique global name for a named type; names of fields start differently."""
        name = f"_{what}_{schema['name'].rpartition('.')[2]}"
        if name in self._names or not name.isidentifier():
            raise ValueError(f"type {schema['name']} needs a name of its own")
        self._names.add(name)
        return name


def _variable(field: str) -> str:
    if not field.isidentifier() or field.startswith("_"):
        raise ValueError(f"field {field} has no usable name")
    return f"{field}_" if iskeyword(field) or field in _CALLED else field


def _dict_access(field: dict[str, Any]) -> str:
    """Return the expression that takes a field out of a dict; JSON defaults are written by repr."""
    if "default" in field:
        return f"_it.get({field['name']!r}, {field['default']!r})"
    return f"_it[{field['name']!r}]"


def _attribute_access(field: str) -> str:
    return f"getattr(_it, {field!r})" if iskeyword(field) else f"_it.{field}"
