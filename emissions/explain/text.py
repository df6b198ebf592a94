"""Lays an explanation out as text of a given width, for an inspector to read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from streams.core.explanation.explain import Explanation
from streams.core.explanation.node import Node
from streams.core.explanation.readings import USED, meaning_of
from streams.core.explanation.words import Words, number_text

WIDTH: Final = 80
MOST: Final = 40
"""More readings than this of one window are listed by what became of them."""

_LAW_SHOWN: Final = frozenset({"rule", "law1", "law2", "law3", "law4", "comparison", "duty"})


def text_of(explanation: Explanation, *, every: bool = False, width: int = WIDTH) -> str:
    """Lay out an explanation; ``every``: each reading with its conversion, however many."""
    return "\n".join(_Text(explanation, every, width).lines()) + "\n"


class _Text:
    def __init__(self, explanation: Explanation, every: bool, width: int) -> None:
        self._explanation = explanation
        self._nodes = explanation.nodes
        self._every = every
        self._width = width
        self._words = Words(explanation.language, explanation.zone)
        self._converted = False

    def lines(self) -> Iterator[str]:
        explanation, words = self._explanation, self._words
        root = self._nodes[explanation.root]
        yield from self._wrapped(explanation.title, 0)
        yield from self._wrapped(root.text, 0)
        yield from self._wrapped(explanation.id, 0)
        yield ""
        yield words("key_factors")
        for number, said in enumerate(explanation.key_factors[explanation.language], 1):
            yield from self._wrapped(f"{number}. {said}", 2, "   ")
        for address in root.children:
            yield ""
            yield from self._node(address, 0)

    def _wrapped(self, text: str, indent: int, hanging: str = "") -> Iterator[str]:
        space = " " * indent
        yield from textwrap.wrap(
            text,
            self._width,
            initial_indent=space,
            subsequent_indent=space + hanging,
            break_on_hyphens=False,
        )

    def _node(self, address: str, depth: int) -> Iterator[str]:
        node = self._nodes[address]
        name = address.rpartition(".")[2]
        said = ": ".join(part for part in (node.heading, node.text) if part)
        law = "; ".join(self._words.citation(place) for place in node.law)
        if law and name not in _LAW_SHOWN and law not in said:
            said += f" [{law}]"
        yield from self._wrapped(said, 2 * depth, "  ")
        if name == "readings":
            yield from self._readings(node, depth + 1)
            return
        for at, child in enumerate(node.children):
            # The windows of a run are alike: the first is shown whole.
            brief = name == "measurements" and at > 0 and not self._every
            yield from self._brief(child) if brief else self._node(child, depth + 1)

    def _brief(self, address: str) -> Iterator[str]:
        """Show of a window its value, its share and its readings."""
        yield from self._wrapped(self._nodes[address].text, 2, "  ")
        for name in ("share", "readings"):
            yield from self._node(f"{address}.{name}", 2)

    def _readings(self, node: Node, depth: int) -> Iterator[str]:
        found = [self._nodes[child] for child in node.children]
        if self._every or len(found) <= MOST:
            for each in found:
                yield from self._reading(each, depth, conversion=self._every)
            return
        first = next((each for each in found if each.reason == USED), None)
        if first is not None:
            yield from self._reading(first, depth, conversion=True)
        run: list[Node] = []
        for each in found:
            if run and each.reason != run[-1].reason:
                yield from self._run(run, depth)
                run = []
            run.append(each)
        if run:
            yield from self._run(run, depth)

    def _run(self, run: list[Node], depth: int) -> Iterator[str]:
        """Say of readings in a row what became of them."""
        if len(run) == 1:
            yield from self._reading(run[0], depth, conversion=False)
            return
        values = [each.value for each in run if isinstance(each.value, float)]
        said = f"{run[0].heading} – {run[-1].heading}: {len(run)} × {run[0].reason}"
        if meaning := meaning_of(run[0].reason, self._words.language):
            said += f", {meaning}"
        if values:
            unit = run[0].unit
            said += f", {number_text(min(values))} – {number_text(max(values))} {unit}"
        yield from self._wrapped(said, 2 * depth, "  ")

    def _reading(self, node: Node, depth: int, *, conversion: bool) -> Iterator[str]:
        if node.reason == USED and isinstance(node.value, float):
            raw, unit = node.numbers.get("value_taken"), node.numbers.get("raw_unit")
            said = f"{node.heading}: "
            if isinstance(raw, float) and (node.children or raw != node.value):
                said += f"{number_text(raw)} {unit} → "
            said += f"{number_text(node.value)} {node.unit}, {node.text}"
        else:
            said = f"{node.heading}: {node.reason}"
            said += f", {node.text}" if node.text else ""
        yield from self._wrapped(said, 2 * depth, "  ")
        if conversion or not self._converted:
            self._converted |= bool(node.children)
            for child in node.children:
                part = self._nodes[child]
                yield from self._wrapped(f"{part.heading}: {part.text}", 2 * depth + 2, "  ")
