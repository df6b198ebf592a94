"""Writes the page of the portal's API from the document that the portal serves."""

from __future__ import annotations

from emissions.portal.api.document_page import routes
from emissions.portal.api.router import api_document
from tests.docs.markdown import code, page, table


def api_page() -> str:
    """Show each address with its parameters and the columns of its rows."""
    document = api_document()
    parts = [
        "A portal serves this page for people under `/api/v1/`, and as an OpenAPI 3.1 document "
        "under `/api/v1/openapi.json`. [Use the open data](../how-to/use-the-open-data.md) shows "
        "how to ask.",
        *document["info"]["description"].split("\n\n"),
    ]
    for route in routes(document):
        parts.append(f"## {code('GET ' + route['path'])}")
        parts += [route["about"]] if route["about"] else []
        if route["formats"]:
            parts.append(f"Extensions: {', '.join(code(f'.{each}') for each in route['formats'])}.")
        if route["parameters"]:
            parts.append(
                table(
                    ("parameter", "meaning"),
                    [(code(each["name"]), _meaning(each)) for each in route["parameters"]],
                )
            )
        rows = [(code(name), kind, meaning) for name, kind, meaning in route["columns"]]
        parts.append(table(("column", "type", "meaning"), rows))
    return page("API of the portal", *parts)


def _meaning(parameter: dict[str, object]) -> str:
    said = str(parameter.get("description", ""))
    schema = parameter.get("schema")
    choices = schema.get("enum") if isinstance(schema, dict) else None
    return f"{said} ({', '.join(map(str, choices))})" if choices else said
