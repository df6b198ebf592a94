"""Keep the comments of record columns in one place: the schema, or the table below.

A column that is a field of a record means what its schema (`schemas/*.avsc`) says. Columns that a
view computes or redefines are described in `COMPUTED`. `emissions migrate` updates the comments of
a database, so that no migration repeats them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.record_columns import record_columns

RECORDS: Final = {
    "means": "WindowMean",
    "means_current": "WindowMean",
    "gaps": "DataGap",
    "gaps_current": "DataGap",
    "violations": "Violation",
    "violations_current": "Violation",
    "violation_revisions": "Violation",
    "violation_history": "Violation",
    "findings": "Finding",
    "findings_current": "Finding",
    "notices": "NoticeVerdict",
    "notices_current": "NoticeVerdict",
    "cases": "AdministrativeCase",
    "cases_current": "AdministrativeCase",
    "case_history": "AdministrativeCase",
    "roots": "SourceDayRoot",
    "roots_current": "SourceDayRoot",
    "measures": "Measure",
    "measures_current": "Measure",
    "dead_letters": "DeadLetter",
    "dead_letters_current": "DeadLetter",
}
"""Table or view -> the record whose fields are its columns."""

_LOCAL: Final = {
    "timezone": "Clock of the source (IANA); Asia/Almaty where it is not registered",
    "start_local": "start on the clock of the source, text",
    "end_local": "end there, text; null: it lasts",
    "detected_local": "detected_at there, text",
}
_LANGUAGES: Final = {"ru": "Russian", "kk": "Kazakh", "en": "English"}
_TITLES: Final = {
    f"rule_title_{code}": f"Title of the rule in {_LANGUAGES[code]}" for code in _LANGUAGES
}
_REGIONS: Final = {
    f"region_name_{code}": f"Name of the region in {_LANGUAGES[code]}" for code in _LANGUAGES
}
_LAST: Final = {"version": "The last revision wins"}
_ARRIVAL: Final = {
    "topic": "Topic of the message",
    "partition": "Partition of the message",
    "offset": "Offset of the message",
    "arrived_at": "Timestamp of the Kafka record, UTC: it counts from then on",
}
_LETTER: Final = {
    "stage": "decode, validate, deduplicate or sink",
    "headers": "Headers of the original, in their order",
}
_DEAD_READING: Final = (
    "Start of the interval of its reading, UTC; null: it is none, ClickHouse refused it, or it "
    "was written before this was kept"
)

COMPUTED: Final[dict[str, dict[str, str]]] = {
    "means": {"version": "2 * revision + final: the last revision wins"},
    "means_current": {
        **_LOCAL,
        "start": "Start of the window, UTC: a calendar day begins at local midnight, so "
        "toDate(start) is the day before; its date is day",
        "day": "Date of the window there: of a day mean the day that it is of",
    },
    "gaps": _LAST,
    "gaps_current": _LOCAL,
    "violations": _LAST,
    "violations_current": {**_LOCAL, **_TITLES, **_REGIONS, "day": "Date of the start there"},
    "findings": _LAST,
    "findings_current": {**_LOCAL, "day": "Date of the start there"},
    "notices": _LAST,
    "notices_current": {
        **_LOCAL,
        "end_local": "end there, text; null: it only takes another back",
        "arrived_local": "arrived_at there, text",
        "due_local": "due there, text; null: it has no term",
        "delay_s": "Seconds from the start of its interval to its arrival; negative: it came "
        "before; null: it only takes another back",
        "after_the_fact": "It arrived after its interval had begun",
    },
    "cases": _LAST,
    "measures": _ARRIVAL | {"version": "Its offset"},
    "measures_current": {name: _ARRIVAL[name] for name in ("offset", "arrived_at")},
    "cases_current": {
        **_LOCAL,
        **_REGIONS,
        "due_on": "Last local day of the first of its terms that runs; null: it is closed or "
        "deferred, or no term runs",
        "due_term": "Name of that term, such as prescription_by; empty: none",
    },
    "case_history": {**_LOCAL, "revised_local": "revised_at there, text"},
    "violation_history": {
        **_LOCAL,
        **_TITLES,
        "end": "End, UTC; null: it lasted when this was said",
    },
    "roots": {**_LAST, "day": "Local date"},
    "roots_current": {"day": "Local date"},
    "dead_letters": {
        **_LETTER,
        "measured_at": _DEAD_READING,
        "version": "The record of the topic wins over the one of the sink",
    },
    "dead_letters_current": {
        **_LOCAL,
        **_LETTER,
        "measured_at": _DEAD_READING,
        "arrived_at": "timestamp, by the name that it has in readings_current",
        "arrived_local": "arrived_at on the clock of the source, text",
        "measured_local": "measured_at there, text; null: not told",
        "input_file": "File that a replay read it from; empty: it was not replayed from a file",
        "input_row": "Row in that file, from 1; null: it was not replayed from a file",
    },
}
"""Table or view -> column -> comment, where no schema describes the column or it differs."""

_QUESTION: Final = (
    "SELECT table, name, type, comment FROM system.columns "
    "WHERE database = currentDatabase() AND table IN {tables:Array(String)} "
    "ORDER BY table, position"
)


def write_comments(
    client: Client, run: Callable[[str], object] | None = None, spread: frozenset[str] = frozenset()
) -> None:
    """Update the column comments of the client's database; write nothing where they are current.

    ``run`` changes a table, by default the client does. Tables that are ``spread`` over shards
    have the comments of their migrations.
    """
    run = run or client.command
    found = client.query(_QUESTION, parameters={"tables": list(RECORDS)}).result_rows
    changes: dict[str, list[str]] = {}
    for table, column, type_, comment in found:
        wanted = comment_of(table, column, type_)
        if wanted is not None and wanted != comment:
            changes.setdefault(table, []).append(f"COMMENT COLUMN `{column}` {_quoted(wanted)}")
    for table, parts in changes.items():
        if table not in spread:
            run(f"ALTER TABLE `{table}` {', '.join(parts)}")


def comment_of(table: str, column: str, type_: str) -> str | None:
    """Return the comment of a column, or None if neither a schema nor this module describes it."""
    own = COMPUTED.get(table, {}).get(column)
    if own is not None:
        return own
    meaning = dict(_meanings(RECORDS[table])).get(column)
    if meaning is None:
        return None
    meaning = meaning.replace(", milliseconds UTC", ", UTC")
    return meaning if "Nullable(" in type_ else meaning.replace("; null: ", "; empty: ")


def _meanings(record: str) -> Iterator[tuple[str, str]]:
    for column in record_columns(record):
        yield column.name, column.meaning


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
