"""A replay with notices: each arrives when it did, and is judged as a live system would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from streams.core.time.interval import HOUR
from streams.core.time.local_clock import iso
from streams.settings import Settings
from tests.core.examples import BIN, local
from tests.emissions.replay.command import lines, replay, table

pytestmark = pytest.mark.process

BEGIN = local("2026-04-01 08:00")
OUT = BEGIN + 4 * HOUR
REGISTRY = f"""
enterprises:
  - bin: "{BIN}"
    name: {{ru: a, kk: a, en: a}}
    region: KZ-55
    category: 2
    business_size: large
    commissioned_on: 2009-05-01
    asm: {{installed_on: 2023-02-01, connected_on: 2023-03-01}}
    sources:
      - id: A
        name: a
        cadence_s: 1200
        channels: [{{parameter: SO2, unit: mg/m3, basis: dry, conditions: {{temperature_k: 293.15,
            pressure_kpa: 101.3}}}}]
        limits:
          - {{parameter: SO2, unit: mg/m3, value: 40, reference: {{temperature_k: 293.15,
              pressure_kpa: 101.3, dry: true}}}}
"""
NOTICES = f"""
notices:
  - {{id: N-1, kind: UNPLANNED_OUTAGE, bin: "{BIN}", source_id: A, from: {iso(OUT)},
      to: {iso(OUT + 3 * HOUR)}, reason: fault, arrived_at: {iso(OUT + HOUR)}}}
  - {{id: N-2, kind: UNPLANNED_OUTAGE, bin: "{BIN}", source_id: A, from: {iso(OUT + 4 * HOUR)},
      to: {iso(OUT + 5 * HOUR)}, reason: fault, arrived_at: {iso(OUT + 7 * HOUR)}}}
  - {{id: N-3, kind: EXCEEDANCE, bin: "{BIN}", source_id: A, parameter: SO2, from: {iso(BEGIN)},
      to: {iso(BEGIN + HOUR)}, single_mean: 700, arrived_at: {iso(OUT + 999 * HOUR)}}}
  - {{id: N-4, kind: MARK, bin: "{BIN}", source_id: A, parameter: SO2, from: {iso(BEGIN)},
      to: {iso(BEGIN + HOUR)}, flag: C, reason: calibration, arrived_at: {iso(OUT + HOUR)}}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a replay of twelve hours left; two silences, of which one was told in time."""
    here = tmp_path_factory.mktemp("notices")
    for name, text in (("registry.yaml", REGISTRY), ("notices.yaml", NOTICES)):
        (here / name).write_text(text, encoding="utf-8")
    silent = {*range(12, 21), *range(24, 28)}
    rows = [
        f"A,{iso(BEGIN + number * HOUR // 3)},1200,100"
        for number in range(36)
        if number not in silent
    ]
    (here / "input.csv").write_text(
        "\n".join(["source_id,measured_at,period_s,SO2", *rows, ""]), encoding="utf-8"
    )
    replay(
        *("--registry", here / "registry.yaml", "--input", here / "input.csv"),
        *("--notices", here / "notices.yaml", "--workspace", here / "workspace"),
        *("--until", iso(BEGIN + 13 * HOUR)),
        export=here / "out",
    )
    return here


@pytest.fixture(scope="module")
def stored(found: Path) -> Iterator[Client]:
    """The ClickHouse that the same replay left, opened again."""
    with EmbeddedClickHouse(found / "workspace" / "clickhouse") as server:
        yield client(Settings(clickhouse_url=server.url))


def test_the_silence_that_was_told_in_time_is_no_gap(found: Path) -> None:
    gaps = [row for row in table(found / "out" / "gaps.csv") if not row["parameter"]]
    assert [row["start"] for row in gaps] == [iso(OUT + 4 * HOUR)]


def test_every_notice_that_had_arrived_has_its_verdict(found: Path) -> None:
    told = lines(found / "out" / "notices.ndjson")
    assert [(each["notice_id"], each["verdict"]) for each in told] == [
        ("N-1", "IN_TIME"),
        ("N-2", "LATE"),
        ("N-4", "PENDING"),
    ]
    assert told[0]["due"] == iso(OUT + 2 * HOUR)
    assert told[0]["arrived_at"] == iso(OUT + HOUR)


def test_the_views_tell_how_often_it_was_after_the_fact(stored: Client) -> None:
    rows = stored.query(
        "SELECT notice_id, verdict, delay_s, after_the_fact, arrived_local FROM notices_current "
        "ORDER BY notice_id"
    ).result_rows
    assert rows == [
        ("N-1", "IN_TIME", 3600, True, "2026-04-01 13:00:00"),
        ("N-2", "LATE", 10800, True, "2026-04-01 19:00:00"),
        ("N-4", "PENDING", 18000, True, "2026-04-01 13:00:00"),
    ]
    assert stored.query("SELECT * FROM excuses_after_the_fact ORDER BY kind").result_rows == [
        (BIN, "MARK", 1, 1, 0, 0, 1, 1.0, 18000.0, 18000, 1),
        (BIN, "UNPLANNED_OUTAGE", 2, 1, 1, 0, 2, 1.0, 7200.0, 10800, 0),
    ]


def test_a_mistake_in_the_notices_starts_nothing(found: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "notices.yaml"
    wrong.write_text(NOTICES.replace("kind: EXCEEDANCE", "kind: X"), encoding="utf-8")
    done = replay(
        *("--registry", found / "registry.yaml", "--input", found / "input.csv"),
        *("--notices", wrong),
        export=tmp_path / "out",
        code=2,
    )
    assert "notices[2].kind: 'X' is none of PLANNED_OUTAGE" in done.stderr
