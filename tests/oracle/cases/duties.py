"""KZ-NOASM and KZ-NOLINK: from when, until when, deferred or not (section 9)."""

from collections.abc import Sequence

from tests.oracle.cases.case import Case, lines, registry, source

NEVER = "{installed_on: null, connected_on: null}"
STATION = "{plant: station, fuel: solid, electric_mw: 50}"


def _case(
    name: str,
    violations: Sequence[dict[str, object]],
    asm: str = NEVER,
    begin: str = "2026-05-04T10:00:00+05:00",
    until: str = "2026-05-06T10:00:00+05:00",
    category: int = 1,
    commissioned: str = "2009-05-01",
    extra: str = "",
    criteria: str = STATION,
) -> Case:
    kept = registry(
        source(criteria=criteria),
        category=category,
        commissioned=commissioned,
        asm=asm,
        extra=extra,
    )
    return Case(name, kept, lines(begin, 1, SO2=1), until, violations=violations)


def _roadmap(until: str) -> str:
    return f'    roadmap: {{until: {until}, reference: "No. 1"}}\n'


NOASM: dict[str, object] = {
    "rule": "KZ-NOASM",
    "bin": "990140001233",
    "source_id": None,
    "parameter": None,
    "start": "2022-12-31T18:00:00Z",  # 1 January 2023 at UTC+6
    "end": None,
    "value": None,
    "limit": None,
    "status": "OPEN",
    "automatic": True,
    "deferred_until": None,
}
NOLINK = {**NOASM, "rule": "KZ-NOLINK"}
CASES = (
    _case("obliged since 2023, nothing installed", [NOASM]),
    _case("category II is not obliged", [], category=2),
    _case(
        "commissioned on the first day of the new code: from its commissioning",
        [{**NOASM, "start": "2021-06-30T18:00:00Z"}],
        commissioned="2021-07-01",
    ),
    _case(
        "installed on the second day",
        [
            {**NOASM, "end": "2026-05-04T19:00:00Z", "status": "CLOSED"},
            {**NOLINK, "start": "2026-05-04T19:00:00Z"},
        ],
        asm="{installed_on: 2026-05-05, connected_on: null}",
    ),
    _case(
        "installed at the midnight at which the run ends",
        [
            {**NOASM, "end": "2026-05-04T19:00:00Z", "status": "CLOSED"},
            {**NOLINK, "start": "2026-05-04T19:00:00Z"},
        ],
        asm="{installed_on: 2026-05-05, connected_on: null}",
        until="2026-05-05T00:00:00+05:00",
    ),
    _case(
        "installed before the first record",
        [NOLINK],
        asm="{installed_on: 2022-05-05, connected_on: null}",
    ),
    _case(
        "connected on the third day",
        [
            {
                **NOLINK,
                "start": "2023-05-04T18:00:00Z",
                "end": "2026-05-05T19:00:00Z",
                "status": "CLOSED",
            }
        ],
        asm="{installed_on: 2023-05-05, connected_on: 2026-05-06}",
    ),
    _case(
        "connected before the first record",
        [],
        asm="{installed_on: 2022-05-05, connected_on: 2026-05-04}",
        until="2026-05-05T10:00:00+05:00",
    ),
    _case(
        "a road map defers",
        [{**NOASM, "automatic": False, "deferred_until": "2027-12-30T19:00:00Z"}],
        extra=_roadmap("2027-12-31"),
    ),
    _case("until its day", [NOASM], extra=_roadmap("2026-05-06")),
    _case(
        "a road map does not defer the link",
        [NOLINK],
        extra=_roadmap("2027-12-31"),
        asm="{installed_on: 2022-05-05, connected_on: null}",
    ),
    _case(
        "seen and over before 12 March 2026",
        [{**NOASM, "automatic": False}],
        begin="2026-03-11T10:00:00+05:00",
        until="2026-03-11T23:59:59+05:00",
    ),
    _case(
        "still open on 12 March 2026",
        [NOASM],
        begin="2026-03-11T10:00:00+05:00",
        until="2026-03-12T00:00:00+05:00",
    ),
    _case(
        "not yet a duty in 2022",
        [],
        begin="2022-12-31T10:00:00+06:00",
        until="2022-12-31T23:59:59+06:00",
    ),
    _case(
        "the duty begins at a midnight of the run",
        [{**NOASM, "automatic": False}],
        begin="2022-12-31T10:00:00+06:00",
        until="2023-01-01T00:00:00+06:00",
    ),
    *(
        _case(f"{name}: obliged", [NOASM], criteria=criteria)
        for name, criteria in (
            ("a coal station of 50 MW", STATION),
            (
                "a small coal station that emits 500 t",
                "{plant: station, fuel: solid, electric_mw: 1, gross_t_a: 500}",
            ),
            ("a gas station of 500 MW", "{plant: station, fuel: gas, electric_mw: 500}"),
            (
                "an oil boiler house of 116.3 MW",
                "{plant: boiler_house, fuel: liquid, thermal_mw: 116.3}",
            ),
            (
                "a gas boiler house of 1 395.6 MW",
                "{plant: boiler_house, fuel: gas, thermal_mw: 1395.6}",
            ),
            ("a kiln of 500 t", "{plant: other, gross_t_a: 500}"),
            ("500 t and nothing else known", "{gross_t_a: 500.0}"),
        )
    ),
    *(
        _case(f"{name}: not obliged", [], criteria=criteria)
        for name, criteria in (
            ("a coal station of 49.999 MW", "{plant: station, fuel: solid, electric_mw: 49.999}"),
            ("a gas station of 499.9 MW", "{plant: station, fuel: gas, electric_mw: 499.9}"),
            (
                "an oil boiler house of 116.299 MW",
                "{plant: boiler_house, fuel: liquid, thermal_mw: 116.299}",
            ),
            (
                "a gas boiler house of 1 395 MW",
                "{plant: boiler_house, fuel: gas, thermal_mw: 1395}",
            ),
            ("a kiln of 499.99 t", "{plant: other, gross_t_a: 499.99}"),
        )
    ),
    _case("a test stream is judged by no rule", [], extra="    test: true\n"),
)
