"""KZ-VERIF: readings of listed devices beyond the dates of their verification (section 9)."""

from collections.abc import Sequence

from tests.oracle.cases.case import Case, Row, lines, registry, source


def _device(serial: str, on: str | None = None, until: str | None = None) -> str:
    end = "" if until is None else f", until: {until}"
    kept = "" if on is None else f", verification: {{number: V, on: {on}{end}}}"
    return f"{{name: A, serial: {serial}{kept}}}"


def _case(
    name: str,
    devices: Sequence[str],
    rows: Sequence[Row],
    violations: Sequence[Row],
    until: str = "2026-05-06T00:00:00+05:00",
) -> Case:
    listed = f"        devices: [{', '.join(devices)}]\n"
    named = [{"rule": "KZ-VERIF", "parameter": None, "value": None, **each} for each in violations]
    return Case(name, registry(source(cadence=3600, extra=listed)), rows, until, violations=named)


def _hours(begin: str, count: int, serial: str = "SN-1", **more: object) -> list[Row]:
    return lines(f"{begin}:00:00+05:00", count, 3600, SO2=1, serial=serial, **more)


ENDS = _device("SN-1", "2025-05-05", "2026-05-05")
CASES = (
    _case(
        "from the first reading beyond its dates on, as long as it is not verified again",
        [ENDS],
        _hours("2026-05-04T22", 5),
        [
            {
                "source_id": "A",
                "start": "2026-05-04T19:00:00Z",
                "end": "2026-05-04T22:00:00Z",
                "unit": None,
                "limit": None,
                "ratio": None,
                "validated_value": None,
                "excess_mass_t": None,
                "status": "OPEN",
                "automatic": True,
                "track": "PRESCRIPTION",
            }
        ],
    ),
    _case("the last reading that began in time is in time", [ENDS], _hours("2026-05-04T20", 4), []),
    _case("an unlisted device is none", [ENDS], _hours("2026-05-05T00", 3, "SN-9"), []),
    _case("nor is a reading that names no device", [ENDS], _hours("2026-05-05T00", 3, ""), []),
    _case(
        "each device by itself",
        [ENDS, _device("SN-2", "2025-05-05", "2026-05-04")],
        [*_hours("2026-05-05T00", 2), *_hours("2026-05-05T02", 1, "SN-2")],
        [
            {"start": "2026-05-04T19:00:00Z", "end": "2026-05-04T21:00:00Z"},
            {"start": "2026-05-04T21:00:00Z", "end": "2026-05-04T22:00:00Z"},
        ],
    ),
    _case(
        "a verification that begins ends it",
        [_device("SN-1", "2026-05-05")],
        _hours("2026-05-04T22", 4),
        [{"start": "2026-05-04T17:00:00Z", "end": "2026-05-04T19:00:00Z", "status": "CLOSED"}],
    ),
    _case(
        "a device that is listed twice, with a hole between its verifications",
        [_device("SN-1", "2025-01-01", "2026-05-04"), _device("SN-1", "2026-05-05", "2027-05-05")],
        _hours("2026-05-03T22", 30),
        [{"start": "2026-05-03T19:00:00Z", "end": "2026-05-04T19:00:00Z", "status": "CLOSED"}],
    ),
    _case(
        "a later lapse is another violation",
        [_device("SN-1", "2026-05-04", "2026-05-05")],
        [
            *_hours("2026-05-03T23", 1),
            *_hours("2026-05-04T01", 1),
            *_hours("2026-05-05T01", 1),
        ],
        [
            {"start": "2026-05-03T18:00:00Z", "end": "2026-05-03T19:00:00Z", "status": "CLOSED"},
            {"start": "2026-05-04T20:00:00Z", "end": "2026-05-04T21:00:00Z", "status": "OPEN"},
        ],
    ),
    _case(
        "late readings move its beginning",
        [ENDS],
        [
            *_hours("2026-05-05T03", 1),
            *_hours("2026-05-05T01", 1, arrival="2026-05-05T09:00:00+05:00"),
        ],
        [{"start": "2026-05-04T20:00:00Z", "end": "2026-05-04T23:00:00Z"}],
    ),
    _case(
        "a reading that is not accepted is none",
        [ENDS],
        _hours("2026-05-05T00", 1, arrival="2026-05-08T01:00:01+05:00"),
        [],
        "2026-05-09T00:00:00+05:00",
    ),
    _case(
        "automatic from the midnight of 12 March 2026 on, as long as it is open",
        [_device("SN-1", "2025-03-01", "2026-03-01")],
        _hours("2026-03-11T20", 1),
        [{"automatic": True}],
        "2026-03-12T00:00:00+05:00",
    ),
    _case(
        "not a second earlier",
        [_device("SN-1", "2025-03-01", "2026-03-01")],
        _hours("2026-03-11T20", 1),
        [{"automatic": False}],
        "2026-03-11T23:59:59+05:00",
    ),
    _case(
        "not when it is over at that midnight",
        [_device("SN-1", "2026-03-12")],
        _hours("2026-03-11T23", 2),
        [{"automatic": False, "status": "CLOSED"}],
        "2026-03-12T02:00:00+05:00",
    ),
)
