"""The API over a real ClickHouse: each statement, each format, each page, and its document."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.portal.api.cursor import encode_cursor, query_mark
from emissions.portal.api.router import api_document
from emissions.portal.app import create_app
from sinks.batch import Batch
from sinks.tables import ENTERPRISES, GAPS, MEANS, REGISTRY
from streams.settings import Settings
from tests.emissions.portal.support import NOW
from tests.sinks.make import DAY, HOUR, MARCH, batch, entry, gap, mean
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse
from tests.support.generated import shared

BIN = "000000000001"
SOURCE = f"{BIN}-0"
TEST_SOURCE = "000000000002-0"
HOURS = 5


@pytest.fixture(scope="module")
def database(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """An enterprise, a test stream, five hours of means of which one was revised, two gaps."""
    made = TestClickHouse(clickhouse_server)
    means = [
        mean(source_id=SOURCE, start=MARCH + n * HOUR, value=100.0 + n / 3) for n in range(HOURS)
    ]
    means += [
        mean(source_id=SOURCE, start=MARCH, revision=2, value=None, seconds_by_code={"LATE": 60}),
        mean(source_id=SOURCE, start=MARCH, end=MARCH + DAY, window="day", value=750.0),
        mean(source_id=TEST_SOURCE, start=MARCH),
    ]
    gaps = [
        gap(MARCH, MARCH + HOUR, source_id=SOURCE),
        gap(MARCH + 2 * HOUR, None, source_id=SOURCE),
    ]

    def of(records: list[dict[str, Any]], topic: str) -> Batch:
        return batch([entry(n, each) for n, each in enumerate(records)], topic)

    registered = [
        enterprise(
            1, [BIG], installed_on=20_000, connected_on=20_100, name_en='=A "quoted",\nname'
        ),
        enterprise(2, [BIG], test=True),
    ]

    async def fill() -> None:
        await write(made, (ENTERPRISES, REGISTRY), batch(registered, "emissions.registry"))
        await write(made, (MEANS,), of(means, "emissions.means"))
        await write(made, (GAPS,), of(gaps, "emissions.gaps"))

    asyncio.run(fill())
    yield made
    made.close()


async def asked(database: TestClickHouse, *addresses: str) -> list[httpx.Response]:
    app = create_app(database.settings, clock=lambda: NOW)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        return [await client.get(address) for address in addresses]


async def test_every_resource_answers_with_the_columns_it_describes(
    database: TestClickHouse,
) -> None:
    document = api_document()
    paths = [path for path in document["paths"] if path.endswith(".json")]
    revised = [f"{path}?revisions=all" for path in paths
               if "revisions" in str(document["paths"][path]["get"]["parameters"])
               and not path.endswith("/revisions.json")]  # fmt: skip
    for address, answer in zip(
        [*paths, *revised], await asked(database, *paths, *revised), strict=True
    ):
        assert answer.status_code == 200, f"{address}: {answer.text}"
        schema = document["paths"][address.partition("?")[0]]["get"]["responses"]["200"]
        page = schema["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        row = document["components"]["schemas"][page]["properties"]["data"]["items"]["$ref"]
        columns = list(document["components"]["schemas"][row.rpartition("/")[2]]["properties"])
        for each in answer.json()["data"]:
            assert list(each) == columns, address


async def test_means_have_the_values_that_were_written(database: TestClickHouse) -> None:
    hours, day, every, other = await asked(
        database,
        f"/api/v1/means?enterprise={BIN}&window=1h",
        f"/api/v1/means?source={SOURCE}&window=day&from=2026-03-01&to=2026-03-01&region=KZ-55",
        f"/api/v1/means?source={SOURCE}&window=1h&revisions=all",
        f"/api/v1/means?source={TEST_SOURCE}",
    )
    rows = hours.json()["data"]
    assert [row["value"] for row in rows] == [None, *(100.0 + n / 3 for n in range(1, HOURS))]
    assert (rows[0]["revision"], rows[0]["seconds_by_code"]) == (2, {"LATE": 60})
    assert rows[1]["start"] == "2026-02-28T20:00:00.000Z"
    (of_day,) = day.json()["data"]
    assert (of_day["ratio"], of_day["day"], of_day["timezone"]) == (
        1.5,
        "2026-03-01",
        "Asia/Almaty",
    )
    assert {row["revision"] for row in every.json()["data"]} >= {1, 2}
    assert other.json()["data"] == [], "a test stream is not public"


async def test_gaps_that_touch_the_interval_are_given(database: TestClickHouse) -> None:
    first, lasting = await asked(
        database,
        "/api/v1/gaps?from=2026-02-28T19:30Z&to=2026-02-28T19:45Z",
        "/api/v1/gaps?from=2026-06-01",
    )
    assert [row["silent_s"] for row in first.json()["data"]] == [3600]
    assert [row["status"] for row in lasting.json()["data"]] == ["OPEN"]


async def test_an_enterprise_shows_what_each_of_its_sources_does(database: TestClickHouse) -> None:
    (answer,) = await asked(database, f"/api/v1/enterprises/{BIN}/compliance")
    told = answer.json()
    assert told["enterprise"]["state"] == "CONNECTED"
    (source,) = told["sources"]
    assert source["above_limit"] == ["SO2"]
    assert source["silent_since"].startswith("2026-02-28T21:00:00")
    assert source["last_window_end"].startswith("2026-03-01T19:00:00")


async def test_the_formats_of_one_query_hold_equal_values(
    database: TestClickHouse, tmp_path: Path
) -> None:
    names = ("means", "enterprises", "sources", "gaps")
    rows, tables = [], []
    for name in names:
        as_json, as_csv, as_parquet = await asked(
            database, *(f"/api/v1/{name}.{form}" for form in ("json", "csv", "parquet"))
        )
        rows.append(as_json.json()["data"])
        assert rows[-1]
        (tmp_path / f"{name}.parquet").write_bytes(as_parquet.content)
        table = csv.DictReader(io.StringIO(as_csv.text, newline=""))
        tables.append([list(row.values()) for row in table])
    assert _read_parquet(tmp_path, names) == rows
    assert tables == [[[_as_csv(value) for value in row.values()] for row in page] for page in rows]


def _read_parquet(directory: Path, names: tuple[str, ...]) -> list[list[dict[str, Any]]]:
    """Read files with ClickHouse in a process of its own: it reads no file in the server."""
    program = (
        "import chdb, sys\n"
        "for name in sys.argv[1:]:\n"
        "    print(chdb.query(f\"SELECT * FROM file('{name}', Parquet) SETTINGS "
        "date_time_output_format = 'iso', output_format_json_escape_forward_slashes = 0\", "
        "'JSONCompactEachRowWithNames').data() or '')\n"
        "    print('end')\n"
    )
    files = [str(directory / f"{name}.parquet") for name in names]
    run = subprocess.run(
        [sys.executable, "-c", program, *files], capture_output=True, text=True, check=True
    )
    found = []
    for written in run.stdout.split("end\n")[:-1]:
        columns, *rows = [json.loads(line) for line in written.splitlines() if line]
        found.append([dict(zip(columns, row, strict=True)) for row in rows])
    return found


def _as_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if not isinstance(value, float) else repr(value)


async def test_pages_neither_repeat_nor_skip_when_rows_come_between(
    database: TestClickHouse,
) -> None:
    whole, page = await asked(
        database, "/api/v1/means?window=1h", "/api/v1/means?window=1h&limit=2"
    )
    found = page.json()["data"]
    earlier = mean(source_id="000000000000-9", start=MARCH)
    await write(database, (MEANS,), batch([entry(100, earlier)], "emissions.means"))
    while (following := page.json()["next"]) is not None:
        (page,) = await asked(database, following)
        found += page.json()["data"]
    assert found == whole.json()["data"]
    first, *_ = await asked(database, "/api/v1/means.csv?window=1h&limit=2")
    assert 'rel="next"' in first.headers["link"]
    database.client.command(
        "ALTER TABLE means DELETE WHERE source_id = '000000000000-9' SETTINGS mutations_sync = 2"
    )


async def test_a_cursor_is_of_its_query(database: TestClickHouse) -> None:
    (page,) = await asked(database, "/api/v1/means?window=1h&limit=2")
    (wrong,) = await asked(database, page.json()["next"].replace("window=1h", "window=day"))
    assert wrong.status_code == 400


async def test_a_forged_cursor_with_a_time_that_is_none_is_refused(
    database: TestClickHouse,
) -> None:
    for resource, key in (("gaps", ["KZ", "", "garbage"]), ("roots", ["KZ", "2026-02-30"])):
        cursor = encode_cursor(query_mark(resource, []), key)
        (answer,) = await asked(database, f"/api/v1/{resource}?cursor={cursor}")
        assert (answer.status_code, answer.headers["content-type"]) == (
            400,
            "application/problem+json",
        )
        assert "cursor" in answer.json()["detail"]


async def test_feeds_tell_gaps_days_above_the_limit_and_nothing_of_test_streams(
    database: TestClickHouse,
) -> None:
    nation, own, other, region = await asked(
        database,
        "/feeds/nation.atom?lang=en",
        f"/feeds/enterprises/{BIN}.atom?lang=en",
        "/feeds/enterprises/000000000002.atom",
        "/feeds/regions/KZ-10.atom",
    )
    assert (nation.status_code, own.status_code, other.status_code) == (200, 200, 404)
    for answer in (nation, own):
        assert answer.text.count("<entry>") == 3
        assert "750 mg/m3, limit 500 mg/m3" in answer.text
        assert "no data since 2026-03-01 02:00" in answer.text
        assert TEST_SOURCE not in answer.text
    assert "<entry>" not in region.text


def _generated(database: TestClickHouse, examples: int, *routes: str) -> None:
    # Here, since every process of a run collects this file and it takes a second to import.
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", create_app(_generous(database), clock=lambda: NOW)
    )
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    seen: set[int] = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if "." in operation.path and not operation.path.endswith("/means.csv"):
            continue  # the same route with its format in its name
        if routes and not operation.path.endswith(routes):
            continue

        @settings(
            max_examples=examples,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy())
        def look(case: Any) -> None:
            answer = case.call()
            seen.add(answer.status_code)
            case.validate_response(answer, checks=checks)

        look()
    assert {200, 400} <= seen


def _generous(database: TestClickHouse) -> Settings:
    return replace(database.settings, portal_requests_per_minute=1_000_000)


def test_generated_requests_are_answered_as_the_document_says(database: TestClickHouse) -> None:
    _generated(database, 3, "/gaps", "/compliance")


@pytest.mark.long
def test_many_generated_requests_are_answered_as_the_document_says(
    database: TestClickHouse,
) -> None:
    _generated(database, shared(200))
