"""What must be the same however the log is cut into partitions: all but places in the log."""

from __future__ import annotations

from typing import Any

from emissions.replay.export import DEAD_LETTERS, ReplayResults

_OF_A_LETTER = ("reason", "source_id", "measured_at", "arrived_at")


def without_places(found: ReplayResults) -> dict[str, Any]:
    """Results without topic, partition and offset: in evidence and in dead letters."""
    at = [DEAD_LETTERS.index(name) for name in _OF_A_LETTER]
    return {
        **vars(found),
        "violations": {key: _violation(each) for key, each in found.violations.items()},
        "dead_letters": sorted(
            (tuple(row[n] for n in at) for row in found.dead_letters.values()), key=repr
        ),
    }


def _violation(record: dict[str, Any]) -> dict[str, Any]:
    evidence = sorted((each["readings"], each["sha256"]) for each in record["evidence"])
    return {**record, "evidence": evidence}
