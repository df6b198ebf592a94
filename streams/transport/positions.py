"""How far a worker is in the partitions that it reads."""

from __future__ import annotations

from collections.abc import Collection

import faust
from faust.exceptions import ConsumerNotStarted

from streams.transport.driver import Consumer


def positions(app: faust.App, topics: Collection[str]) -> dict[tuple[str, int], int | None]:
    """The worker's partitions of the topics, each with its committed offset.

    Not what was acknowledged: a client whose commits hang gets nowhere, however busy it is. None
    while the offset is not known, or where nothing was ever committed.
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
