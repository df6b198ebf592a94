"""The trace of an explanation: nodes with stable addresses, each in its place in the tree.

An address is the path from the root, dotted: ``violation.measurements.day.value``. It depends on
what is explained alone, never on the language or on when it is asked, so that others may refer to
it.
"""

from __future__ import annotations

import msgspec

from streams.core.records.findings import Article

Value = float | int | str | bool | None


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a computation or of a decision.

    ``heading`` and ``text`` are for people; ``reason`` a stable code (USED, OUT_OF_RANGE, MET...);
    ``law`` where the step stands in the law; ``numbers`` what it was computed from, by name;
    ``inputs`` and ``children`` are addresses.
    """

    heading: str
    text: str = ""
    value: Value = None
    unit: str = ""
    reason: str = ""
    law: tuple[Article, ...] = ()
    numbers: dict[str, Value] = {}
    inputs: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


class Trace:
    """Collects the nodes of one explanation, parents before their children."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._children: dict[str, list[str]] = {}

    def root(self, name: str, node: Node) -> str:
        """Add the root; returns its address."""
        self._nodes[name] = node
        return name

    def add(self, parent: str, segment: str, node: Node) -> str:
        """Add a node under ``parent``; returns its address. Raises ValueError if it is there."""
        address = f"{parent}.{segment}"
        if address in self._nodes:
            raise ValueError(f"{address} is there already")
        self._nodes[address] = node
        self._children.setdefault(parent, []).append(address)
        return address

    def say(self, address: str, text: str, numbers: dict[str, Value]) -> None:
        """Complete a node by what its children have shown."""
        node = self._nodes[address]
        self._nodes[address] = msgspec.structs.replace(node, text=text, numbers=numbers)

    def nodes(self) -> dict[str, Node]:
        """Return every node by its address, with its children."""
        replace = msgspec.structs.replace
        return {
            address: replace(node, children=tuple(self._children[address]))
            if address in self._children
            else node
            for address, node in self._nodes.items()
        }
