"""One day of two stacks, everything in it at once, each number computed by hand.

A measures SO2 and flow each 10 minutes: 80 mg/m3 are 4 g/s of dry gas, 250 mg/m3 are 12.5 g/s. It
is silent for 40 minutes, starts up for half an hour, is calibrated for another, sends one absurd
value, seven half-hours of 250, an hour that comes at 17:30, a reading that contradicts another and
one that repeats it. B measures CO without flow, 60 mg/m3 all day.

A's day: 144 readings are due; 4 were not sent, 3 are of the start-up, 3 of the calibration and 1
is absurd: 133 are valid, 21 of 250 and 112 of 80, together 14,210. The mean is 14,210/133, above
100 by 910/133. Emitted were (21 * 12.5 + 112 * 4) * 600 g = 0.4263 t, too much 910/14,210 of it:
0.0273 t. Of one of these readings it is not known which of two is true: were it one of 250, and 0
in truth, the mean would be 13,960/133, above 100 all the same, so nothing hangs on it.
"""

from tests.oracle.cases.case import SO2, STANDARD, Case, Row, limit, lines, registry, source
from tests.oracle.cases.mass import CELLS, FLOW, GAS, PER_SECOND

CO = f"{{parameter: CO, unit: mg/m3, basis: dry, conditions: {STANDARD}, range: [0, 3000]}}"
A_DAY = {"source_id": "A", "parameter": "SO2", "unit": "mg/m3", "window": "day"}


def _a(clock: str, count: int, value: object = 80, **more: object) -> list[Row]:
    return lines(f"2026-05-04T{clock}:00+05:00", count, 600, **{**CELLS, "SO2": value, **more})


def _hour(rule: str, start: int, value: float, **more: object) -> Row:
    return {
        "rule": rule,
        "source_id": "A",
        "start": f"2026-05-04T{start:02d}:00:00Z",
        "value": value,
        "automatic": True,
        **more,
    }


ROWS = [
    *_a("00:00", 30),
    *_a("05:40", 8),
    *_a("07:00", 3, 900, state="STARTUP"),
    *_a("07:30", 3, SO2_flag="C"),
    *_a("08:00", 1, "1e34"),
    *_a("08:10", 11),
    *_a("10:00", 21, 250),
    *_a("13:30", 6, arrival="2026-05-04T17:30:00+05:00"),
    *_a("14:30", 57),
    *_a("20:00", 1, 81),
    *_a("21:00", 1),
    *lines("2026-05-04T00:00:00+05:00", 144, 600, identity="B", CO=60),
]
CASES = (
    Case(
        "a day of two stacks",
        registry(
            source("A", channels=(SO2, *GAS, FLOW), limits=(limit(100), PER_SECOND)),
            source("B", channels=(CO,), limits=(limit(55, "CO"),)),
            asm="{installed_on: 2020-01-01, connected_on: 2026-05-04}",
        ),
        ROWS,
        "2026-05-05T00:20:00+05:00",
        means=[
            {
                **A_DAY,
                "value": 14210 / 133,
                "valid_s": 79800,
                "due_s": 84600,
                "status": "VALID",
                "limit": 100.0,
                "revision": 1,
            },
            {
                "source_id": "A",
                "unit": "g/s",
                "start": "2026-05-04T08:00:00Z",
                "value": (3 * 12.5 + 3 * 4) / 6,
                "limit": 10.0,
                "revision": 4,
            },
        ],
        no_means=[{"source_id": "B", "unit": "g/s"}],
        gaps=[
            ("A", "", "2026-05-04T00:00:00Z", "2026-05-04T00:40:00Z"),
            ("A", "SO2", "2026-05-04T02:30:00Z", "2026-05-04T03:10:00Z"),
        ],
        violations=[
            *[_hour("KZ-GS", start, 12.5, limit=10.0, excess_mass_t=0.009) for start in (5, 6, 7)],
            *[{"rule": "KZ-30", "value": 250.0, "excess_mass_t": 0.0135, "automatic": True}] * 7,
            _hour(
                "KZ-3H", 5, 250.0, end="2026-05-04T08:30:00Z", excess_mass_t=0.0945, track="COURT"
            ),
            {
                "rule": "KZ-DAY",
                "source_id": "A",
                "value": 14210 / 133,
                "ratio": 14210 / 13300,
                "excess_mass_t": 0.0273,
                "automatic": True,
            },
            {
                "rule": "KZ-DAY",
                "source_id": "B",
                "value": 60.0,
                "excess_mass_t": None,
                "automatic": True,
            },
        ],
        dead_letters=["CONFLICTING_DUPLICATE"],
    ),
)
