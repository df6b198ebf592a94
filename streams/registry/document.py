"""Reads and checks the registry's YAML file; refuses it with one sentence."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from streams.core.law.country import Country
from streams.core.registry.enterprise import Enterprise
from streams.registry.enterprise import check_enterprise
from streams.registry.errors import Problem
from streams.registry.names import check_names
from streams.registry.typed import build
from streams.registry.yaml_file import read_yaml
from streams.registry.yaml_tree import Mapping, Node, Scalar, Sequence
from streams.rules.country import home


def load_registry(path: str | Path, country: Country | None = None) -> tuple[Enterprise, ...]:
    """Return every enterprise of a registry file of a country (Kazakhstan), in its order.

    Raises RegistryError, whose text is one sentence with the file, the line, the path inside the
    document (``enterprises[3].sources[0].limits[1].value``), what is wrong there and why.
    """
    return read_yaml(path, lambda root: _enterprises(root, country or home()))


def _enterprises(root: Node, country: Country) -> tuple[Enterprise, ...]:
    if not isinstance(root, Mapping) or "enterprises" not in root.items:
        raise Problem("", "a registry is a mapping with the key 'enterprises'")
    for name in root.items:
        # x-... keys hold anchors, which are expanded where they are used.
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
            enterprise = _on_the_clock_of(country, build(node, Enterprise), node)
            check_enterprise(enterprise, country)
            check_names(enterprise)
        except Problem as problem:
            inner = f".{problem.path}" if problem.path else ""
            raise Problem(f"{here}{inner}", problem.what) from None
        _claim(bins, enterprise.bin, f"{here}.bin", f"the {country.identity.name} {enterprise.bin}")
        for place, source in enumerate(enterprise.sources):
            _claim(ids, source.id, f"{here}.sources[{place}].id", f"the id {source.id!r}")
        found.append(enterprise)
    return tuple(found)


def _on_the_clock_of(country: Country, enterprise: Enterprise, node: Node) -> Enterprise:
    """Give the country's zone to the sources that name none."""
    listed = node.items.get("sources") if isinstance(node, Mapping) else None
    if not isinstance(listed, Sequence):
        return enterprise
    sources = tuple(
        source
        if isinstance(each, Mapping) and "timezone" in each.items
        else structs.replace(source, timezone=country.zone)
        for source, each in zip(enterprise.sources, listed.items, strict=True)
    )
    return structs.replace(enterprise, sources=sources)


def _claim(taken: dict[str, str], name: str, path: str, what: str) -> None:
    """Record a name that must be unique in the registry; raise Problem if it is taken."""
    if name in taken:
        raise Problem(path, f"{what} is taken by {taken[name]}")
    taken[name] = path
