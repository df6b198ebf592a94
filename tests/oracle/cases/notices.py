"""Notices of outages and marks: what one in time changes, what a late one does not (section 14)."""

from collections.abc import Sequence

from tests.oracle.cases.case import Case, Row, limit, lines, registry, source

LONG_AGO = "{installed_on: 2020-01-01, connected_on: 2021-01-01}"
HOUR: Row = {"parameter": "SO2", "window": "1h", "start": "2026-05-04T05:00:00Z"}


def notice(
    kind: str,
    span: tuple[str, str],
    arrived: str,
    identity: str = "N-1",
    source_id: str = "A",
    more: str = "",
) -> str:
    """One notice about a source, in Almaty's time."""
    start, end = (f"{moment}:00+05:00" for moment in span)
    return (
        f'  - {{id: {identity}, kind: {kind}, bin: "990140001233", source_id: {source_id},'
        f" from: {start}, to: {end}, reason: repair, arrived_at: {arrived}+05:00{more}}}\n"
    )


def _outage(
    name: str,
    notices: Sequence[str],
    violations: Sequence[Row],
    gaps: Sequence[tuple[str, str]],
) -> Case:
    """Silent from 01:00 of 4 May until 06:00 of 5 May, 29 hours."""
    return Case(
        name,
        registry(source(cadence=3600), asm=LONG_AGO),
        [
            *lines("2026-05-04T00:00:00+05:00", 1, 3600, SO2=1),
            *lines("2026-05-05T06:00:00+05:00", 1, 3600, SO2=1),
        ],
        "2026-05-05T08:00:00+05:00",
        gaps=[("A", "", *gap) for gap in gaps],
        violations=violations,
        notices=notices,
    )


def _mark(name: str, notices: Sequence[str], expected: Row) -> Case:
    """Six readings from 10:00 to 11:00, the last of them 700."""
    return Case(
        name,
        registry(source(limits=(limit(500),))),
        lines("2026-05-04T10:00:00+05:00", 6, SO2=[100] * 5 + [700]),
        "2026-05-05T14:00:00+05:00",
        means=[{**HOUR, **expected}],
        notices=notices,
    )


WHOLE = ("2026-05-04T19:00:00Z", "2026-05-05T01:00:00Z")
SILENCE = ("2026-05-03T20:00:00Z", "2026-05-05T01:00:00Z")
GAP: Row = {
    "rule": "KZ-GAP",
    "start": "2026-05-03T20:00:00Z",
    "end": "2026-05-05T01:00:00Z",
    "value": 104400.0,
}
DAY = ("2026-05-04T01:00", "2026-05-05T00:00")
LAST = ("2026-05-04T10:50", "2026-05-04T11:00")
UNMARKED: Row = {"value": 200.0, "valid_s": 3600, "due_s": 3600, "status": "VALID"}
FLAGGED: Row = {"value": 100.0, "valid_s": 3000, "due_s": 3600, "status": "VALID"}
STOPPED: Row = {"value": 100.0, "valid_s": 3000, "due_s": 3000, "status": "VALID"}
OUTAGES = (
    _outage("nobody tells: an outage of 29 hours", [], [GAP], [SILENCE]),
    _outage(
        "an unplanned outage that is told two hours after its start is excused",
        [notice("UNPLANNED_OUTAGE", DAY, "2026-05-04T03:00:00")],
        [],
        [WHOLE],
    ),
    _outage(
        "a second later it is not",
        [notice("UNPLANNED_OUTAGE", DAY, "2026-05-04T03:00:01")],
        [GAP],
        [SILENCE],
    ),
    _outage(
        "a planned one that is told 31 days before is excused",
        [notice("PLANNED_OUTAGE", DAY, "2026-04-03T01:00:00")],
        [],
        [WHOLE],
    ),
    _outage(
        "one that is told 28 days before is not",
        [notice("PLANNED_OUTAGE", DAY, "2026-04-06T01:00:00")],
        [GAP],
        [SILENCE],
    ),
    _outage(
        "a notice of another source excuses nothing here",
        [notice("UNPLANNED_OUTAGE", DAY, "2026-05-04T02:00:00", source_id="B")],
        [GAP],
        [SILENCE],
    ),
    _outage(
        "one that is taken back within the term excuses nothing",
        [
            notice("UNPLANNED_OUTAGE", DAY, "2026-05-04T02:00:00"),
            notice(
                "UNPLANNED_OUTAGE",
                ("2026-05-04T01:00", "2026-05-04T02:00"),
                "2026-05-04T02:30:00",
                "N-2",
                more=", withdraws: N-1",
            ),
        ],
        [{**GAP, "start": "2026-05-03T21:00:00Z", "value": 100800.0}],
        [("2026-05-03T21:00:00Z", "2026-05-05T01:00:00Z")],
    ),
    _outage(
        "an exceedance that is told excuses nothing",
        [notice("EXCEEDANCE", DAY, "2026-05-04T02:00:00", more=", parameter: SO2")],
        [GAP],
        [SILENCE],
    ),
)
MARKS = (
    _mark("nobody marks", [], UNMARKED),
    _mark(
        "a mark a day after the end of the reading, to the second",
        [notice("MARK", LAST, "2026-05-05T11:00:00", more=", parameter: SO2, flag: C")],
        FLAGGED,
    ),
    _mark(
        "a second later it changes nothing",
        [notice("MARK", LAST, "2026-05-05T11:00:01", more=", parameter: SO2, flag: C")],
        UNMARKED,
    ),
    _mark(
        "a mark of the source is one of each channel",
        [notice("MARK", LAST, "2026-05-04T12:00:00", more=", flag: M")],
        FLAGGED,
    ),
    _mark(
        "a state takes due time away",
        [notice("MARK", LAST, "2026-05-04T12:00:00", more=", state: STOPPED")],
        STOPPED,
    ),
    _mark(
        "a mark touches a reading of which it covers a part",
        [
            notice(
                "MARK",
                ("2026-05-04T10:59", "2026-05-04T11:30"),
                "2026-05-04T12:00:00",
                more=", state: SHUTDOWN",
            )
        ],
        STOPPED,
    ),
    _mark(
        "a mark of another source changes nothing",
        [notice("MARK", LAST, "2026-05-04T12:00:00", source_id="B", more=", flag: C")],
        UNMARKED,
    ),
)
