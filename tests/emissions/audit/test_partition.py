"""Ledger and evidence on logs that were judged: they add up, and each alteration is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from emissions.audit.evidence_check import EvidenceCheck
from emissions.audit.ledger_check import check_ledger
from emissions.audit.partition_log import DeadLetterDigest, PartitionLog, value_digest
from emissions.audit.root_check import RootCheck
from emissions.input.reading_row import ReadingRow
from schemas.reading import Reading
from streams.core.engine.outcome import Ledger
from streams.core.law.policy import Policy
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.registry.document import load_registry
from tests.emissions.audit.judged_log import CODEC, EXAMPLE, Judged, judged, judged_rows, nasty
from tests.schemas.examples import RECORDS
from tests.support.core_run import TOPIC, history, judge, logs

MINUTE = 60_000


@pytest.fixture(scope="module")
def whole() -> Judged:
    return judged(EXAMPLE / "registry.yaml", EXAMPLE / "input.csv")


@pytest.fixture
def example(whole: Judged) -> Judged:
    """The worked example, all in partition 1 but for the ticks, to be altered at will."""
    return whole.copy()


def ledger_differences(run: Judged, partition: int = 1) -> list[str]:
    return run.audit()[partition].differences


def test_the_worked_example_adds_up_and_every_evidence_matches(example: Judged) -> None:
    *ledgers, evidence, roots = example.audit()
    assert [check.differences for check in (*ledgers, evidence, roots)] == [[], [], [], []]
    assert ledgers[1].seen == (
        "3083 messages = 3080 used + 0 duplicates + 1 dead-lettered + 2 ticks"
    )
    sourced = [each for each in example.published.standing() if each["source_id"]]
    assert len(sourced) == 14
    assert evidence.seen == "14 of 14 violations recomputed"
    days = len(example.published.roots)
    assert days == 2
    assert roots.seen == f"{days} of {days} roots of days recomputed"


@pytest.mark.parametrize(
    "seed", [2, 3, 19, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (4, 10))]
)
def test_nasty_scenarios_add_up(seed: int, tmp_path: Path) -> None:
    assert [check.differences for check in nasty(seed, tmp_path).audit() if not check.holds] == []


def test_a_sample_is_no_more_than_asked_for(example: Judged) -> None:
    assert example.audit(sample=5)[-2].seen == "5 of 14 violations recomputed"


def the_letter(run: Judged) -> int:
    (offset,) = run.published.buried[1]
    return offset


def test_a_missing_dead_letter_is_named(example: Judged) -> None:
    offset = the_letter(example)
    example.published.buried[1].clear()
    assert ledger_differences(example) == [
        "1 dead-lettered, but 0 in the dead-letter topic",
        f"missing dead letters for offsets {offset}",
    ]


def test_an_unexpected_dead_letter_is_named(example: Judged) -> None:
    example.published.buried[1][7] = example.published.buried[1][the_letter(example)]
    wrong = ledger_differences(example)
    assert wrong[:2] == [
        "1 dead-lettered, but 2 in the dead-letter topic",
        "dead letters for usable messages at offsets 7",
    ]
    assert wrong[2] == "dead letters with other bytes than the messages at offsets 7"


def test_a_dead_letter_of_other_bytes_is_named(example: Judged) -> None:
    offset = the_letter(example)
    letter = example.published.buried[1][offset]
    example.published.buried[1][offset] = letter._replace(content=b"other")
    assert ledger_differences(example) == [
        f"dead letters with other bytes than the messages at offsets {offset}"
    ]


def test_a_lost_message_is_missed(example: Judged) -> None:
    lost = next(r for r in example.logs[1] if r.offset == 100)
    example.logs[1].remove(lost)
    assert ledger_differences(example) == [
        "3082 messages, but the ledger accounts for 3083",
        "used: 3080 in the ledger, 3079 in the log",
    ]


def test_a_ledger_that_counts_otherwise_is_found(example: Judged) -> None:
    example.ledgers[1].used -= 1
    example.ledgers[1].duplicates += 1
    assert ledger_differences(example) == [
        "used: 3079 in the ledger, 3080 in the log",
        "duplicates: 1 in the ledger, 0 in the log",
    ]


def test_what_was_committed_and_not_judged_is_named(example: Judged) -> None:
    wrong = example.audit(committed=3090)[1].differences
    assert wrong == ["offsets 3083-3089 are committed, but the ledger ends before them"]


def test_a_topic_that_ends_before_the_ledger_is_found(example: Judged) -> None:
    del example.logs[1][-2:]
    assert ledger_differences(example)[:2] == [
        "the ledger reaches offset 3083, but the topic ends at 3081",
        "3081 messages, but the ledger accounts for 3083",
    ]


def test_messages_still_to_take_are_no_difference(example: Judged) -> None:
    last = example.logs[1][-1]
    example.logs[1].append(last._replace(offset=last.offset + 1))
    check = example.audit()[1]
    assert check.holds
    assert check.seen.endswith("; 1 not judged yet")


def test_messages_that_are_kept_no_more_count_by_their_offsets(example: Judged) -> None:
    del example.logs[1][:1000]
    *ledgers, evidence, roots = example.audit()
    assert ledgers[1].differences == []
    assert ledgers[1].seen.endswith("; the first 1000 were deleted by retention")
    assert evidence.holds
    assert "rest on messages that were deleted" in evidence.seen
    assert roots.holds
    assert "rest on messages that were deleted" in roots.seen


def altered(run: Judged, offset: int, value: bytes | None) -> None:
    log = run.logs[1]
    log[offset] = log[offset]._replace(value=value)


def test_an_altered_message_breaks_the_evidence_that_rests_on_it(example: Judged) -> None:
    proof = next(
        proof
        for each in example.published.standing()
        for proof in each["evidence"]
        if each["rule"] == "KZ-30" and proof["topic"] == TOPIC
    )
    record = example.logs[1][proof["first_offset"]]
    reading = CODEC.decode_reading(record.value)
    assert isinstance(reading, Reading)
    parameter = next(iter(reading.values))
    _, fields = CODEC.decode(record.value or b"")
    fields["values"][parameter] += 0.5
    altered(example, record.offset, CODEC.encode("EmissionReading", fields))
    *ledgers, evidence, roots = example.audit()
    assert all(check.holds for check in ledgers)
    touched = [
        each["id"]
        for each in example.published.standing()
        if each["source_id"] == reading.source_id
        and each["start"] <= reading.measured_at < (each["end"] or 1 << 62)
    ]
    assert touched
    assert sorted(each.split()[0] for each in evidence.differences) == sorted(touched)
    assert all("is not that of its messages" in each for each in evidence.differences)
    (difference,) = roots.differences
    assert difference.startswith(f"{reading.source_id} 2026-")
    assert "is not that of its messages" in difference


def test_a_message_made_unreadable_is_missed_everywhere(example: Judged) -> None:
    proof = next(
        proof
        for each in example.published.standing()
        for proof in each["evidence"]
        if each["rule"] == "KZ-30" and proof["topic"] == TOPIC
    )
    offset = proof["first_offset"]
    altered(example, offset, b"\0nonsense")
    *ledgers, evidence, roots = example.audit()
    assert f"missing dead letters for offsets {offset}" in ledgers[1].differences
    assert any(
        f"rests on {proof['readings']} messages, the topic has {proof['readings'] - 1}" in each
        for each in evidence.differences
    )
    assert len(roots.differences) == 1


def test_a_root_over_fewer_messages_is_named(example: Judged) -> None:
    place, root = max(example.published.roots.items())
    changes = {"last_offset": root["first_offset"], "count": 1}
    roots = {**example.published.roots, place: {**root, **changes}}
    example.published = replace(example.published, roots=roots)
    (difference,) = example.audit()[-1].differences
    assert difference == (
        f"{place[0]} {place[1]} (revision {root['revision']}) lacks {root['count'] - 1} later "
        "messages of the day"
    )


def test_every_fate_is_told_apart() -> None:
    enterprises = list(load_registry(EXAMPLE / "registry.yaml"))
    source = enterprises[0].sources[0]
    start = 1_777_834_800_000

    def row(number: int, at: int, name: str = source.id, **values: float) -> ReadingRow:
        reading = Reading(name, at, source.cadence_s, "NORMAL", None, values, {})
        return ReadingRow(number, reading, start + 100 * MINUTE + number)

    run = judged_rows(
        enterprises,
        [
            row(1, start, SO2=1.0),
            row(2, start, SO2=1.0),  # a duplicate
            row(3, start, SO2=2.0),  # says something else
            row(4, start + 20 * MINUTE),  # nothing was sent
            row(5, start, "nobody"),
            row(6, start + 500 * MINUTE, SO2=1.0),  # from the future
        ],
    )
    run.logs[1].append(RawRecord(run.logs[1][-1].offset + 1, start, None, b"\0", ()))
    checks = run.audit()
    assert [check.differences for check in checks] == [[], [], [], []]
    letters = sum(len(buried) for buried in run.published.buried.values())
    assert letters == 3
    assert sum(ledger.used for ledger in run.ledgers) == 2
    assert sum(ledger.duplicates for ledger in run.ledgers) == 1


def test_messages_whose_timestamps_are_no_times_are_accounted_for() -> None:
    enterprises = list(load_registry(EXAMPLE / "registry.yaml"))
    (made,) = logs([], 0, 1)
    sent = CODEC.encode("EmissionReading", RECORDS["EmissionReading"])
    for arrival in (-1, 1 << 62, (1 << 63) - 1):
        for value in (made[0].value, None, sent):
            made.append(RawRecord(len(made), arrival, None, value, ()))
    _, outcomes = judge(history(enterprises), [made])
    saved = outcomes[-1].state["0/ledger"]
    assert saved is not None
    ledger = msgspec.msgpack.decode(saved, type=Ledger)
    buried = {
        letter.offset: DeadLetterDigest(letter.reason, value_digest(letter.value))
        for outcome in outcomes
        for letter in outcome.dead_letters
    }
    evidence = EvidenceCheck(0, [])
    log = PartitionLog(
        CODEC.decode_reading, history(enterprises), Policy(), Share(0, 1), buried, evidence,
        RootCheck(0, [], Policy().day_grace),
    )  # fmt: skip
    for record in made:
        log.take(record)
    assert check_ledger(0, ledger, log, buried, len(made), 0, len(made)).differences == []
    assert (ledger.dead_letters, ledger.ticks) == (9, 2)
