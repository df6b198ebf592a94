"""Writes the page of quality codes from their one table."""

from __future__ import annotations

from schemas.reading import FLAGS, STATES
from sinks.batch_writer import REJECTED
from streams.core.judging.violation import CONFLICTING_DATA, NOT_AUTOMATIC_YET, UNVERIFIED_DEVICE
from streams.core.law.quality_codes import CODES, Scope
from tests.docs.markdown import code, page, table

REASONS = {
    NOT_AUTOMATIC_YET: "the law did not open cases by itself then",
    UNVERIFIED_DEVICE: "a reading of a device outside its verification counts",
    CONFLICTING_DATA: "two readings of one interval differ",
}


def quality_codes_page() -> str:
    """Show the codes by what they are said of, in the order in which they are looked for."""
    return page(
        "Quality codes",
        "The first code that applies is the one that is said.",
        "## Of a whole message",
        "The message goes to the [dead letters](../operations/dead-letters.md). The sinks worker "
        f"adds {code(REJECTED)}: ClickHouse refuses the message.",
        _table(Scope.MESSAGE),
        "## Of a channel",
        "The value is kept and marked, and does not count. Its seconds stand in "
        "`seconds_by_code` of the mean.",
        _table(Scope.CHANNEL),
        f"Flags: {', '.join(map(code, FLAGS))} (N is normal). "
        f"Operating states: {', '.join(map(code, STATES))}.",
        "## Marks",
        "The value counts (or, of a parameter that is not registered, no mean is made).",
        _table(Scope.MARK),
        "## Of a violation",
        "Why a person must look (column `reasons`); none where a case may open by itself.",
        table(("reason", "meaning"), [(code(name), why) for name, why in REASONS.items()]),
    )


def _table(scope: Scope) -> str:
    rows = [
        (code(each.code + ("…" if each.code.endswith("_") else "")), each.meaning,
         "not due either" if each.excuses else "due" if scope is Scope.CHANNEL else "")
        for each in CODES
        if each.scope is scope
    ]  # fmt: skip
    if scope is Scope.CHANNEL:
        return table(("code", "meaning", "its time is"), rows)
    return table(("code", "meaning"), [row[:2] for row in rows])
