"""A case made in this process, with everything that it was decided from, and the log it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from emissions.bundle.material import Material, Sealed, Value, bundle_of, entries_of
from emissions.explain.registrations import RegistrationMessage, registered
from schemas.definitions import packaged, packaged_ids
from schemas.reading import Reading
from streams.core.cases.builder import Step, advance
from streams.core.cases.measures import MeasureHistory, ReceivedMeasure
from streams.core.cases.scene import CaseScene, CaseSubject
from streams.core.cases.state import CaseState
from streams.core.evidence.bundle.manifest import Refused
from streams.core.evidence.checkpoint import Checkpoint, Proof
from streams.core.evidence.merkle import inclusion_proof, leaf_hash, root_of
from streams.core.evidence.note import LOG_KEY, PublicKey, note, sign
from streams.core.law.policy import Policy
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.measure import Measure
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.registry.avro import RECORD, enterprise_to_record
from streams.registry.measures import measure_to_record
from streams.rules.calendar import load_calendar
from streams.rules.country import home
from streams.rules.packed import pack_rules
from streams.rules.payment import load_payment
from streams.signing.ed25519 import SigningKey, key_of
from tests.core.examples import BIN, CODEC, RULES, TOPIC, Log, enterprise, local, reading, source
from tests.core.examples import engine as new_engine

DAY_START = local("2026-05-04")
NOON = DAY_START + 12 * HOUR
LOG_KEY_PAIR = key_of(bytes(range(32)))
SYSTEM_KEY_PAIR = key_of(bytes(range(32, 64)))
LOG_NAME = PublicKey("log.example/emissions", LOG_KEY, LOG_KEY_PAIR.public)
SYSTEM_NAME = PublicKey("example/emissions-bundles", LOG_KEY, SYSTEM_KEY_PAIR.public)
SCHEMAS = {number: packaged(file).text for number, file in packaged_ids().items()}


class Judged(NamedTuple):
    """Everything that was published about source A, and the messages it follows from."""

    registration: RegistrationMessage
    records: tuple[RawRecord, ...]
    refused: dict[int, str]
    violations: tuple[Violation, ...]
    cases: tuple[AdministrativeCase, ...]
    ticks: tuple[int, ...]
    measures: tuple[ReceivedMeasure, ...] = ()


def one_day(period_s: int = 60) -> Log:
    """A day of readings at 100 mg/m3, twice the limit in the half-hour from noon on.

    One reading comes half an hour late, one is sent twice, one again with another value.
    """
    log = Log().tick(DAY_START - MINUTE)
    late: Reading | None = None
    for at in range(DAY_START, DAY_START + DAY, period_s * 1000):
        value = 1050.0 if NOON <= at < NOON + 30 * MINUTE else 100.0 + at / 1000 % 7
        item = reading(at, period_s=period_s, values={"SO2": value})
        if at == NOON + 20 * MINUTE:
            late = item
            continue
        log.add(item)
        if at == NOON:
            log.add(item)
            log.add(msgspec.structs.replace(item, values={"SO2": 1.0}))
        if late is not None and at == NOON + HOUR:
            log.add(late, item.ends_at)
    at = log.records[-1].timestamp
    for hour in range(6 * 24):
        log.tick(at + hour * HOUR)
    return log


def judge(log: Log, works: Enterprise, measures: Sequence[ReceivedMeasure] = ()) -> Judged:
    """Judge a log, record by record where something happens, and count the cases of source A."""
    arrived = log.records[0].timestamp - DAY
    value = CODEC.encode(RECORD, enterprise_to_record(works))
    registration = RegistrationMessage("emissions.registry", 0, 7, arrived, value)
    notices = NoticeHistory(load_calendar("KZ"))
    registry = registered([registration], works.bin, CODEC, home(), notices)
    engine = new_engine(registry)
    history = MeasureHistory()
    for each in measures:
        history.add(each.measure, each.arrived_at)
    scene = CaseScene(
        CaseSubject(works.bin, "A", "Asia/Almaty"), load_payment(), load_calendar("KZ"), history
    )
    state, before = CaseState(), 0
    violations: list[Violation] = []
    cases: list[AdministrativeCase] = []
    refused: dict[int, str] = {}
    for batch in _batches(log.records):
        record = batch[-1]
        outcome = engine.apply(batch, save=False)
        own = [each for each in outcome.violations if each.source_id == "A"]
        refused |= {each.offset: each.reason for each in outcome.dead_letters}
        step = Step(
            before,
            max(before, record.timestamp),
            tuple(own),
            refused=tuple(each.timestamp for each in outcome.dead_letters),
            tick=record.key is None,
            late=frozenset((each.id, each.revision) for each in own if record.key is not None),
        )
        cases += advance(scene, state, step)
        before = step.at
        violations += own
    messages = tuple(each for each in log.records if each.key is not None)
    ticks = {each.detected_at for each in violations}
    return Judged(
        registration, messages, refused, tuple(violations), tuple(cases), tuple(sorted(ticks)),
        tuple(measures),
    )  # fmt: skip


def _batches(records: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
    """The quiet readings together, all others and ticks by themselves."""
    quiet: list[RawRecord] = []
    for record in records:
        if record.key is not None and not NOON <= record.timestamp < NOON + 2 * HOUR:
            quiet.append(record)
            continue
        if quiet:
            yield quiet
            quiet = []
        yield [record]
    if quiet:
        yield quiet


@cache
def minute_case() -> Judged:
    """The case of `one_day` with a reading a minute."""
    return judge(one_day(), enterprise(source("A", cadence_s=60)))


@cache
def measured_case() -> Judged:
    """The case of `minute_case`, on which officials decided.

    There was a fine on the source a year before, the case was delivered, and it was closed.
    """
    opened = next(each.opened_at for each in minute_case().cases if each.opened_at is not None)
    case = minute_case().cases[-1].id
    fine = Measure(
        "F-1", "FINE", BIN, source_id="A", article="328", part="1", imposed_on=date(2026, 1, 15)
    )
    delivered = Measure("D-1", "DELIVERED", BIN, case, delivered_at=opened + HOUR)
    decided = Measure("D-2", "DECIDED", BIN, case, closes=True)
    return judge(
        one_day(),
        enterprise(source("A", cadence_s=60)),
        [
            ReceivedMeasure(fine, DAY_START - DAY),
            ReceivedMeasure(delivered, opened + 2 * HOUR),
            ReceivedMeasure(decided, opened + 5 * HOUR),
        ],
    )


def measures_of(measures: Iterable[ReceivedMeasure]) -> tuple[RawRecord, ...]:
    """Measures as they stand on their topic."""
    return tuple(
        RawRecord(
            at,
            each.arrived_at,
            each.measure.id.encode(),
            CODEC.encode("Measure", measure_to_record(each.measure)),
            (),
        )
        for at, each in enumerate(measures)
    )


def roots_of(judged: Judged, *, final: bool = True) -> tuple[Value, ...]:
    """The root of the day, over the accepted messages."""
    seen: set[int] = set()
    values = []
    offsets = []
    for record in judged.records:
        item = CODEC.decode_reading(record.value)
        assert isinstance(item, Reading)
        if record.offset in judged.refused or item.measured_at in seen:
            continue
        seen.add(item.measured_at)
        values.append(record.value or b"")
        offsets.append(record.offset)
    fields: dict[str, Any] = {
        "source_id": "A",
        "bin": BIN,
        "day": "2026-05-04",
        "start": DAY_START,
        "end": DAY_START + DAY,
        "topic": TOPIC,
        "partition": 0,
        "first_offset": offsets[0],
        "last_offset": offsets[-1],
        "count": len(values),
        "root": root_of(map(leaf_hash, values)).hex(),
        "revision": 1,
        "final": final,
        "complete": True,
        "stream_time": DAY_START + 4 * DAY,
    }
    return (Value("A|2026-05-04", 1, CODEC.encode("SourceDayRoot", fields)),)


def values_of(name: str, items: Sequence[Any]) -> tuple[Value, ...]:
    """Records as they stand on their topic."""
    encode = CODEC.encoder(name)
    return tuple(Value(each.id, each.revision, encode(each)) for each in items)


def material_of(judged: Judged, **changes: Any) -> Material:
    """What a bundle of the last case is made of."""
    case = judged.cases[-1]
    plain: dict[str, Any] = {
        "subject": "case",
        "id": case.id,
        "revision": case.revision,
        "topic": TOPIC,
        "partition": 0,
        "source_id": "A",
        "bin": BIN,
        "cases": values_of(
            "AdministrativeCase", [each for each in judged.cases if each.id == case.id]
        ),
        "violations": values_of("Violation", judged.violations),
        "registrations": (judged.registration,),
        "rules": {RULES.version: pack_rules()},
        "schemas": SCHEMAS,
        "policy": Policy(),
        "roots": roots_of(judged),
        "raw": judged.records,
        "refused": tuple(Refused(*each) for each in sorted(judged.refused.items())),
        "ticks": judged.ticks,
        "measures": measures_of(judged.measures),
    }
    return Material(**(plain | changes))


def sealed(
    material: Material, key: SigningKey = LOG_KEY_PAIR, name: PublicKey = LOG_NAME
) -> Sealed:
    """A log with the records of a bundle among others, its checkpoint signed by ``key``."""
    others = [b"another entry %d" % number for number in range(300)]
    entries = [*others[:123], *entries_of(material), *others[123:]]
    hashes = [leaf_hash(each) for each in entries]
    log = Checkpoint(name.name, len(hashes), root_of(hashes))
    signed = note(log.text, [sign(log.text, name, key)])

    def subtree(level: int, number: int) -> bytes:
        return root_of(hashes[number << level : (number + 1) << level])

    def prove(wanted: Sequence[bytes]) -> Mapping[bytes, str]:
        found = {}
        for each in wanted:
            if each in entries:
                place = entries.index(each)
                path = inclusion_proof(subtree, place, len(hashes))
                found[each] = Proof(place, tuple(path), signed).text
        return found

    return Sealed(signed, (name,), prove)


def bundled(material: Material, **changes: Any) -> bytes:
    """The bundle of a material, in a log of its own and signed by the system's key."""
    signers = [(SYSTEM_NAME, SYSTEM_KEY_PAIR)]
    return bundle_of(
        material, changes.get("sealed", sealed(material)), changes.get("signers", signers)
    )


@cache
def minute_bundle() -> bytes:
    """The bundle of `minute_case`."""
    return bundled(material_of(minute_case()))


def main() -> None:
    """Write the bundle and the keys that signed it into the working directory."""
    Path("case.zip").write_bytes(minute_bundle())
    Path("keys.txt").write_text(f"{LOG_NAME.text}\n{SYSTEM_NAME.text}\n", "utf-8")
    print("case.zip and keys.txt are written")


if __name__ == "__main__":
    main()
