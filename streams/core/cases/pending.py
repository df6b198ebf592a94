"""Tells which cases are still ahead: violations of no case yet, and when each episode opens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from streams.core.cases.episodes import due, episodes, runs_of
from streams.core.cases.facts import fact_of
from streams.core.cases.scene import CaseScene
from streams.core.records.findings import Violation


class PendingCase(NamedTuple):
    """A case that opens at ``opens_at`` (ms) if no late data change its violations until then.

    ``start`` and ``end`` (ms; None: it goes on) are those of its violations, whose ids it lists in
    the order of its episode.
    """

    bin: str
    source_id: str | None
    track: str
    act: str
    article: str
    start: int
    end: int | None
    violations: tuple[str, ...]
    opens_at: int


def pending_cases(
    violations: Collection[Violation],
    first_seen: Mapping[str, int],
    taken: Collection[str],
    scene: CaseScene,
) -> list[PendingCase]:
    """Return the cases that are ahead of one subject, the one that opens first before the others.

    ``violations`` are the last revisions of all violations of the subject, ``first_seen`` when the
    first revision of each was detected (ms), ``taken`` the ids of those that a case has.
    """
    facts = [
        fact
        for each in violations
        if (fact := fact_of(each, first_seen.get(each.id, each.detected_at))) is not None
    ]
    loose = [each for each in facts if each.id not in taken]
    found = []
    for episode in episodes(loose, runs_of(facts), scene):
        first, ends = episode[0], [each.end for each in episode]
        found.append(
            PendingCase(
                bin=scene.subject.bin,
                source_id=scene.subject.source_id,
                track=first.track,
                act=first.act,
                article=first.article,
                start=first.start,
                end=None if None in ends else max(end for end in ends if end is not None),
                violations=tuple(each.id for each in episode),
                opens_at=due(episode, scene),
            )
        )
    return sorted(found, key=lambda each: (each.opens_at, each.start, each.violations))
