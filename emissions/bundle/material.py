"""What a bundle is made of, and the file that it becomes: the same bytes whenever it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata, resources
from typing import Final, Literal, NamedTuple

from emissions.explain.registrations import RegistrationMessage
from streams.core.cases.scene import CasePolicy
from streams.core.evidence.bundle.files import CHECKPOINT, GUIDE, STAMP, assemble
from streams.core.evidence.bundle.manifest import (
    RAW,
    RECORDS,
    EarlierRevision,
    Manifest,
    Record,
    Refused,
    policy_of,
    schema_path,
)
from streams.core.evidence.bundle.raw import write_records
from streams.core.evidence.leaf import LeafKind, LeafSalts
from streams.core.evidence.note import PublicKey, Sign
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.registry.notice import ReceivedNotice

_MEANS: Final = "means.bin"
_MEASURES: Final = "measures.bin"
_FRAME: Final = 5  # bytes of a message before its Avro body; four of them are the schema's id


class NotSealedError(LookupError):
    """A record is not in the log yet, or never; the text says which and what to do."""


class Sealed(NamedTuple):
    """What the log gives for a bundle: the signed checkpoint, its stamp, its keys, its proofs.

    ``prove`` returns the text of the proof of an entry, None where the entry is not in the log.
    """

    checkpoint: str
    keys: tuple[PublicKey, ...]
    prove: Callable[[Sequence[bytes]], Mapping[bytes, str]]
    stamp: bytes | None = None


class Value(NamedTuple):
    """A record as it stands on its topic: its id, revision and bytes."""

    id: str
    revision: int
    value: bytes


@dataclass(frozen=True)
class Material:
    """The subject and what was decided from; values are the bytes of the topics.

    ``raw`` are the messages of one source in the order of offsets, ``measures`` those of officials;
    ``schemas`` gives the text of a schema by its id; ``rules`` are packed sets by version.
    """

    subject: Literal["case", "violation"]
    id: str
    revision: int
    topic: str
    partition: int
    source_id: str | None
    bin: str
    violations: tuple[Value, ...]
    registrations: tuple[RegistrationMessage, ...]
    rules: Mapping[str, bytes]
    schemas: Mapping[int, str]
    policy: Policy
    cases: tuple[Value, ...] = ()
    roots: tuple[Value, ...] = ()
    raw: tuple[RawRecord, ...] = ()
    refused: tuple[Refused, ...] = ()
    means: tuple[RawRecord, ...] = ()
    ticks: tuple[int, ...] = ()
    terms: CasePolicy = field(default_factory=CasePolicy)
    notices: tuple[ReceivedNotice, ...] = ()
    measures: tuple[RawRecord, ...] = ()
    earlier: tuple[EarlierRevision, ...] = ()
    extra: Mapping[str, bytes] = field(default_factory=dict)
    salts: LeafSalts = field(default_factory=LeafSalts)


def bundle_of(
    material: Material,
    sealed: Sealed | None,
    signers: Iterable[tuple[PublicKey, Sign]] = (),
) -> bytes:
    """Make the bundle; without ``sealed`` it proves nothing, and says so.

    Raises NotSealedError where a record is not in the log.
    """
    files: dict[str, bytes] = {GUIDE: _guide(), **material.extra}
    records = []
    for record, content in _records(material):
        files[record.path] = content
        records.append(record)
    schemas = _schemas(material, files, records)
    files |= {schema_path(number): text.encode() for number, text in schemas.items()}
    raw = f"{RAW}{material.topic}-{material.partition}.bin" if material.raw else None
    if raw is not None:
        files[raw] = write_records(material.raw)
    if material.means:
        files[_MEANS] = write_records(material.means)
    if material.measures:
        files[_MEASURES] = write_records(material.measures)
    manifest = Manifest(
        subject=material.subject,
        id=material.id,
        revision=material.revision,
        program=f"emission-streams {metadata.version('emission-streams')}",
        topic=material.topic,
        partition=material.partition,
        source_id=material.source_id,
        raw=raw,
        means=_MEANS if material.means else None,
        records=tuple(sorted(records, key=lambda each: each.path)),
        schemas=tuple(sorted(schemas)),
        ticks=tuple(sorted(set(material.ticks))),
        policy=policy_of(material.policy),
        terms=material.terms,
        refused=material.refused,
        struck_off=tuple(
            (each.offset, each.arrived_at) for each in material.registrations if each.value is None
        ),
        notices=material.notices,
        measures=_MEASURES if material.measures else None,
        earlier=material.earlier,
        sealed=sealed is not None,
    )
    keys: tuple[PublicKey, ...] = ()
    if sealed is not None:
        keys = sealed.keys
        files |= _proofs(sealed, manifest, files)
        files[CHECKPOINT] = sealed.checkpoint.encode()
        if sealed.stamp is not None:
            files[STAMP] = sealed.stamp
    return assemble(manifest, files, keys, signers)


def entries_of(material: Material) -> list[bytes]:
    """Return the entries of the log that a bundle's records must be."""
    return [record.leaf(content).entry() for record, content in _records(material)]


def _records(material: Material) -> Iterator[tuple[Record, bytes]]:
    """Yield every record that is a leaf of the log, with its bytes."""
    salts = material.salts
    for case in material.cases:
        yield _placed("case", f"{case.id}-{case.revision}", case, salts=salts)
    for violation in material.violations:
        name = f"{violation.id}-{violation.revision}"
        yield _placed("violation", name, violation, salts=salts)
    for root in material.roots:
        yield _placed("root", f"{root.id.rpartition('|')[2]}-{root.revision}", root)
    for version, packed in material.rules.items():
        yield _placed("rules", version, Value(version, 1, packed), "yaml")
    for each in material.registrations:
        if each.value is None:
            continue
        path = f"{RECORDS}registration/{each.partition}-{each.offset}.avro"
        yield (
            Record(
                path,
                "registration",
                material.bin,
                each.offset,
                each.topic,
                each.partition,
                each.offset,
                each.arrived_at,
            ),
            each.value,
        )


def _placed(
    kind: LeafKind,
    name: str,
    value: Value,
    suffix: str = "avro",
    salts: LeafSalts = LeafSalts(),  # noqa: B008 (it cannot be changed)
) -> tuple[Record, bytes]:
    salt = salts.of(kind, value.id, value.revision).hex()
    path = f"{RECORDS}{kind}/{name}.{suffix}"
    return Record(path, kind, value.id, value.revision, salt=salt), value.value


def _guide() -> bytes:
    return resources.files("emissions.bundle").joinpath(GUIDE).read_bytes()


def _schemas(
    material: Material, files: Mapping[str, bytes], records: Sequence[Record]
) -> dict[int, str]:
    """Return the schemas that the messages were written with, as far as they are known."""
    values = [files[each.path] for each in records if each.kind != "rules"]
    messages = (*material.raw, *material.means, *material.measures)
    values += [each.value for each in messages if each.value is not None]
    numbers = {int.from_bytes(each[1:_FRAME]) for each in values if len(each) >= _FRAME}
    return {number: material.schemas[number] for number in numbers if number in material.schemas}


def _proofs(sealed: Sealed, manifest: Manifest, files: Mapping[str, bytes]) -> dict[str, bytes]:
    entries = {each: each.leaf(files[each.path]).entry() for each in manifest.records}
    found = sealed.prove(list(entries.values()))
    proofs = {}
    for record, entry in entries.items():
        proof = found.get(entry)
        if proof is None:
            raise NotSealedError(
                f"the {record.kind} {record.id} (revision {record.revision}) is not in the log as "
                "it is stored; where it is new, try again after the next checkpoint, else "
                "`emissions audit` says what differs"
            )
        proofs[record.proof] = proof.encode()
    return proofs
