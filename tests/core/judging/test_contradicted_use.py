"""Whether the use of a device is contradicted does not depend on who starts again, and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.oracle import clock
from tests.oracle.cases.case import Case, line, lines, registry, source
from tests.support import core_run

DEVICES = (
    "        devices: [{name: A, serial: SN-1, verification: {number: V, on: 2026-01-01}},"
    " {name: B, serial: SN-2}]\n"
)
MOMENT = datetime.fromisoformat


def _log() -> Case:
    """A device that is not verified sends the first and the ninth minute; two others are told
    twice in between, so that what is contradicted is longer than what the device sent."""
    sent = lines("2026-05-04T10:00:00+05:00", 12, 60, SO2=1, device_serial="SN-1")
    for row in (sent[0], sent[8]):
        row["device_serial"] = "SN-2"
    again = [
        line(MOMENT(f"2026-05-04T10:0{minute}:00+05:00"), 60)
        | {"arrived_at": f"2026-05-04T10:0{minute + 1}:30+05:00", "SO2": 2, "device_serial": "SN-1"}
        for minute in (2, 6)
    ]
    kept = registry(source(cadence=60, extra=DEVICES))
    return Case("contradicted", kept, [*sent, *again], "2026-05-04T11:00:00+05:00")


def test_a_use_that_only_grew_is_not_asked_again(tmp_path: Path) -> None:
    case = _log()
    registered, readings = case.write(tmp_path)
    until = clock.timestamp(case.until or "")
    said = []
    for restart in (False, True):
        found = core_run.run(
            registered, readings, until, partitions=1, cut=core_run.by(1), restart=restart
        )
        said.append([v for v in found.violations.values() if v["rule"] == "KZ-VERIF"])
    assert said[0] == said[1]
    assert [each["automatic"] for each in said[0]] == [True]
