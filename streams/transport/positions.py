"""How far a worker is in the partitions that it reads."""

from __future__ import annotations

from collections.abc import Collection

import faust
from faust.exceptions import ConsumerNotStarted

from streams.transport.driver import Consumer


def positions(app: faust.App, topics: Collection[str]) -> dict[tuple[str, int], int | None]:
    """The worker's partitions of the topics, each with the offset after the last acknowledged one.

    Before anything was acknowledged since the partition came, that is the committed offset; None
    while that is not known, or where nothing was ever committed.
    """
    if not app.started:
        return {}
    consumer: Consumer = app.consumer
    try:
        assigned = consumer.assignment()
    except ConsumerNotStarted:
        return {}
    found: dict[tuple[str, int], int | None] = {}
    for tp in assigned:
        if tp.topic in topics:
            ledger = consumer._ledgers.get(tp)
            at = None if ledger is None else ledger.committable
            found[tp.topic, tp.partition] = consumer._committed_offset.get(tp) if at is None else at
    return found
