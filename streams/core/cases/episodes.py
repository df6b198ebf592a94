"""Forms episodes of violations, and says when a case of one opens (specification 12).

Violations of one track and article follow each other into an episode; those of outages, duties,
years and verifications are an episode each. Half hours and hours of mass flow that lie wholly in a
run of the same parameter go with it and into no other episode.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import groupby
from typing import Final

from streams.core.cases.rules import CASE_RULES, HALF_HOUR, LONG_RUN, MASS_FLOW, ripe_at
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import Fact, order
from streams.core.time.interval import BEGINNING, HOUR
from streams.core.time.local_clock import clock, midnight

_SETTLED: Final = 4 * HOUR
"""After the last day of an episode it is known which runs began in it."""


def covered_by(fact: Fact, runs: Iterable[Fact]) -> Fact | None:
    """Return the run that a half hour or an hour of mass flow lies wholly in, None without one."""
    if fact.rule not in (HALF_HOUR, MASS_FLOW) or fact.end is None:
        return None
    for run in runs:
        inside = run.start <= fact.start and run.end is not None and fact.end <= run.end
        if inside and run.stands and run.parameter == fact.parameter:
            return run
    return None


def runs_of(facts: Iterable[Fact]) -> list[Fact]:
    """List the runs among violations that stand."""
    return [each for each in facts if each.rule == LONG_RUN and each.stands]


def episodes(facts: Collection[Fact], runs: Collection[Fact], scene: CaseScene) -> list[list[Fact]]:
    """Form the episodes of violations that are of no case yet; ``runs`` are all that stand."""
    loose = [each for each in facts if each.stands and covered_by(each, runs) is None]
    loose.sort(key=lambda each: (each.track, each.act, each.article, *order(each)))
    found: list[list[Fact]] = []
    for _, group in groupby(loose, key=lambda each: (each.track, each.act, each.article)):
        current: list[Fact] = []
        near = limit = BEGINNING  # of the current one: what starts before, and ends by then, joins
        for fact in group:
            if CASE_RULES[fact.rule].alone:
                found.append([fact])
                continue
            if fact.start < near and fact.end is not None and fact.end <= limit:
                current.append(fact)
            else:
                current, near, limit = [fact], BEGINNING, _limit(fact, scene)
                found.append(current)
            near = max(near, _end(fact) + scene.terms.episode_gap)
    return found


def due(episode: Collection[Fact], scene: CaseScene) -> int:
    """Return the moment at which the case of an episode opens, as far as is known (ms)."""
    ripe = max(
        ripe_at(
            CASE_RULES[each.rule],
            each.start,
            each.end,
            each.first_seen,
            scene.policy,
            scene.subject.run_window,
        )
        for each in episode
    )
    first = next(iter(episode))
    if CASE_RULES[first.rule].alone:
        return ripe
    last = max(map(_end, episode)) + scene.terms.episode_gap
    free = clock(scene.subject.zone).day(last)[1]
    free = min(free, _limit(first, scene) + _SETTLED) + scene.policy.max_lateness
    return max(ripe, free)


def _end(fact: Fact) -> int:
    return fact.start if fact.end is None else fact.end


def _limit(first: Fact, scene: CaseScene) -> int:
    """Return the local midnight that ends an episode at the latest."""
    zone = scene.subject.zone
    day = clock(zone).date(first.start) + timedelta(days=scene.policy.episode_max)
    return midnight(zone, day)
