"""What a reading costs as the state of the allowed lateness grows to its full 72 hours.

In one process, by processor time: the judging core over days of the nation's load, in batches, its
state kept beside it as a worker keeps it.
"""

from __future__ import annotations

import time

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.rules.load import load_rules
from tests.bench.cloned_state import MINUTE
from tests.bench.data import DAY, HOUR, NATIONAL, partitioned, registered
from tests.bench.figures import Spread
from tests.bench.scale_table import Part, Row
from tests.support.core_run import history

BATCH = 500


def by_state(sources: int, hours: int, every: int) -> Part:
    """The cost of a reading in each stretch of ``every`` hours, and the state at its end."""
    until = DAY + hours * HOUR + 6 * MINUTE
    load = NATIONAL._replace(sources=sources, steps=hours * 60, until=until)
    log = [
        RawRecord(offset, message.arrived_at, message.key, message.value, ())
        for offset, message in enumerate(partitioned(load, Codec(FileIds()), 1)[0])
    ]
    state: dict[str, bytes] = {}
    engine = PartitionProcessor(
        topic="emissions.readings",
        partition=0,
        partitions=1,
        decode=Codec(FileIds()).decode_readings,
        rules=load_rules(),
        policy=Policy(),
        registry=history(registered(load)),
        state=state,
    )
    rows, spent, count = [], 0.0, 0
    border = DAY + every * HOUR
    for start in range(0, len(log), BATCH):
        batch = log[start : start + BATCH]
        began = time.process_time()
        outcome = engine.apply(batch)
        spent += time.process_time() - began
        count += len(batch)
        for key, value in outcome.state.items():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        if batch[-1].timestamp >= border or start + BATCH >= len(log):
            cost = spent * 1e6 / count
            hour = (border - DAY) // HOUR
            size = sum(map(len, state.values()))
            kept = sum("/hour/" in key for key in state) / sources
            note = f"{size / sources / 1000:.0f} kB a source, {kept:.0f} hours"
            what = f"hours {hour - every} to {hour}"
            rows.append(Row(what, count, None, Spread(cost, cost, cost), None, note))
            border, spent, count = border + every * HOUR, 0.0, 0
    return Part(f"the cost of a reading as state grows, {sources} sources, core alone", rows)
