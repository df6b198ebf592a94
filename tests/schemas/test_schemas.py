"""The schemas: documented, equal to the values of the core, and never broken for old messages."""

from __future__ import annotations

import json
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import msgspec.inspect
import pytest
from fastavro.utils import generate_many

from schemas.codec import Codec
from schemas.definitions import current, define, packaged, packaged_ids, same_on_the_wire
from schemas.ids import FileIds
from schemas.reading import STATES, Reading
from streams.core.records.advice import Advice
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import DataGap, DeadLetter, Finding, Violation, WindowMean
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.root import SourceDayRoot
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.measure import Measure
from streams.core.registry.notice import Notice
from tests.schemas.compatibility import incompatibilities
from tests.schemas.examples import RECORDS

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in (HERE / "history").iterdir())
HISTORY = sorted((HERE / "history").glob("*/*.avsc"))
GOLDEN = sorted((HERE / "golden").glob("*.hex"))

STRUCTS: dict[str, type[msgspec.Struct]] = {
    "EmissionReading": Reading,
    "EnterpriseRegistration": Enterprise,
    "WindowMean": WindowMean,
    "DataGap": DataGap,
    "Violation": Violation,
    "Finding": Finding,
    "DeadLetter": DeadLetter,
    "OperatorNotice": Notice,
    "NoticeVerdict": NoticeVerdict,
    "SourceDayRoot": SourceDayRoot,
    "Advice": Advice,
    "AdministrativeCase": AdministrativeCase,
    "Measure": Measure,
}


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every record and enum inside a schema, itself included."""
    if isinstance(schema, list):
        return [node for branch in schema for node in nodes(branch)]
    if not isinstance(schema, dict):
        return []
    inner = [node for key in ("type", "items", "values") for node in nodes(schema.get(key))]
    inner += [node for field in schema.get("fields", ()) for node in nodes(field["type"])]
    return [schema, *inner] if schema.get("type") in ("record", "enum") else inner


def shape(record: dict[str, Any]) -> list[tuple[str, bool]]:
    """Fields of a schema and whether they may be null."""
    return [
        (field["name"], isinstance(field["type"], list) and "null" in field["type"])
        for field in record["fields"]
    ]


def shape_of(struct: type[msgspec.Struct]) -> list[tuple[str, bool]]:
    """Fields of a struct and whether they may be None."""
    kind = msgspec.inspect.type_info(struct)
    assert isinstance(kind, msgspec.inspect.StructType)
    return [
        (
            field.encode_name,
            isinstance(field.type, msgspec.inspect.UnionType) and field.type.includes_none,
        )
        for field in kind.fields
    ]


@pytest.mark.parametrize("file", sorted(packaged_ids().values()))
def test_every_record_and_field_is_documented(file: str) -> None:
    text = files("schemas").joinpath(file).read_text("utf-8")
    for node in nodes(json.loads(text)):
        assert node["doc"].endswith("."), node["name"]
        for field in node.get("fields", ()):
            assert field["doc"].endswith("."), f"{node['name']}.{field['name']}"
            branches = field["type"] if isinstance(field["type"], list) else []
            if "null" in branches:
                assert "null" in field["doc"] or "empty" in field["doc"], field["name"]


def test_every_schema_file_has_an_id_and_a_record_of_its_own() -> None:
    avsc = {item.name for item in files("schemas").iterdir() if item.name.endswith(".avsc")}
    assert avsc == set(packaged_ids().values())
    assert set(current()) == set(RECORDS)


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_fields_are_those_of_the_struct(name: str) -> None:
    struct = STRUCTS[name]
    assert shape(current()[name].parsed) == shape_of(struct)


def test_nested_records_of_a_registration_have_the_fields_of_their_structs() -> None:
    import streams.core.registry.enterprise as registration

    parsed = current()["EnterpriseRegistration"].parsed
    found = {node["name"].rpartition(".")[2]: node for node in nodes(parsed)}
    found["Enterprise"] = found.pop("EnterpriseRegistration")
    assert len(found) == 15
    for name, node in found.items():
        assert shape(node) == shape_of(getattr(registration, name))


def test_states_are_those_of_the_core() -> None:
    (state,) = (node for node in nodes(current()["EmissionReading"].parsed) if "symbols" in node)
    assert tuple(state["symbols"]) == STATES


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_bytes_keep_decoding(path: Path) -> None:
    name = path.stem.partition(".")[0]
    decoded = Codec(FileIds()).decode(bytes.fromhex(path.read_text()))
    # A later schema may add fields with defaults; what was written stays what it was.
    message = bytes.fromhex(path.read_text())
    writer = packaged(packaged_ids()[int.from_bytes(message[1:5])])
    assert decoded[0] == writer.name == name
    written = fastavro.schemaless_reader(BytesIO(message[5:]), writer.parsed, None)
    assert _holds(decoded[1], written)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_golden_bytes_of_the_newest_version_are_what_is_written(name: str) -> None:
    newest = [path for path in GOLDEN if path.stem.partition(".")[0] == name][-1]
    assert Codec(FileIds()).encode(name, RECORDS[name]).hex() == newest.read_text().strip()


@pytest.mark.parametrize("path", HISTORY, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_current_schema_reads_everything_ever_written(path: Path) -> None:
    writer = define(path.read_text("utf-8"))
    assert writer is not None
    reader = current()[writer.name]
    assert incompatibilities(reader.parsed, writer.parsed) == []
    for record in generate_many(writer.parsed, 20):
        message = _written(writer.parsed, record)
        fastavro.schemaless_reader(message, writer.parsed, reader.parsed)


def test_the_history_ends_with_the_current_schemas() -> None:
    newest = {}
    for path in HISTORY:
        found = define(path.read_text("utf-8"))
        assert found is not None
        newest[found.name] = found
    assert set(newest) == set(current())
    for name, definition in current().items():
        assert same_on_the_wire(definition, newest[name]), (
            f"{name} changed: give it a new version in history/, ids.json and golden/"
        )


def _holds(decoded: Any, written: Any) -> bool:
    """Whether all that was written is in what was decoded; fields may have been added."""
    if isinstance(written, dict):
        return all(_holds(decoded[name], value) for name, value in written.items())
    if isinstance(written, list):
        return len(decoded) == len(written) and all(map(_holds, decoded, written))
    return bool(decoded == written)


def test_incompatible_changes_would_be_seen() -> None:
    def record(*fields: dict[str, Any]) -> Any:
        return fastavro.parse_schema({"type": "record", "name": "R", "fields": list(fields)})

    old = record({"name": "a", "type": "int"})
    cases = {
        "a field without default": record(
            {"name": "a", "type": "int"}, {"name": "b", "type": "int"}
        ),
        "another type": record({"name": "a", "type": "string"}),
        "a narrower type": record({"name": "a", "type": {"type": "array", "items": "int"}}),
    }
    for what, new in cases.items():
        assert incompatibilities(new, old), what
    for new in (
        old,
        record({"name": "a", "type": "long"}),
        record({"name": "a", "type": ["null", "double"]}),
        record({"name": "b", "type": "int", "default": 1}),
    ):
        assert incompatibilities(new, old) == []
    nullable = record({"name": "a", "type": ["null", "int"]})
    assert incompatibilities(old, nullable), "null can no longer be read"


def _written(schema: Any, record: Any) -> Any:
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    out.seek(0)
    return out
