"""Says in words what a parameter of the API takes, from its schema in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emissions.portal.api.filters import BIN_PATTERN, MOMENT, MONTH_PATTERN, REGION_PATTERN

_FORMS: Final = {
    BIN_PATTERN: "12 digits",
    REGION_PATTERN: "KZ- and two digits (ISO 3166-2:KZ)",
    MONTH_PATTERN: "a month",
    MOMENT: "a date, or a moment with its zone (a + is written %2B)",
}
_EXAMPLES: Final = {
    "bin": "990140001233",
    "enterprise": "990140001233",
    "region": "KZ-55",
    "month": "2026-05",
    "from": "2026-05-04 or from=2026-05-04T00:00:00%2B05:00",
    "to": "2026-05-05 or to=2026-05-05T00:00:00%2B05:00",
    "source": "KZ-0001-01",
    "parameter": "SO2",
}
"""What is no example by itself; of a list of values and of a number it is in the schema."""
_MOST_SHOWN: Final = 40


def allowed(schema: Mapping[str, Any]) -> str:
    """Return what a parameter takes, such as ``a whole number from 1 to 50000``."""
    if "enum" in schema:
        return "one of " + ", ".join(str(each) for each in schema["enum"])
    if schema["type"] == "integer":
        return f"a whole number from {schema['minimum']:.0f} to {schema['maximum']:.0f}"
    if "pattern" in schema:
        return _FORMS[schema["pattern"]]
    if "minLength" in schema:
        return f"{schema['minLength']} to {schema['maxLength']} characters"
    return f"at most {schema['maxLength']} characters"


def wrong_parameter(described: Mapping[str, Any], sent: str | None) -> str:
    """Return the sentence about a value that a parameter does not take, with an example."""
    name, schema = described["name"], described["schema"]
    refused = "" if sent is None else f"not {_short(sent)} but "
    said = f"{name} takes {refused}{allowed(schema)}"
    example = _example(name, schema)
    if example is None:
        return said
    written = f"{name}=" if described["in"] == "query" else ""
    return f"{said}, such as {written}{example}"


def _example(name: str, schema: Mapping[str, Any]) -> str | None:
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    found = schema.get("default", schema.get("enum", [None])[0])
    return None if found is None else str(found)


def _short(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
