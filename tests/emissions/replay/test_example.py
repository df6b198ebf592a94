"""The worked example, end to end: every mean, gap, violation and dead letter, in every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from streams.core.time.local_clock import from_datetime, iso
from streams.settings import Settings
from tests.emissions.replay.command import lines, replay, table
from tests.oracle import compare
from tests.support.broker import TestBroker, unique
from tests.support.example_run import ExampleRun

pytestmark = pytest.mark.process

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
MEAN = ("source_id", "parameter", "unit", "window", "start")


@pytest.fixture
def found(example_run: ExampleRun) -> Path:
    """What the replay of the example exported."""
    return example_run.out


@pytest.fixture(scope="module")
def stored(example_run: ExampleRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The ClickHouse that the same replay left, opened again."""
    copied = example_run.copy_store(tmp_path_factory.mktemp("stored"))
    with (
        EmbeddedClickHouse(copied) as server,
        client(Settings(clickhouse_url=server.url)) as opened,
    ):
        yield opened


def test_a_replay_of_the_example_agrees_with_the_oracle(found: Path) -> None:
    assert compare.directories(EXAMPLE / "expected", found) == []


def test_a_replay_on_apache_kafka_exports_the_same(
    kafka: TestBroker, found: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = unique("example")
    names = ("readings", "registry", "means", "gaps", "violations", "cases", "dead_letters")
    for name in (*names, "findings", "notices", "notice_verdicts"):
        monkeypatch.setenv(f"EMISSIONS_TOPIC_{name.upper()}", f"{own}.{name}")
    for name in ("streams", "sinks"):
        monkeypatch.setenv(f"EMISSIONS_GROUP_{name.upper()}", f"{own}-{name}")
    replay(
        *("--registry", EXAMPLE / "registry.yaml", "--input", EXAMPLE / "input.csv"),
        *("--broker", kafka.address),
        export=tmp_path / "out",
    )
    assert compare.directories(EXAMPLE / "expected", tmp_path / "out") == []
    for name in ("means.csv", "gaps.csv", "dead-letters.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (found / name).read_bytes()


def test_every_violation_carries_evidence(found: Path) -> None:
    for violation in lines(found / "violations.ndjson"):
        for proof in violation["evidence"]:
            assert proof["first_offset"] <= proof["last_offset"]
            assert len(bytes.fromhex(proof["sha256"])) == 32
        assert violation["evidence"]


def test_the_files_are_sorted(found: Path) -> None:
    keys = [tuple(row[name] for name in MEAN) for row in table(found / "means.csv")]
    assert keys == sorted(keys)


def rows(stored: Client, sql: str) -> list[tuple[Any, ...]]:
    """What ClickHouse answers, its times as the export writes them."""

    def written(value: Any) -> Any:
        if isinstance(value, datetime):
            return iso(from_datetime(value.replace(tzinfo=UTC)))
        return value

    return [tuple(map(written, row)) for row in stored.query(sql).result_rows]


def test_clickhouse_holds_the_same_means(found: Path, stored: Client) -> None:
    columns = "value, valid_s, due_s, status, limit, revision"
    told = rows(stored, f"SELECT {', '.join(MEAN)}, {columns} FROM means_current")
    exported = [
        (*(row[name] for name in MEAN), *_figures(row)) for row in table(found / "means.csv")
    ]
    assert sorted(told) == exported


def _figures(row: dict[str, str]) -> tuple[Any, ...]:
    value, limit = (float(row[name]) if row[name] else None for name in ("value", "limit"))
    seconds = (int(row["valid_s"]), int(row["due_s"]))
    return (value, *seconds, row["status"], limit, int(row["revision"]))


def test_clickhouse_holds_the_same_gaps(found: Path, stored: Client) -> None:
    told = rows(stored, "SELECT source_id, parameter, start, end, status FROM gaps_current")
    exported = [tuple(row.values()) for row in table(found / "gaps.csv")]
    assert sorted(told) == exported


def test_clickhouse_holds_the_same_violations(found: Path, stored: Client) -> None:
    names = ("revision", "status", "rule", "bin", "source_id", "start", "end", "value", "ratio")
    told = rows(stored, f"SELECT toString(id), {', '.join(names)} FROM violations_current")
    exported = [(v["id"], *(v[name] for name in names)) for v in lines(found / "violations.ndjson")]
    assert sorted(told) == sorted(exported)


def test_clickhouse_holds_the_same_dead_letters(found: Path, stored: Client) -> None:
    told = rows(stored, "SELECT reason, source_id, partition, offset FROM dead_letters_current")
    exported = [
        (row["reason"], row["source_id"], int(row["partition"]), int(row["offset"]))
        for row in table(found / "dead-letters.csv")
    ]
    assert told == exported
