"""Silences: of a source, of a channel, cut by what excuses them (section 8)."""

from collections.abc import Sequence

from tests.oracle.cases.case import SO2, STANDARD, Case, limit, lines, registry, source

Expected = Sequence[tuple[str, str, str, str]]
CO = f"{{parameter: CO, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 3000]}}"

WET = SO2.replace("dry: true", "dry: false")


def _case(
    name: str,
    rows: list[dict[str, object]],
    until: str,
    expected: Expected,
    excused: Sequence[str] = (),
    asm: str = "{installed_on: 2020-01-01, connected_on: null}",
    **more: object,
) -> Case:
    """Cadence 300 s: a gap is a silence of more than 20 minutes; all on 4 May, local +5."""
    spans = [f"{{from: {_at(a)}, to: {_at(b)}}}" for a, b in (span.split("-") for span in excused)]
    return Case(
        name,
        registry(source(cadence=300, excused=spans, **more), asm=asm),  # type: ignore[arg-type]
        rows,
        _at(until),
        gaps=[(s, p, _utc(a), _utc(b)) for s, p, a, b in expected],
    )


def _at(clock: str) -> str:
    return f"2026-05-04T{clock if len(clock) > 5 else clock + ':00'}+05:00"


def _utc(clock: str) -> str:
    if not clock:
        return ""
    hour = int(clock[:2]) - 5
    day = 4 if hour >= 0 else 3
    return f"2026-05-{day:02d}T{hour % 24:02d}{clock[2:]}{'' if len(clock) > 5 else ':00'}Z"


def _rows(clock: str, count: int, **more: object) -> list[dict[str, object]]:
    return lines(_at(clock), count, 300, **{"SO2": 10, **more})


BEFORE = _rows("06:00", 12)  # until 07:00
NOBODY = _rows("02:00", 1, identity="X")  # of no registered source; arrives at 02:05
CONNECTED = "{installed_on: 2020-01-01, connected_on: 2026-05-04}"
CASES = (
    _case("20 minutes are no gap", [*BEFORE, *_rows("07:20", 1)], "07:26", []),
    _case(
        "25 minutes are, though the grace was never over",
        [*BEFORE, *_rows("07:25", 1)],
        "07:30",
        [("A", "", "07:00", "07:25")],
    ),
    _case("an end of 25 minutes is not yet a gap", BEFORE, "07:25", []),
    _case("a second more is one", BEFORE, "07:25:01", [("A", "", "07:00", "")]),
    _case(
        "excused time cuts a silence; pieces of 20 minutes fall",
        [*BEFORE, *_rows("09:00", 1)],
        "09:05",
        [("A", "", "07:50", "08:30")],
        excused=("07:20-07:50", "08:30-08:45"),
    ),
    _case(
        "an excused period closes an open gap",
        BEFORE,
        "08:20",
        [("A", "", "07:00", "07:30")],
        excused=("07:30-08:00",),
    ),
    _case(
        "after it a new one opens, without the grace",
        BEFORE,
        "08:20:01",
        [("A", "", "07:00", "07:30"), ("A", "", "08:00", "")],
        excused=("07:30-08:00",),
    ),
    _case(
        "a silence wholly excused",
        [*BEFORE, *_rows("09:00", 1)],
        "09:05",
        [],
        excused=("06:30-08:00", "07:50-09:30"),
    ),
    _case(
        "connected at midnight, the log begins at six: a silence before it is no evidence",
        BEFORE,
        "07:05",
        [],
        asm=CONNECTED,
    ),
    _case(
        "the log begins at two with a message of nobody: silent from there",
        [*NOBODY, *BEFORE],
        "07:05",
        [("A", "", "02:05", "06:00")],
        asm=CONNECTED,
    ),
    _case(
        "connected when the log was already observed: silent from the connection",
        [*lines("2026-05-03T23:00:00+05:00", 1, 300, identity="X"), *BEFORE],
        "07:05",
        [("A", "", "00:00", "06:00")],
        asm=CONNECTED,
    ),
    _case(
        "connected in the future: no silence before the first reading",
        [*NOBODY, *BEFORE],
        "07:05",
        [],
        asm="{installed_on: 2020-01-01, connected_on: 2026-05-05}",
    ),
    _case("never heard, 25 minutes after the log began", NOBODY, "02:30", [], asm=CONNECTED),
    _case(
        "never heard, a second more",
        NOBODY,
        "02:30:01",
        [("A", "", "02:05", "")],
        asm=CONNECTED,
    ),
    _case(
        "what is sent afterwards in one piece shows no silence before its arrival",
        [
            *_rows("06:00", 12, arrival=_at("10:00")),
            *_rows("09:00", 12, arrival=_at("10:00")),
            *_rows("10:20", 1),
        ],
        "10:25",
        [],
        asm=CONNECTED,
    ),
    _case(
        "a silence across the beginning of the log counts from it",
        [*_rows("06:00", 12, arrival=_at("10:00")), *_rows("10:25", 1)],
        "10:30",
        [("A", "", "10:00", "10:25")],
        asm=CONNECTED,
    ),
    _case(
        "late readings move the beginning of a gap",
        [*BEFORE, *_rows("07:00", 6, arrival=_at("11:00")), *_rows("09:00", 1)],
        "11:05",
        [("A", "", "07:30", "09:00"), ("A", "", "09:05", "")],
        asm=CONNECTED,
    ),
    _case(
        "late readings before the first one make the silence shorter",
        [*NOBODY, *_rows("03:00", 6, arrival=_at("08:00")), *BEFORE],
        "07:00",
        [("A", "", "02:05", "06:00")],
        asm=CONNECTED,
    ),
    _case(
        "when they have come: two silences",
        [*NOBODY, *_rows("03:00", 6, arrival=_at("07:05")), *BEFORE],
        "07:05",
        [("A", "", "02:05", "03:00"), ("A", "", "03:30", "06:00")],
        asm=CONNECTED,
    ),
    _case(
        "a silence of the source is taken out of a channel's whole, also its excused part",
        [*BEFORE, *_rows("07:00", 3, SO2=9000), *_rows("08:15", 1)],
        "08:20",
        [],
        excused=("07:25-08:15",),
    ),
    _case(
        "the first reading was before the connection",
        BEFORE,
        "07:05",
        [],
        asm="{installed_on: 2020-01-01, connected_on: 2026-05-05}",
    ),
    _case(
        "a channel that is never sent counts from the first reading",
        BEFORE,
        "07:00",
        [("A", "CO", "06:00", "")],
        channels=("{parameter: SO2, unit: mg/m3, basis: dry, range: [0, 3000]}", CO),
    ),
    _case(
        "a channel that is not valid; a stop is cut out of its silence",
        [
            *BEFORE,
            *_rows("07:00", 6, SO2_flag="D"),
            *_rows("07:30", 6, state="STOPPED"),
            *_rows("08:00", 5, SO2="NaN"),
            *_rows("08:25", 1),
        ],
        "08:30",
        [("A", "SO2", "07:00", "07:30"), ("A", "SO2", "08:00", "08:25")],
    ),
    _case(
        "a source gap is cut out of a channel's silence",
        [*BEFORE, *_rows("07:00", 6, SO2=9000), *_rows("08:30", 6, SO2=9000), *_rows("09:00", 1)],
        "09:05",
        [
            ("A", "", "07:30", "08:30"),
            ("A", "SO2", "07:00", "07:30"),
            ("A", "SO2", "08:30", "09:00"),
        ],
    ),
    _case(
        "valid by its normalised series: without moisture there is none",
        _rows("06:00", 12, H2O=""),
        "07:00",
        [("A", "SO2", "06:00", "")],
        channels=(
            WET,
            '{parameter: H2O, unit: "%", range: [0, 40]}',
        ),
        limits=(limit(500),),
    ),
    _case(
        "a stop for the whole time is no silence of a channel",
        [*BEFORE, *_rows("07:00", 12, state="STOPPED")],
        "08:00",
        [],
    ),
    _case(
        "a late hour closes the gap as if it had never been",
        [
            *BEFORE,
            *_rows("07:00", 12, arrival="2026-05-04T11:00:00+05:00"),
            *_rows("08:00", 12),
        ],
        "11:00",
        [("A", "", "09:00", "")],
    ),
    _case(
        "readings that overlap are no trouble",
        [*_rows("06:04:59", 1), *_rows("06:05", 1), *_rows("06:35", 1)],
        "06:40",
        [("A", "", "06:10", "06:35")],
    ),
)
