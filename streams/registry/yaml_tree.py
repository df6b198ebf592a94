"""YAML as a tree that keeps every scalar as it was written.

PyYAML's own loader reads YAML 1.1, where the gas ``NO`` is false, the key ``on`` is true and
``12:30`` is 750. Here only the events of its parser are used; what a scalar means is decided by
the type of the field that it fills (``streams.registry.typed``). Aliases and merge keys work,
duplicate keys are refused, depth and size are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from streams.registry.errors import Problem

MAX_DEPTH = 50
MAX_NODES = 4_000_000
"""Nodes of a document with every alias written out."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"


@dataclass(slots=True)
class Scalar:
    """A text, whether it stood in quotes, and its explicit tag."""

    line: int
    text: str
    plain: bool
    tag: str | None
    size: int = 1


@dataclass(slots=True)
class Sequence:
    """A list of nodes; ``size`` counts the nodes in it, aliases written out."""

    line: int
    items: list[Node]
    size: int = 1


@dataclass(slots=True)
class Mapping:
    """Nodes by key, in the order of the document."""

    line: int
    items: dict[str, Node]
    size: int = 1


Node = Scalar | Sequence | Mapping


def parse(text: str) -> Node:
    """Parse the one document of a text; raise Problem with line and reason."""
    try:
        return _Composer(yaml.parse(text, _LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise Problem("", f"{place}{error.problem or error.context}, so it is no YAML") from None
    except yaml.YAMLError as error:
        raise Problem("", f"{' '.join(str(error).split())}, so it is no YAML") from None


class _Composer:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node:
        next(self._events)  # the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise Problem("", "the file is empty")
        root = self._node(next(self._events), 0)
        next(self._events)  # the end of the document
        behind = next(self._events)
        if not isinstance(behind, yaml.StreamEndEvent):
            raise _at(behind, "a second document begins, and only one is read")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _at(event, f"the alias *{event.anchor} has no complete anchor before it")
            return self._anchors[event.anchor]
        if depth > MAX_DEPTH:
            raise _at(event, f"the document is nested deeper than {MAX_DEPTH} levels")
        line = event.start_mark.line + 1
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(line, event.value, event.implicit[0], event.tag)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(line, depth)
        else:
            node = self._mapping(line, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _sequence(self, line: int, depth: int) -> Sequence:
        node = Sequence(line, [])
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item = self._node(event, depth + 1)
            node.items.append(item)
            _grow(node, item, event)
        return node

    def _mapping(self, line: int, depth: int) -> Mapping:
        node = Mapping(line, {})
        merged: list[Mapping] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise _at(event, "a key is not a text")
            value_event = next(self._events)
            value = self._node(value_event, depth + 1)
            _grow(node, value, value_event)
            if key.plain and key.text == _MERGE:
                merged += _mappings(value, value_event)
            elif key.text in node.items:
                raise _at(event, f"the key {key.text!r} is there twice")
            else:
                node.items[key.text] = value
        for other in merged:  # a key of the mapping itself goes before a merged one
            for name, item in other.items.items():
                node.items.setdefault(name, item)
        return node


def _mappings(node: Node, event: Any) -> list[Mapping]:
    nodes = node.items if isinstance(node, Sequence) else [node]
    found = [item for item in nodes if isinstance(item, Mapping)]
    if len(found) != len(nodes):
        raise _at(event, "only mappings can be merged with <<")
    return found


def _grow(node: Sequence | Mapping, child: Node, event: Any) -> None:
    node.size += child.size
    if node.size > MAX_NODES:
        raise _at(event, f"the aliases write out to more than {MAX_NODES} nodes")


def _at(event: Any, what: str) -> Problem:
    return Problem("", f"line {event.start_mark.line + 1}: {what}")
