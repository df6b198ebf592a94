"""Committed offsets of the partitions that a worker owns."""

from __future__ import annotations

from collections.abc import Collection

import faust
from faust.exceptions import ConsumerNotStarted

from streams.transport.driver import Consumer


def positions(app: faust.App, topics: Collection[str]) -> dict[tuple[str, int], int | None]:
    """Return the committed offset of each partition of the topics that this worker owns.

    Committed, not acknowledged: a consumer whose commits hang makes no progress, however busy it
    is. None while the offset is unknown, or where none was ever committed.
    """
    if not app.started:
        return {}
    consumer: Consumer = app.consumer
    try:
        assigned = consumer.assignment()
    except ConsumerNotStarted:
        return {}
    committed = consumer._committed_offset
    return {(tp.topic, tp.partition): committed.get(tp) for tp in assigned if tp.topic in topics}
