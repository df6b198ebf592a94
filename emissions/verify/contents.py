"""Reads what a bundle holds, by its own schemas: records, messages, registrations, the law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from emissions.explain.registrations import RegistrationMessage, registered
from schemas.codec import TICK, Codec
from schemas.definitions import Definition, define
from schemas.errors import Undecodable, UnknownSchema
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.cases.measures import MeasureHistory
from streams.core.evidence.bundle.check import Checked
from streams.core.evidence.bundle.manifest import Manifest, Record, schema_path
from streams.core.evidence.bundle.raw import RawFileError, read_records
from streams.core.explanation.facts import StoredMessage
from streams.core.explanation.rerun import Wire
from streams.core.law.country import Country
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation, WindowMean
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.errors import RegistryError
from streams.registry.measures import measure_from_record
from streams.rules.errors import RuleError
from streams.rules.packed import PackedRules, unpack_rules


class DayRoot(NamedTuple):
    """The root of the accepted messages of a source over ``[start, end)`` (ms)."""

    path: str
    start: int
    end: int
    readings: int
    root: str
    final: bool
    complete: bool


class Contents(NamedTuple):
    """What a bundle holds, decoded; ``laws`` by the version of the rules."""

    manifest: Manifest
    laws: Mapping[str, PackedRules]
    registry: RegistryHistory
    messages: tuple[StoredMessage, ...]
    means: tuple[WindowMean, ...]
    violations: tuple[Violation, ...]
    cases: tuple[AdministrativeCase, ...]
    roots: tuple[DayRoot, ...]
    measures: MeasureHistory
    wire: Wire


class _BundleIds(FileIds):
    """Resolves the ids of the schemas in a bundle, and this program's own."""

    def __init__(self, files: Mapping[str, bytes], manifest: Manifest) -> None:
        super().__init__()
        self._inside: dict[int, Definition] = {}
        for number in manifest.schemas:
            found = define(files[schema_path(number)].decode())
            if found is not None:
                self._inside[number] = found

    def schema_of(self, number: int) -> Definition | None:
        """Return the schema of an id."""
        return self._inside.get(number) or super().schema_of(number)


def read_contents(checked: Checked) -> Contents | None:
    """Decode a bundle whose bytes were checked; what cannot be read is a problem there."""
    manifest, files = checked.manifest, checked.files
    if manifest is None or any(each.code in ("MISSING", "MANIFEST") for each in checked.problems):
        return None
    try:
        codec = Codec(_BundleIds(files, manifest))
    except (ValueError, UnicodeDecodeError) as error:
        checked.add("RECORD", "schemas", f"a schema cannot be read: {error}")
        return None
    laws = _laws(checked, manifest)
    violations = tuple(_structs(checked, manifest, codec, Violation))
    cases = tuple(_structs(checked, manifest, codec, AdministrativeCase))
    if not laws or not (cases or violations):
        return None
    messages = _messages(checked, manifest, codec)
    law = laws[max(laws)]
    notices = NoticeHistory(law.calendar, manifest.times)
    for received in manifest.notices:
        notices.add(received.notice, received.arrived_at)
    bin_ = cases[-1].bin if cases else violations[-1].bin
    registry = registered(
        _registrations(checked, manifest, bin_), bin_, codec, law.rules.country, notices
    )
    if not registry.version:
        checked.add("REGISTRY", "records", f"there is no registration of {bin_}")
        return None
    wire = Wire(codec.decode_readings, codec.encode(TICK, {"sent_at": 0}))
    return Contents(
        manifest,
        laws,
        registry,
        messages,
        tuple(_means(checked, manifest, codec)),
        violations,
        cases,
        tuple(_roots(checked, manifest, codec)),
        _measures(checked, manifest, codec, law.rules.country),
        wire,
    )


def _laws(checked: Checked, manifest: Manifest) -> dict[str, PackedRules]:
    laws = {}
    for record in manifest.of_kind("rules"):
        try:
            law = unpack_rules(checked.files[record.path])
        except RuleError as error:
            checked.add("RULES", record.path, str(error))
            continue
        if law.rules.version != record.id:
            checked.add("RULES", record.path, f"it holds the rules {law.rules.version}")
            continue
        laws[record.id] = law
    if not laws:
        checked.add("RULES", "records", "there are no rules to judge by")
    return laws


def _decoded(checked: Checked, record: Record, codec: Codec, name: str) -> dict[str, Any] | None:
    try:
        found, fields = codec.decode(checked.files[record.path])
    except (Undecodable, UnknownSchema) as error:
        checked.add("RECORD", record.path, str(error))
        return None
    if found != name:
        checked.add("RECORD", record.path, f"it is a {found}")
        return None
    return fields


def _structs(checked: Checked, manifest: Manifest, codec: Codec, kind: type[Any]) -> list[Any]:
    """Decode the violations or cases; id and revision must be those that the manifest names."""
    found: list[Any] = []
    for record in manifest.of_kind("case" if kind is AdministrativeCase else "violation"):
        fields = _decoded(checked, record, codec, kind.__name__)
        if fields is None:
            continue
        try:
            value = msgspec.convert(fields, kind)
        except msgspec.ValidationError as error:
            checked.add("RECORD", record.path, str(error))
            continue
        if (value.id, value.revision) != (record.id, record.revision):
            checked.add("RECORD", record.path, f"it is revision {value.revision} of {value.id}")
            continue
        found.append(value)
    return sorted(found, key=lambda each: (each.id, each.revision))


def _registrations(checked: Checked, manifest: Manifest, bin_: str) -> list[RegistrationMessage]:
    found = [
        RegistrationMessage("", 0, offset, arrived, None) for offset, arrived in manifest.struck_off
    ]
    for record in manifest.of_kind("registration"):
        if record.id != bin_ or record.offset != record.revision or record.arrived_at is None:
            checked.add("REGISTRY", record.path, f"it is no registration of {bin_} with its place")
            continue
        value = checked.files[record.path]
        found.append(
            RegistrationMessage(
                record.topic, record.partition, record.offset, record.arrived_at, value
            )
        )
    return sorted(found, key=lambda each: (each.arrived_at, each.partition, each.offset))


def _messages(checked: Checked, manifest: Manifest, codec: Codec) -> tuple[StoredMessage, ...]:
    if manifest.raw is None:
        return ()
    try:
        records = read_records(checked.files[manifest.raw])
    except RawFileError as error:
        checked.add("MESSAGES", manifest.raw, str(error))
        return ()
    found = []
    for record in records:
        reading = codec.decode_reading(record.value)
        if not isinstance(reading, Reading) or reading.source_id != manifest.source_id:
            what = f"offset {record.offset} is no reading of {manifest.source_id}"
            checked.add("MESSAGES", manifest.raw, what)
            continue
        found.append(StoredMessage(record, reading))
    return tuple(found)


def _means(checked: Checked, manifest: Manifest, codec: Codec) -> list[WindowMean]:
    if manifest.means is None:
        return []
    try:
        return [
            msgspec.convert(codec.decode(record.value or b"")[1], WindowMean)
            for record in read_records(checked.files[manifest.means])
        ]
    except (RawFileError, Undecodable, UnknownSchema, msgspec.ValidationError) as error:
        checked.add("RECORD", manifest.means, str(error))
        return []


def _measures(
    checked: Checked, manifest: Manifest, codec: Codec, country: Country
) -> MeasureHistory:
    """Return what officials had told, each measure from its arrival on."""
    measures = MeasureHistory()
    if manifest.measures is None:
        return measures
    try:
        for record in read_records(checked.files[manifest.measures]):
            name, fields = codec.decode(record.value or b"")
            if name != "Measure":
                raise RegistryError(f"offset {record.offset} is a {name}")
            measure = measure_from_record(fields, country, record.timestamp)
            if record.key != measure.id.encode():
                raise RegistryError(f"the key of offset {record.offset} is not its id {measure.id}")
            measures.add(measure, record.timestamp)
    except (RawFileError, RegistryError, Undecodable, UnknownSchema) as error:
        checked.add("RECORD", manifest.measures, str(error))
    return measures


def _roots(checked: Checked, manifest: Manifest, codec: Codec) -> list[DayRoot]:
    found = []
    for record in manifest.of_kind("root"):
        fields = _decoded(checked, record, codec, "SourceDayRoot")
        if fields is None:
            continue
        identity = f"{fields['source_id']}|{fields['day']}"
        if (identity, fields["revision"]) != (record.id, record.revision):
            checked.add("RECORD", record.path, f"it is revision {fields['revision']} of {identity}")
        elif fields["source_id"] != manifest.source_id:
            checked.add("RECORD", record.path, f"it is a root of {fields['source_id']}")
        else:
            found.append(
                DayRoot(
                    record.path,
                    fields["start"],
                    fields["end"],
                    fields["count"],
                    fields["root"],
                    fields["final"],
                    fields["complete"],
                )
            )
    return found
