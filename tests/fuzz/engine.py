"""The judging code alone under fuzzed messages: every record, every sum, every output is looked at.

Runs the engines of all partitions as the deployed worker does (decode, judge, save, encode), and
beside them the audit's own account of where each message must have ended.
"""

from __future__ import annotations

import resource
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Final

import msgspec

from emissions.audit.evidence_check import EvidenceCheck
from emissions.audit.ledger_check import check_ledger
from emissions.audit.partition_log import DeadLetterDigest, PartitionLog, value_digest
from emissions.audit.root_check import RootCheck
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.outcome import Ledger, Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.rules.load import load_rules
from streams.runtime.outputs import OutcomeEncoder
from streams.settings import Settings
from tests.fuzz.traffic import Message
from tests.support.core_run import TOPIC, history

ALONE: Final = 50_000
"""A message of more bytes is a batch of its own, so that its time is known."""

LETTER_SPARE: Final = 8_000
"""A dead letter is at most so many bytes longer than all that its message brought."""

ITEM: Final = 900_000
"""No item of the state and no finding is longer: a record batch of the broker takes it."""


class Broken(AssertionError):  # noqa: N818 - what it says is the finding
    """A promise that a message has broken; says which and by which message."""


@dataclass
class Figures:
    """What a run did and what it took."""

    messages: int = 0
    seconds: float = 0.0
    used: int = 0
    duplicates: int = 0
    dead: int = 0
    ticks: int = 0
    outputs: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: str = ""
    """Processor time of the slowest message that was a batch of its own, and what it was."""
    slowest_batch_s: float = 0.0
    state_bytes: int = 0
    state_items: int = 0
    most_state_bytes: int = 0
    longest_item: int = 0
    memory: list[int] = field(default_factory=list)
    """Of the process, bytes: before, and after each quarter (what the audit remembers with it)."""


class Graves(Mapping[int, DeadLetterDigest]):
    """Dead letters by offset, in a few bytes each."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._reasons: list[str] = []
        self._numbers = array("B")
        self._contents = bytearray()

    def add(self, offset: int, letter: DeadLetterDigest) -> None:
        """Remember a letter."""
        if letter.reason not in self._reasons:
            self._reasons.append(letter.reason)
        self._places[offset] = len(self._numbers)
        self._numbers.append(self._reasons.index(letter.reason))
        self._contents += letter.content.ljust(16, b"\0")

    def __getitem__(self, offset: int) -> DeadLetterDigest:
        at = self._places[offset]
        content = bytes(self._contents[16 * at : 16 * at + 16])
        return DeadLetterDigest(self._reasons[self._numbers[at]], content.rstrip(b"\0") and content)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Partition:
    """One engine with its saved state, its dead letters and its audit."""

    def __init__(
        self,
        number: int,
        partitions: int,
        registry: RegistryHistory,
        codec: Codec,
        figures: Figures,
    ) -> None:
        self._number = number
        self._figures = figures
        self._codec = codec
        self._encode = OutcomeEncoder(self._codec, Settings(topic_readings=TOPIC))
        self._engine_args: dict[str, Any] = {
            "topic": TOPIC,
            "partition": number,
            "partitions": partitions,
            "decode": self._codec.decode_readings,
            "rules": load_rules(),
            "policy": Policy(),
            "registry": registry,
        }
        self._state: dict[str, bytes] = {}
        self._engine = PartitionProcessor(**self._engine_args, state={})
        self._graves = Graves()
        self._log = PartitionLog(
            codec.decode_reading,
            registry,
            Policy(),
            Share(number, partitions),
            self._graves,
            EvidenceCheck(number, []),
            RootCheck(number, [], Policy().day_grace),
        )
        self._end = 0
        self._waiting: list[tuple[RawRecord, str]] = []

    def give(self, message: Message, size: int) -> None:
        """Append a message to the log; a batch is judged when it is full."""
        record = RawRecord(
            self._end,
            message.timestamp,
            message.key,
            message.value,
            message.headers,
        )
        self._end += 1
        alone = len(message.value or b"") > ALONE
        if alone:
            self.judge()
        self._waiting.append((record, message.kind))
        if alone or len(self._waiting) >= size:
            self.judge()

    def judge(self) -> None:
        """Judge what waits, as one batch, and hold the outcome to every promise."""
        if not self._waiting:
            return
        records = [record for record, _ in self._waiting]
        kinds = [kind for _, kind in self._waiting]
        self._waiting = []
        began = time.process_time()
        outcome = self._engine.apply(records)
        outputs = self._encode(outcome)
        took = time.process_time() - began
        figures = self._figures
        if len(records) == 1 and took > figures.slowest_s:
            figures.slowest_s, figures.slowest = took, kinds[0]
        figures.slowest_batch_s = max(figures.slowest_batch_s, took)
        self._check(records, outcome)
        findings = len(outputs) - len(outcome.dead_letters)
        self._check_letters(records, outcome, [output.value for output in outputs[findings:]])
        for output in outputs[:findings]:
            self._fits(f"a finding of {output.topic}", len(output.key) + len(output.value))
        self._keep(outcome)
        for record in records:
            self._log.take(record)
        figures.messages += len(records)
        figures.outputs += len(outputs)

    def restart(self) -> None:
        """Go on with an engine built anew from the saved state."""
        self.judge()
        self._engine = PartitionProcessor(**self._engine_args, state=self._state)

    def close(self) -> None:
        """Judge the rest, and hold the whole ledger against the audit's account of the log."""
        self.judge()
        check = check_ledger(
            self._number, self._ledger(), self._log, self._graves, self._end, 0, self._end
        )
        if check.differences:
            raise Broken(f"partition {self._number}: {check.differences}")

    def _ledger(self) -> Ledger:
        saved = self._state.get(f"{self._number}/ledger")
        return Ledger() if saved is None else msgspec.msgpack.decode(saved, type=Ledger)

    def _check(self, records: list[RawRecord], outcome: Outcome) -> None:
        dead = len(outcome.dead_letters)
        found = outcome.used + outcome.duplicates + outcome.ticks + dead
        if found != len(records):
            raise Broken(f"{len(records)} messages from {records[0].offset} became {found}")
        figures = self._figures
        figures.used += outcome.used
        figures.duplicates += outcome.duplicates
        figures.ticks += outcome.ticks
        figures.dead += dead

    def _check_letters(
        self, records: list[RawRecord], outcome: Outcome, encoded: list[bytes]
    ) -> None:
        """Each letter, as it goes out, holds its message byte for byte."""
        by_offset = {record.offset: record for record in records}
        for letter, message in zip(outcome.dead_letters, encoded, strict=True):
            record = by_offset.pop(letter.offset)  # KeyError: one message, two letters
            name, fields = self._codec.decode(message)
            headers = [(header["name"], header["value"]) for header in fields["headers"]]
            same = (
                name == "DeadLetter"
                and fields["value"] == record.value
                and fields["key"] == record.key
                and fields["timestamp"] == record.timestamp
                and headers == [(name, value or b"") for name, value in record.headers]
            )
            if not same:
                raise Broken(f"the dead letter of offset {record.offset} is not its message")
            brought = len(record.value or b"") + len(record.key or b"")
            brought += sum(len(name) + len(value or b"") + 10 for name, value in record.headers)
            if len(message) > brought + LETTER_SPARE:
                raise Broken(f"{brought} bytes became a dead letter of {len(message)}")
            self._graves.add(
                letter.offset, DeadLetterDigest(letter.reason, value_digest(fields["value"]))
            )
            reasons = self._figures.reasons
            reasons[letter.reason] = reasons.get(letter.reason, 0) + 1

    def _fits(self, what: str, size: int) -> None:
        self._figures.longest_item = max(self._figures.longest_item, size)
        if size > ITEM:
            raise Broken(f"{what} has {size} bytes")

    def _keep(self, outcome: Outcome) -> None:
        figures = self._figures
        for key, value in outcome.state.items():
            before = self._state.pop(key, None)
            if before is not None:
                figures.state_bytes -= len(before) + len(key)
                figures.state_items -= 1
            if value is not None:
                self._fits(f"state {key[:80]}", len(key) + len(value))
                self._state[key] = value
                figures.state_bytes += len(value) + len(key)
                figures.state_items += 1
        figures.most_state_bytes = max(figures.most_state_bytes, figures.state_bytes)


def run(
    traffic: Iterable[Message],
    enterprises: list[Enterprise],
    messages: int,
    *,
    partitions: int,
    seed: int,
) -> Figures:
    """Judge so many messages; raises `Broken` at the first promise that does not hold."""
    figures, chance = Figures(), Random(seed)
    # A worker judges all its partitions with one codec and one registry.
    registry, codec = history(enterprises), Codec(FileIds())
    engines = [Partition(at, partitions, registry, codec, figures) for at in range(partitions)]
    figures.memory.append(resident())
    began = time.perf_counter()
    size = 200
    for number, message in enumerate(islice(traffic, messages)):
        engine = engines[message.partition]
        engine.give(message, size)
        if (number + 1) % max(messages // 4, 1) == 0:
            figures.memory.append(resident())
        if number % 5_000 == 0:
            size = chance.choice((1, 20, 200, 500, 2000))
            if chance.random() < 0.2:
                engine.restart()
    for engine in engines:
        engine.close()
    figures.seconds = time.perf_counter() - began
    return figures


def resident() -> int:
    """Memory of this process, bytes."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
