"""The export on ClickHouse: days, what has changed, a crash amid it, and what nobody may take."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.open_data.catalogue import path_of
from emissions.open_data.export import OpenDataError, export, read_manifest
from sinks.batch import Batch
from sinks.clickhouse import client
from sinks.tables import ENTERPRISES, GAPS, MEANS, REGISTRY
from tests.sinks.make import DAY, HOUR, MARCH, batch, entry, gap, mean
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse

pytestmark = pytest.mark.process

NOW = datetime(2026, 6, 15, 7, 30, tzinfo=UTC)
SOURCE = "000000000001-0"
TEST_SOURCE = "000000000002-0"


@pytest.fixture
def database(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """Two days of hourly means, a gap, and a test stream beside them."""
    made = TestClickHouse(clickhouse_server)
    means = [
        mean(source_id=source, start=MARCH + day * DAY + n * HOUR, value=100.0 + n)
        for day in range(2)
        for n in range(3)
        for source in (SOURCE, TEST_SOURCE)
    ]
    firms = [enterprise(1, [BIG]), enterprise(2, [BIG], test=True)]

    async def fill() -> None:
        await write(made, (ENTERPRISES, REGISTRY), batch(firms, "emissions.registry"))
        await write(made, (MEANS,), of(means, "emissions.means"))
        await write(
            made, (GAPS,), of([gap(MARCH, MARCH + HOUR, source_id=SOURCE)], "emissions.gaps")
        )

    asyncio.run(fill())
    yield made
    made.close()


def of(records: list[dict[str, Any]], topic: str, first: int = 0) -> Batch:
    return batch([entry(first + n, each) for n, each in enumerate(records)], topic)


def sums(directory: Path) -> dict[str, str]:
    lines = (directory / "SHA256SUMS").read_text().splitlines()
    return {path: sha for sha, _, path in (line.partition("  ") for line in lines)}


def check(directory: Path) -> None:
    """Hold every file of a directory to its checksum, and every checksum to a file."""
    named = sums(directory)
    assert {
        path: hashlib.sha256((directory / path).read_bytes()).hexdigest() for path in named
    } == (named)
    there = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert there == {*named, "SHA256SUMS", ".lock"}


def test_days_are_written_once_and_again_where_they_changed(
    database: TestClickHouse, tmp_path: Path
) -> None:
    where = tmp_path / "data"
    with client(database.settings) as connected:
        first = export(connected, where, now=NOW, base="/data/")
        check(where)
        days = [file.day for file in first.files if file.dataset == "means"]
        assert len(days) == 2
        assert {file.current.rows for file in first.files if file.dataset == "means"} == {3}

        told: list[tuple[str, str, bool]] = []
        again = export(
            connected, where, now=NOW, base="/data/", told=lambda *each: told.append(each)
        )
        assert again == first
        assert not any(new for _, _, new in told)

        revised = [mean(source_id=SOURCE, start=MARCH, revision=2, value=7.0)]
        asyncio.run(write(database, (MEANS,), of(revised, "emissions.means", 100)))
        after = export(connected, where, now=NOW, base="/data/", day=date.fromisoformat(days[0]))
        check(where)
        (file,) = [f for f in after.files if (f.dataset, f.day) == ("means", days[0])]
        before = next(f for f in first.files if (f.dataset, f.day) == ("means", days[0]))
        assert [each.sha256 for each in file.earlier] == [before.current.sha256]
        value = connected.query(
            "SELECT count() FROM means_current WHERE value = 7"  # the row that was revised
        ).result_rows[0][0]
        assert value == 1
        catalogue = json.loads((where / "catalog.jsonld").read_text())
        assert [each["@id"] for each in catalogue["dcat:dataset"]] == [
            *("/data/means/", "/data/gaps/", "/data/roots/")
        ]


def test_a_file_that_a_crash_left_unnamed_is_found_and_named(
    database: TestClickHouse, tmp_path: Path
) -> None:
    where = tmp_path / "data"
    with client(database.settings) as connected:
        whole = export(connected, where, now=NOW, base="/data/")
        for name in ("manifest.json", "SHA256SUMS", "catalog.jsonld"):
            (where / name).unlink()  # the lists are written last
        assert export(connected, where, now=NOW, base="/data/") == whole
    check(where)


def test_a_gap_that_was_withdrawn_is_told_no_more(database: TestClickHouse, tmp_path: Path) -> None:
    start = MARCH + DAY + HOUR

    stood = [gap(start, None, source_id=SOURCE)]
    asyncio.run(write(database, (GAPS,), of(stood, "emissions.gaps", 200)))
    with client(database.settings) as connected:
        local = "SELECT toString(max(toDate32(start_local))) FROM gaps_current"
        day = str(connected.query(local).result_rows[0][0])
        found = export(connected, tmp_path, now=NOW, base="/data/")
    (file,) = [each for each in found.files if (each.dataset, each.day) == ("gaps", day)]
    assert (file.current.rows, file.final) == (1, False)

    gone = [gap(start, None, source_id=SOURCE, revision=2, status="WITHDRAWN")]
    asyncio.run(write(database, (GAPS,), of(gone, "emissions.gaps", 201)))
    with client(database.settings) as connected:
        found = export(connected, tmp_path, now=NOW, base="/data/")
    check(tmp_path)
    (file,) = [each for each in found.files if (each.dataset, each.day) == ("gaps", day)]
    assert (file.current.rows, file.final, len(file.earlier)) == (0, True, 1)


def test_a_test_stream_is_not_published(database: TestClickHouse, tmp_path: Path) -> None:
    with client(database.settings) as connected:
        export(connected, tmp_path, now=NOW, base="/data/")
    for file in tmp_path.rglob("*.parquet"):
        assert TEST_SOURCE.encode() not in file.read_bytes()


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}]")
    with pytest.raises(OpenDataError, match="name another directory"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text('{"form": 9}')
    with pytest.raises(OpenDataError, match="has form 9"):
        read_manifest(tmp_path)
    assert path_of("means", "2026-05-04") == "means/day=2026-05-04/means.parquet"
