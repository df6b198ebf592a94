"""The whole calculation, from two files to the rows of an export."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.oracle import clock, input_reading, quality, registry_reading
from tests.oracle.detection import History, of_duties, of_source
from tests.oracle.duties import duties
from tests.oracle.evidence import Evidence
from tests.oracle.gaps import gaps
from tests.oracle.measures import read as read_measures
from tests.oracle.notices import read as read_notices
from tests.oracle.notices import told
from tests.oracle.rules import of_gaps, of_means
from tests.oracle.verification import of_devices
from tests.oracle.windows import means
from tests.oracle.year import of_years

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """The rows of the four files of an export directory, each as a mapping of its fields."""

    means: list[Row]
    gaps: list[Row]
    violations: list[Row]
    dead_letters: list[Row]
    cases: list[Row]
    duplicates: int
    until: int


def calculate(
    registry: Path,
    readings: Path,
    until: str | None = None,
    now: int | None = None,
    misplaced: Container[int] = (),
    observed: Callable[[str], int] | None = None,
    notices: Path | None = None,
    measures: Path | None = None,
    names: dict[str, str] | None = None,
    with_cases: bool = False,
) -> Export:
    """What a live system would hold at ``until`` (default: the latest arrival + 20 min).

    ``misplaced``: numbers of input rows that lie in a partition that is not their source's.
    ``observed``: from when the log of a source (or БИН) is observed; by default, as in a replay,
    from the earliest arrival, in every partition. ``notices``: a file of what operators tell;
    ``measures``: of what officials decided, ``names`` those of the cases that it names by id.
    ``with_cases``: cases too, which take longer than all else.
    """
    enterprises = registry_reading.read(registry)
    limit = None if until is None else clock.timestamp(until)
    rows, end = input_reading.read(readings, limit, int(time.time() * 1000) if now is None else now)
    sources = {source.id: source for owner in enterprises for source in owner.sources}
    judged = quality.classify(rows, sources, misplaced)
    notes = () if notices is None else read_notices(notices, end)
    told_of = [] if measures is None else read_measures(measures, names or {})
    decided = [each for each in told_of if each.arrival <= end]
    mean_rows, gap_rows, violations, case_rows = [], [], [], []
    first = next((row.arrival for row in rows if row.arrival is not None), end)
    since = observed or (lambda _: first)
    for owner in enterprises:
        found = duties(owner, since(owner.bin), end)
        violations += found
        if with_cases:
            case_rows += of_duties(owner, found, since(owner.bin), end, decided)
        for registered in () if owner.test else owner.sources:
            source, accepted = told(registered, judged.accepted[registered.id], notes, end)
            source_means = means(source, accepted, end)
            source_gaps = gaps(source, accepted, since(source.id), end)
            mean_rows += [_mean(mean) for mean in source_means]
            gap_rows += [_gap(gap) for gap in source_gaps]
            evidence = Evidence(source, accepted, judged.conflicts.get(source.id, []))
            found = of_means(evidence, source_means, end)
            found += of_gaps(evidence, source_gaps, end)
            found += of_devices(evidence, end)
            found += of_years(evidence, end)
            violations += found
            if not with_cases:
                continue
            history = History(registered, judged.accepted[registered.id], notes, since(source.id))
            refused = [  # of a message in another partition this one knows nothing
                row.arrival or 0
                for why, row in judged.dead
                if row.source_id == source.id and why != "WRONG_PARTITION"
            ]
            case_rows += of_source(owner, history, found, refused, end, decided)
    return Export(
        means=sorted(mean_rows, key=_mean_key),
        gaps=sorted(gap_rows, key=lambda gap: (gap["source_id"], gap["parameter"], gap["start"])),
        violations=sorted((_violation(violation) for violation in violations), key=_violation_key),
        dead_letters=sorted(
            ({"reason": why, "source_id": r.source_id, "row": r.number} for why, r in judged.dead),
            key=lambda letter: (letter["reason"], letter["row"]),
        ),
        cases=sorted(case_rows, key=lambda case: str(case["case"])),
        duplicates=judged.duplicates,
        until=end,
    )


def _mean(mean: Any) -> Row:
    names = ("source_id", "parameter", "unit", "window", "value", "valid_s", "due_s", "status")
    row = {name: getattr(mean, name) for name in names}
    limit = None if mean.limit is None else mean.limit.value
    return {**row, "start": clock.written(mean.start), "limit": limit, "revision": mean.revision}


def _mean_key(mean: Row) -> tuple[str, ...]:
    return tuple(mean[name] for name in ("source_id", "parameter", "unit", "window", "start"))


def _gap(gap: Any) -> Row:
    return {
        "source_id": gap.source_id,
        "parameter": gap.parameter or "",
        "start": clock.written(gap.start),
        "end": "" if gap.end is None else clock.written(gap.end),
        "status": "OPEN" if gap.end is None else "CLOSED",
    }


def _violation(violation: Any) -> Row:
    row = {**asdict(violation), "track": violation.track}
    del row["reasons"]
    for name in ("start", "end", "deferred_until"):
        row[name] = None if row[name] is None else clock.written(row[name])
    if row["automatic"] is None:
        del row["automatic"]  # not known to a batch calculation
    return row


def _violation_key(violation: Row) -> tuple[str, ...]:
    names = ("rule", "bin", "source_id", "parameter", "start")
    return tuple(violation[name] or "" for name in names)
