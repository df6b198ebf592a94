"""What a replay left in ClickHouse is explained, and equal to what was published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from sinks.clickhouse import client
from streams.settings import Settings
from tests.emissions.replay.command import lines, table
from tests.support.example_run import ExampleRun

pytestmark = pytest.mark.process


@pytest.fixture
def found(example_run: ExampleRun) -> Path:
    """What the replay of the example exported."""
    return example_run.out


@pytest.fixture(scope="module")
def settings(
    example_run: ExampleRun, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings that reach the ClickHouse that the replay left."""
    with EmbeddedClickHouse(example_run.copy_store(tmp_path_factory.mktemp("stored"))) as server:
        yield Settings(clickhouse_url=server.url)


def explain(settings: Settings, *args: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *args], env=settings.as_env())


def test_every_violation_is_equal(found: Path, settings: Settings) -> None:
    rules = set()
    for violation in lines(found / "violations.ndjson"):
        told = explain(settings, "--format", "json", violation["id"])
        assert told.exit_code == 0, told.stderr
        document = json.loads(told.stdout)
        assert document["equal"]
        assert document["notes"] == []
        assert document["nodes"]["violation.rule"]["value"] == violation["rule"]
        rules.add(violation["rule"])
    assert len(rules) >= 4


def test_every_gap_is_equal(found: Path, settings: Settings) -> None:
    with client(settings) as store:
        rows = store.query("SELECT toString(id) FROM gaps FINAL").result_rows
    assert len(rows) >= len(table(found / "gaps.csv")) > 0
    for (identity,) in rows:
        told = explain(settings, identity, "--lang", "kk")
        assert told.exit_code == 0, told.stderr


def test_a_finding_is_shown_as_it_was_published(found: Path, settings: Settings) -> None:
    findings = lines(found / "findings.ndjson")
    assert findings
    for finding in {each["kind"]: each for each in findings}.values():
        told = explain(settings, "--format", "json", finding["id"])
        assert told.exit_code == 0, told.stderr
        nodes = json.loads(told.stdout)["nodes"]
        assert nodes["finding"]["reason"] == finding["status"]
        assert nodes["finding"].get("value") == finding["value"]
        assert nodes["finding.look_at"]["text"] == finding["detail"]
        assert nodes["finding.equality"]["reason"] == "NOT_COMPARED"


def test_means_are_equal(found: Path, settings: Settings) -> None:
    means = table(found / "means.csv")
    for mean in means[:: len(means) // 40]:
        told = explain(
            settings, mean["source_id"], mean["parameter"], mean["window"], mean["start"],
            "--unit", mean["unit"], "--format", "json",
        )  # fmt: skip
        assert told.exit_code == 0, told.stderr
        document = json.loads(told.stdout)
        value = document["nodes"]["mean"].get("value")
        assert value == (float(mean["value"]) if mean["value"] else None)


class Addresses(HTMLParser):
    """Collects what a page has that it should or should not have."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.loaded += [str(given[name]) for name in ("src", "href", "style") if given.get(name)]


def test_the_page_stands_alone_and_is_the_same_again(
    found: Path, settings: Settings, tmp_path: Path
) -> None:
    identity = lines(found / "violations.ndjson")[0]["id"]
    pages = []
    for name in ("first.html", "second.html"):
        told = explain(settings, "-o", str(tmp_path / name), "--lang", "ru", identity)
        assert (told.exit_code, told.stdout) == (0, ""), told.stderr
        pages.append((tmp_path / name).read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    seen = Addresses()
    seen.feed(pages[0])
    assert seen.loaded == []
    assert not seen.tags & {"script", "link", "img", "iframe", "object"}
    assert {"svg", "table", "details"} <= seen.tags
    document = json.loads(explain(settings, "--format", "json", identity).stdout)
    assert set(document["nodes"]) <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))


def test_text_fits_eighty_columns(found: Path, settings: Settings) -> None:
    for violation in lines(found / "violations.ndjson")[:3]:
        told = explain(settings, violation["id"])
        assert max(map(len, told.stdout.splitlines())) <= 80


def test_what_is_not_there_is_said_with_what_is_nearest(settings: Settings, found: Path) -> None:
    mean = next(each for each in table(found / "means.csv") if each["window"] == "1h")
    source, parameter = mean["source_id"], mean["parameter"]
    for args, said in (
        (["00000000-0000-0000-0000-000000000001"], "no violation, no gap and no finding"),
        (["nonsense"], "is no id"),
        (["a", "b"], "give one id"),
        ([f"{source}x", parameter, "1h", mean["start"]], f"did you mean {source}?"),
        ([source, "XYZ", "1h", mean["start"]], f"{source} has no means of XYZ; it has "),
        ([source, parameter, "2h", mean["start"]], "the windows are 20min"),
        ([source, parameter, "1h", "soon"], "neither a date nor a time"),
        ([source, parameter, "1h", "2001-01-01T00:00:00Z"], "the nearest starts at "),
    ):
        told = explain(settings, *args)
        assert told.exit_code == 2, told.output
        assert said in told.stderr


def test_a_changed_value_ends_with_one_and_is_named(
    example_run: ExampleRun, found: Path, tmp_path: Path
) -> None:
    with EmbeddedClickHouse(example_run.copy_store(tmp_path)) as server:
        settings = Settings(clickhouse_url=server.url)
        with client(settings) as store:
            change_a_violation_of(found, store)
        told = explain(settings, next(violations_of_a_parameter(found))["id"])
    assert told.exit_code == 1
    assert "published" in told.stderr
    assert "is not what the stored data give" in told.stderr


def violations_of_a_parameter(found: Path) -> Iterator[dict[str, Any]]:
    return (each for each in lines(found / "violations.ndjson") if each["parameter"])


def change_a_violation_of(found: Path, store: Client) -> None:
    """Change the readings that the first of them stands on."""
    violation = next(violations_of_a_parameter(found))
    start, end = (violation[name].removesuffix("Z") for name in ("start", "end"))
    store.command(
        "ALTER TABLE readings UPDATE digits = digits + 100000 WHERE source_id = {source:String} "
        "AND parameter = {parameter:String} AND interval_start >= {start:String} "
        "AND interval_start < {end:String}",
        parameters={
            "source": violation["source_id"], "parameter": violation["parameter"],
            "start": start, "end": end,
        },
        settings={"mutations_sync": 2},
    )  # fmt: skip
