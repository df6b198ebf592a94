"""Reads a YAML file that a person writes, and refuses it with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from streams.registry.errors import Problem, RegistryError
from streams.registry.typed import line_of
from streams.registry.yaml_tree import Node, parse

T = TypeVar("T")


def read_yaml(path: str | Path, build: Callable[[Node], T]) -> T:
    """Return what ``build`` makes of the document in a file.

    Raises RegistryError, whose text is one sentence with the file, the line, the path inside the
    document (``enterprises[3].sources[0].limits[1].value``), what is wrong there and why.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RegistryError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise RegistryError(f"{path}: byte {error.start} is not UTF-8 text") from None
    try:
        root = parse(text)
    except Problem as problem:
        raise RegistryError(f"{path}: {problem.what}") from None
    try:
        return build(root)
    except Problem as problem:
        place = f"{path}: line {line_of(root, problem.path)}"
        if problem.path:
            place += f", {problem.path}"
        raise RegistryError(f"{place}: {problem.what}") from None
