"""Reads from ClickHouse the violations of no case yet, and tells when each case will open."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from emissions.explain.store import Store
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.pending import PendingCase, pending_cases
from streams.core.cases.rules import CASE_RULES, LONG_RUN, run_window_of
from streams.core.cases.scene import CasePolicy, CaseScene, CaseSubject
from streams.core.law.policy import Policy
from streams.core.time.interval import FOREVER
from streams.rules.calendar import load_calendar
from streams.rules.payment import load_payment

_LOOSE: Final = """
WITH taken AS (SELECT arrayJoin(arrayConcat(violations, absorbed)) AS id FROM cases_current)
SELECT id, rule, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(seen), id IN taken
FROM violations_current
INNER JOIN (
    SELECT id, min(detected_at) AS seen FROM violation_revisions GROUP BY id
) AS first USING (id)
WHERE rule IN {rules:Array(String)} AND (rule = {run:String} OR id NOT IN taken)
"""


def read_pending(store: Store, policy: Policy, terms: CasePolicy) -> list[PendingCase]:
    """Return the cases that are ahead as of what is stored, the one that opens first at the front.

    Moments are ms UTC. Late data, notices and measures may change each of them until it opens.
    """
    rows = store.rows(_LOOSE, rules=list(CASE_RULES), run=LONG_RUN)
    if not rows:
        return []
    starts = [row[2] for row in rows]
    found = store.violations(
        [str(row[0]) for row in rows],
        sorted({row[1] for row in rows}),
        min(starts),
        max(starts),
    )
    first_seen = {str(row[0]): int(row[3]) for row in rows}
    taken = {str(row[0]) for row in rows if row[4]}
    subjects = defaultdict(list)
    for each in found.values():
        subjects[each.bin, each.source_id].append(each)
    country = store.country
    payment, calendar = load_payment(), load_calendar(country.code)
    ahead: list[PendingCase] = []
    for (bin_, source_id), violations in subjects.items():
        entry = None
        if source_id is not None:
            entry = store.registered(bin_, source_id).last_known(source_id, FOREVER)
        subject = CaseSubject(bin_, source_id, country.zone)
        if entry is not None:
            window = run_window_of(entry.cadence_s)
            subject = subject._replace(zone=entry.zone, run_window=window)
        scene = CaseScene(subject, payment, calendar, MeasureHistory(), policy, terms)
        ahead += pending_cases(violations, first_seen, taken, scene)
    return sorted(ahead, key=lambda each: (each.opens_at, each.bin, each.source_id or ""))
