"""The dead-letter limit in its partition: fed by every message, saved with the state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.dead_letter_limit import OFF, LimitPolicy, Reached, Resumed, never
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.time.interval import HOUR
from tests.core.examples import CODEC, RULES, TOPIC, Log, enterprise, history, local, reading

AT = local("2026-03-11 18:00")
POLICY = LimitPolicy(share=0.5, records=12, run=6, senders=1)
KINDS = ("used", "used", "used", "again", "tick", "unknown", "garbage", "late")


def log_of(kinds: Sequence[str]) -> list[RawRecord]:
    """A message of each kind, in their order."""
    log = Log()
    last = reading(AT)
    for number, kind in enumerate(kinds):
        at = AT + number * 600_000
        if kind == "used":
            last = reading(at)
            log.add(last)
        elif kind == "again":
            log.add(last, at + 600_000)
        elif kind == "tick":
            log.tick(at + 600_000)
        elif kind == "unknown":
            log.add(reading(at, source_id="nobody"))
        elif kind == "late":
            log.add(reading(at - 100 * HOUR), at + 600_000)
        else:
            log.raw(at + 600_000, b"\x01garbage")
    return log.records


def engine(
    state: dict[str, bytes], limit: LimitPolicy = POLICY, resumed: Resumed = never
) -> PartitionProcessor:
    return PartitionProcessor(
        topic=TOPIC,
        partition=0,
        partitions=1,
        decode=CODEC.decode_readings,
        rules=RULES,
        policy=Policy(),
        registry=history(enterprise()),
        state=state,
        limit=limit,
        resumed=resumed,
    )


def run(
    records: Sequence[RawRecord], cuts: set[int], policy: LimitPolicy = POLICY
) -> Reached | None:
    """What reaches the limit; the worker starts anew for each batch."""
    state: dict[str, bytes] = {}
    for start, end in pairwise([0, *sorted(cuts), len(records)]):
        outcome = engine(state, policy).apply(records[start:end])
        if outcome.reached is not None:
            # nothing of it is saved: the next start meets the same batch and is held the same way
            assert engine(state, policy).apply(records[start:end]).reached == outcome.reached
            return outcome.reached
        state.update({key: value for key, value in outcome.state.items() if value is not None})
    return None


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=60), st.data())
def test_limit_is_independent_of_batch_boundaries(kinds: list[str], data: st.DataObject) -> None:
    records = log_of(kinds)
    inner = st.sets(st.integers(1, len(records) - 1)) if len(records) > 1 else st.just(set[int]())
    assert run(records, data.draw(inner)) == run(records, set())


def test_ticks_and_late_files_neither_count_nor_part_a_run() -> None:
    reached = run(log_of(["unknown", "tick", "late", "tick"] * 6), set())
    assert reached == Reached(True, 6, 6, "UNKNOWN_SOURCE", 6, 0, 20, 1)
    assert run(log_of(["late"] * 100), set()) is None


def test_what_could_be_used_parts_a_run() -> None:
    kinds = ["unknown"] * 5 + ["again"] + ["garbage"] * 5
    assert run(log_of(["used", *kinds]), set(), POLICY._replace(share=0.0)) is None
    assert run(log_of(["used", *kinds, "garbage"]), set(), POLICY._replace(share=0.0)) is not None


def test_off_it_is_neither_reached_nor_saved() -> None:
    outcome = engine({}, OFF).apply(log_of(["unknown"] * 50))
    assert outcome.reached is None
    assert "0/limit" not in outcome.state
    on = engine({}).apply(log_of(["used"]))
    assert "0/limit" in on.state


def test_one_noisy_source_never_holds_the_others() -> None:
    """However much comes of it, and whatever its messages lack."""
    for noise in ("unknown", "garbage"):
        kinds = [noise] * 500 + ["used"] * 3
        outcome = engine({}, POLICY._replace(senders=2)).apply(log_of(kinds))
        assert outcome.reached is None
        assert (outcome.used, len(outcome.dead_letters)) == (3, 500)


def test_where_people_went_on_it_is_not_reached_in_any_later_judging() -> None:
    records = log_of(["unknown"] * 11 + ["used"])
    first = engine({}).apply(records).reached
    assert first is not None
    later = engine({}, resumed=lambda offset: offset == first.offset).apply(records)
    assert (later.reached, later.used, len(later.dead_letters)) == (None, 1, 11)
    again = engine({}, resumed=lambda offset: offset == first.offset).apply(
        log_of(["unknown"] * 12)
    )
    assert again.reached is not None
    assert again.reached.first_offset == first.offset + 1
