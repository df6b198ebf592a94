"""The registry as a YAML file: read, checked, and refused with one sentence."""

from __future__ import annotations

from pathlib import Path

from streams.core.registration import Enterprise
from streams.registry.enterprise import check_enterprise
from streams.registry.errors import Problem, RegistryError
from streams.registry.names import check_names
from streams.registry.typed import build, line_of
from streams.registry.yaml_tree import Mapping, Node, Scalar, Sequence, parse


def load_registry(path: str | Path) -> tuple[Enterprise, ...]:
    """Every enterprise of a registry file, in its order.

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
        return _enterprises(root)
    except Problem as problem:
        place = f"{path}: line {line_of(root, problem.path)}"
        if problem.path:
            place += f", {problem.path}"
        raise RegistryError(f"{place}: {problem.what}") from None


def _enterprises(root: Node) -> tuple[Enterprise, ...]:
    if not isinstance(root, Mapping) or "enterprises" not in root.items:
        raise Problem("", "a registry is a mapping with the key 'enterprises'")
    for name in root.items:
        # x-... is a place for anchors, which are written out where they are used.
        if name != "enterprises" and not name.startswith("x-"):
            raise Problem(name, f"{name} is not a field that a registry has")
    listed = root.items["enterprises"]
    if isinstance(listed, Scalar) and listed.plain and listed.text == "":
        return ()
    if not isinstance(listed, Sequence):
        raise Problem("enterprises", "a list is expected here")
    found: list[Enterprise] = []
    bins: dict[str, str] = {}
    ids: dict[str, str] = {}
    for number, node in enumerate(listed.items):
        here = f"enterprises[{number}]"
        try:
            enterprise = build(node, Enterprise)
            check_enterprise(enterprise)
            check_names(enterprise)
        except Problem as problem:
            inner = f".{problem.path}" if problem.path else ""
            raise Problem(f"{here}{inner}", problem.what) from None
        _claim(bins, enterprise.bin, f"{here}.bin", f"the БИН {enterprise.bin}")
        for place, source in enumerate(enterprise.sources):
            _claim(ids, source.id, f"{here}.sources[{place}].id", f"the id {source.id!r}")
        found.append(enterprise)
    return tuple(found)


def _claim(taken: dict[str, str], name: str, path: str, what: str) -> None:
    """Note a name that must be unique in the registry; Problem where it is taken."""
    if name in taken:
        raise Problem(path, f"{what} is taken by {taken[name]}")
    taken[name] = path
