"""Measure the work of inspectors: cases a day and region, and what passes within its term.

``python -m tests.bench.workload`` plans a month of the simulated nation, takes the violations that
its truth names, carries them through the cases of the pipeline, and lets inspectors work them off
in the order of `streams.core.cases.work`, a budget of items each working day. Nothing is timed:
the same seed prints the same table.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from emissions.cli.support.output import show_rows
from emissions.simulation.nation import Nation
from streams.core.cases.builder import Step, advance
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CaseScene, CaseSubject
from streams.core.cases.state import CaseState
from streams.core.cases.work import (
    OFFICIAL_TERMS,
    WorkItem,
    rank,
    running_terms,
    share_out,
    waits_for_a_person,
    weight_of,
)
from streams.core.records.case import DEFERRED, WITHDRAWN, AdministrativeCase
from streams.core.records.findings import violation_id
from streams.core.time.interval import DAY
from streams.core.time.local_clock import clock
from streams.rules.calendar import load_calendar
from streams.rules.payment import load_payment
from tests.core.cases.facts import closes, violation

ZONE = "Asia/Almaty"
AFTER = 14 * DAY
"""How long the log goes on after the last reading, so that every case opens."""


class Work(NamedTuple):
    """A case for the inspectors of a region: the local day on which it opened."""

    item: WorkItem
    track: str
    opened: date


def cases_of(nation: Nation) -> list[AdministrativeCase]:
    """Return the first opened revision of every case that the violations of the truth lead to."""
    calendar, payment = load_calendar("KZ"), load_payment()
    regions = {each.bin: each.region for each in nation.enterprises}
    owners = {source.id: each.bin for each in nation.enterprises for source in each.sources}
    subjects = defaultdict(list)
    for truth in nation.truth:
        if truth.outcome == "violation":
            bin_ = truth.bin or owners[truth.source_id or ""]
            subjects[bin_, truth.source_id].append(truth)
    opened: list[AdministrativeCase] = []
    for (bin_, source), truths in sorted(subjects.items(), key=str):
        found = []
        for truth in truths:
            one = violation(
                truth.code,
                truth.start,
                truth.end,
                id=violation_id(truth.code, source or bin_, truth.parameter, truth.start),
                bin=bin_,
                source_id=source,
                region=regions[bin_],
                parameter=truth.parameter,
                deferred_until=truth.deferred_until,
                automatic=truth.automatic is not False,
            )
            at = nation.start if source is None else one.start + DAY
            if one.end is not None and truth.code != "KZ-GAP":
                at = closes(one)
            found.append((at, one))
        subject = CaseSubject(bin_, source, ZONE)
        scene = CaseScene(subject, payment, calendar, MeasureHistory())
        state, now, published = CaseState(), nation.start, []
        for at, one in sorted(found, key=lambda pair: (pair[0], pair[1].id)):
            published += advance(scene, state, Step(now, max(at, now), (one,)))
            now = max(at, now)
        published += advance(scene, state, Step(now, nation.end + AFTER, tick=True))
        first: dict[str, AdministrativeCase] = {}
        for each in published:
            if each.state not in (DEFERRED, WITHDRAWN):
                first.setdefault(each.id, each)
        opened += first.values()
    return opened


def works_of(cases: Iterable[AdministrativeCase], *, review: bool) -> list[Work]:
    """Return what of the cases waits for a person; ``review``: as if each were to be reviewed."""
    local = clock(ZONE)
    return [
        Work(
            WorkItem(
                each.id,
                each.region,
                weight_of(each.track, each.part),
                each.detected_at,
                running_terms(each.due, None),
            ),
            each.track,
            local.date(each.opened_at),
        )
        for each in cases
        if each.opened_at is not None
        and waits_for_a_person("REVIEW" if review else each.state, each.track, None)
    ]


def worked_off(works: Sequence[Work], budget: int) -> dict[str, date]:
    """Return the day on which each item is done: ``budget`` items a region and working day."""
    calendar = load_calendar("KZ")
    done: dict[str, date] = {}
    day = min(each.opened for each in works)
    while len(done) < len(works):
        if calendar.is_working(day):
            for region in sorted({each.item.region for each in works}):
                waiting = [
                    each.item
                    for each in works
                    if each.item.region == region
                    and each.opened <= day
                    and each.item.id not in done
                ]
                for ranked in share_out(rank(waiting, day, calendar), budget)[0]:
                    done[ranked.item.id] = day
        day += timedelta(days=1)
    return done


def share_in_term(works: Sequence[Work], done: dict[str, date], track: str) -> float | None:
    """Return the share of a track that is done by the last day of the official's term."""
    kept = [
        done[each.item.id] <= day
        for each in works
        if each.track == track
        for day, term in each.item.due
        if term in OFFICIAL_TERMS
    ]
    return sum(kept) / len(kept) if kept else None


def spread(counts: Iterable[int]) -> str:
    """Format median, 95th percentile and maximum."""
    ordered = sorted(counts)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95)]
    return f"{at[0]} / {at[1]} / {ordered[-1]}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--density", type=float, default=1.0, help="multiplies the defects")
    parser.add_argument("--budgets", type=int, nargs="+", default=[1, 3, 12])
    told = parser.parse_args()
    nation = Nation(seed=told.seed, days=told.days, density=told.density)
    cases = cases_of(nation)
    figures = nation.summary()
    violations = sum(each.outcome == "violation" for each in nation.truth)
    print(
        f"{figures.obliged} enterprises, {figures.sources} sources, {told.days} days, "
        f"defects x {told.density:g}: {violations} violations, {len(cases)} cases "
        f"({Counter(each.track for each in cases)})"
    )
    rows = []
    for review in (False, True):
        works = works_of(cases, review=review)
        days = [
            min(each.opened for each in works) + timedelta(days=number)
            for number in range((max(w.opened for w in works) - min(w.opened for w in works)).days)
        ]
        regions = sorted({each.region for each in nation.enterprises})
        per = Counter((each.item.region, each.opened, each.track == "INSPECTION") for each in works)
        for budget in told.budgets:
            done = worked_off(works, budget)
            shares = {
                track: share_in_term(works, done, track)
                for track in ("PRESCRIPTION", "COURT", "INSPECTION")
            }
            rows.append(
                {
                    "for a person": "every case" if review else "court, inspection, review",
                    "items": len(works),
                    "cases a day and region": spread(
                        per[r, d, False] for r in regions for d in days
                    ),
                    "grounds": spread(per[r, d, True] for r in regions for d in days),
                    "budget": budget,
                    "waiting at most": max(
                        sum(w.opened <= d < done[w.item.id] for w in works if w.item.region == r)
                        for r in regions
                        for d in days
                    ),
                    **{
                        name.lower(): None if share is None else f"{share:.0%}"
                        for name, share in shares.items()
                    },
                }
            )
    show_rows(rows, tuple(rows[0]), "table", "Work of inspectors (median / 95 % / most)")


if __name__ == "__main__":
    main()
