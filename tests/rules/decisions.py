"""Watches which decisions of the kinds of rules the cases take, and both ways.

A kind is compiled anew with every condition of it (of ``if``, ``while``, a conditional expression
or a comprehension) handed to a recorder, and registered in place of the shipped one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import streams.rules.kinds
from tests.rules.kind_registration import kinds_of_a_test

FOLDER = Path(streams.rules.kinds.__file__).parent


class Decision:
    """A condition of a kind: its file, the text of it, and how it came out."""

    def __init__(self, file: str, text: str, function: str) -> None:
        self.file, self.function = file, function
        self.place = f"{file}: {function}: {text}"
        self.outcomes: set[bool] = set()

    def __call__(self, value: Any) -> Any:
        """Record how the condition came out."""
        self.outcomes.add(bool(value))
        return value


class _Watched(ast.NodeTransformer):
    """Hands the conditions of a module to their decisions."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Decision] = []
        self._functions: list[str] = []

    def _test(self, test: ast.expr) -> ast.expr:
        decision = Decision(self.file, ast.unparse(test), self._functions[-1])
        self.found.append(decision)
        number = ast.Constant(len(self.found) - 1)
        watched = ast.Subscript(ast.Name("_decisions", ast.Load()), number, ast.Load())
        return ast.Call(watched, [test], [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()
        return node

    def _conditional(self, node: Any) -> ast.AST:
        self.generic_visit(node)
        node.test = self._test(node.test)
        return node  # type: ignore[no-any-return]

    visit_If = visit_IfExp = visit_While = _conditional  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [self._test(test) for test in node.ifs]
        return node


@contextmanager
def watched_kinds() -> Iterator[list[Decision]]:
    """Have every shipped kind judge under watch; the decisions are those it takes inside."""
    found: list[Decision] = []
    with kinds_of_a_test(shipped=False):
        for path in sorted(FOLDER.glob("*.py")):
            if path.stem != "__init__":
                found += _compiled(path)
        yield found


def _compiled(path: Path) -> list[Decision]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    watched = _Watched(path.name)
    tree = ast.fix_missing_locations(watched.visit(tree))
    module = ModuleType(f"tests.rules.watched_{path.stem}")
    vars(module)["_decisions"] = watched.found
    sys.modules[module.__name__] = module  # where types look up the names of annotations
    exec(compile(tree, str(path), "exec"), vars(module))  # noqa: S102 - our own code
    return watched.found
