"""Values at the edge of the doubles, in channels without a range."""

from tests.oracle.cases.case import STANDARD, Case, limit, lines, registry, source

HUGE = f"{{parameter: SO2, unit: mg/m3, basis: dry, conditions: {STANDARD}}}"
WET = "{parameter: SO2, unit: ppm, basis: wet}"
H2O = '{parameter: H2O, unit: "%", range: [0, 100]}'
BEGIN, UNTIL = "2026-05-04T00:00:00+05:00", "2026-05-04T12:00:00+05:00"
HOUR = {"parameter": "SO2", "window": "1h", "start": "2026-05-03T19:00:00Z"}

CASES = (
    Case(
        "a sum beyond the doubles has a mean within",
        registry(source(channels=(HUGE,))),
        lines(BEGIN, 6, SO2=["1.7e308", "1.7e308", "1.7e308", "1.7e308", "1.6e308", "1.6e308"]),
        UNTIL,
        means=[{**HOUR, "value": 1.6666666666666667e308, "status": "VALID"}],
    ),
    Case(
        "opposite giants leave the small one between them",
        registry(source(channels=(HUGE,))),
        lines(BEGIN, 6, SO2=["1.7e308", "6", "-1.7e308", "1e300", "-1e300", "0"]),
        UNTIL,
        means=[{**HOUR, "value": 1.0}],
    ),
    Case(
        "a normalised value beyond the doubles is not finite",
        registry(source(channels=(WET, H2O), limits=(limit(100),))),
        lines(BEGIN, 6, SO2="1.7e308", H2O=50),
        UNTIL,
        means=[{**HOUR, "value": None, "valid_s": 0, "status": "INSUFFICIENT"}],
        gaps=[
            ("A", "", "2026-05-03T20:00:00Z", ""),
            ("A", "SO2", "2026-05-03T19:00:00Z", "2026-05-03T20:00:00Z"),
        ],
    ),
    Case(
        "a span beyond the doubles makes no negative a zero, and nothing infinite valid",
        registry(
            source(channels=(HUGE.replace("}}", "}, range: [-1e300, 1.7976931348623157e308]}"),))
        ),
        lines(BEGIN, 6, SO2=["-1e306", "-1.1e300", "-1e300", "-inf", "inf", "1e300"]),
        UNTIL,
        means=[{**HOUR, "value": 0.0, "valid_s": 1200}],
    ),
    Case(
        "a run of giants",
        registry(source(cadence=1800, channels=(HUGE,), limits=(limit(1e300),))),
        lines(BEGIN, 7, 1800, SO2="1.7e308"),
        UNTIL,
        violations=[
            *[{"rule": "KZ-30", "value": 1.7e308}] * 7,
            {"rule": "KZ-3H", "value": 1.7e308, "ratio": 1.7e8},
        ],
    ),
)
