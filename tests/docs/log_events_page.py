"""Writes the page of log events from their catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from streams.log_events import EVENTS, OPERATIONS
from tests.docs.markdown import code, page, table


def log_events_page() -> str:
    """Show the events by level, with their fields and what to do."""
    parts = [
        "Every line of the workers is one of these events; names, levels and fields are stable, "
        "so alerts can rest on them. In JSON a line has the keys `event`, `level`, `timestamp` and "
        "the fields; an unexpected error adds its traceback as `exception`. Lines of libraries "
        "have a key `logger` and are not listed, except `broker_unavailable`.",
    ]
    for level in ("error", "warning", "info", "debug"):
        rows = [
            (code(name), event.meaning, _fields(event.fields), event.remedy)
            for name, event in EVENTS.items()
            if event.level == level
        ]
        parts += [f"## {level.capitalize()}", table(("event", "means", "fields", "do"), rows)]
    parts += [
        "## Operations",
        "Values of the field `operation` of `retrying` and `recovered`.",
        table(("operation", "means"), [(code(name), OPERATIONS[name]) for name in OPERATIONS]),
    ]
    return page("Log events", *parts)


def _fields(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{code(name)}: {meaning}" for name, meaning in fields.items())
