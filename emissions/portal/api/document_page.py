"""The document of the API as a page for people: no script, nothing from another host."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from emissions.portal.page_assets import ASSETS
from emissions.portal.phone_tables import with_labels

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("emissions.portal", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["with_labels"] = with_labels


def document_page(document: dict[str, Any]) -> str:
    """Return the page: each address with its parameters and the columns of its rows."""
    return _ENVIRONMENT.get_template("api_document.html").render(
        style=ASSETS.address("portal.css"), info=document["info"], routes=routes(document)
    )


def routes(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each address by itself in their order, without those that only add an extension."""
    found = []
    for path, item in sorted(document["paths"].items()):
        if "." in path.rpartition("/")[2]:
            continue
        operation = item["get"]
        answers = operation["responses"]["200"]["content"]
        schema = answers["application/json"]["schema"]
        found.append(
            {
                "path": path,
                "about": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "columns": _columns(document, schema),
                "formats": [
                    extension
                    for extension in ("json", "csv", "parquet")
                    if f"{path}.{extension}" in document["paths"]
                ],
            }
        )
    return found


def _columns(document: dict[str, Any], schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, type and meaning of what an answer holds; of a page those of its rows."""
    found = _resolved(document, schema)
    rows = found.get("properties", {}).get("data", {}).get("items")
    if rows is not None:
        found = _resolved(document, rows)
    return [
        (name, type_name(value), value.get("description", ""))
        for name, value in found.get("properties", {}).items()
    ]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def type_name(schema: dict[str, Any]) -> str:
    """Return the type of a value in a word or two, such as ``number or null``."""
    choices = schema.get("oneOf")
    if choices:
        return " or ".join(type_name(each) for each in choices)
    if "enum" in schema:
        return " | ".join("null" if each is None else str(each) for each in schema["enum"])
    if "format" in schema:
        return str(schema["format"])
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    return str(kind)
