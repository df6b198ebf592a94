"""KZ-VERIF: readings of a listed device beyond the dates of its verification (section 9)."""

from __future__ import annotations

from tests.oracle import clock
from tests.oracle.evidence import Evidence
from tests.oracle.input_reading import Row
from tests.oracle.quality import unverified
from tests.oracle.rules import AUTOMATIC, IN_FORCE, Violation, why


def of_devices(evidence: Evidence, until: int) -> list[Violation]:
    """One violation a listed device and stretch beyond its dates.

    It lasts from the first reading to the end of the last one's interval; readings are of one
    stretch where no verification of the device began or ended between them. It is over once
    a verification of the device begins; until then it is open.
    """
    source = evidence.source
    listed = {device.serial for device in source.devices}
    in_force = clock.midnight(source.zone, IN_FORCE)
    stretches: dict[tuple[str, int], list[Row]] = {}
    for row in evidence.rows:
        if row.serial not in listed or row.start < in_force:
            continue
        if unverified(row, source):
            before = sum(d.serial == row.serial and d.end <= row.start for d in source.devices)
            stretches.setdefault((row.serial, before), []).append(row)
    found = []
    for (serial, _), rows in stretches.items():
        start, end = rows[0].start, rows[-1].end
        closed = any(
            device.serial == serial and start < device.start <= until for device in source.devices
        )
        sure: bool | None = any(not evidence.contradicted(row.start, row.end) for row in rows)
        if sure != (evidence.disputed(start, end) < sum(row.end - row.start for row in rows)):
            sure = None  # of a part of the slots between: left to the log
        automatic_from = clock.midnight(source.zone, AUTOMATIC)
        found.append(
            Violation(
                status="CLOSED" if closed else "OPEN",
                rule="KZ-VERIF",
                bin=source.bin,
                source_id=source.id,
                parameter=None,
                unit=None,
                start=start,
                end=end,
                value=None,
                validated_value=None,
                limit=None,
                ratio=None,
                reasons=None
                if sure is None
                else why(
                    early=not (end > automatic_from if closed else until >= automatic_from),
                    unverified=False,
                    contradicted=not sure,
                ),
                automatic=sure and (end > automatic_from if closed else until >= automatic_from),
            )
        )
    return found
