"""Dashboards are those that the catalogue gives, and ask for nothing that no worker tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams.metrics.catalogue import AREAS
from tests.deployment.promql import read_query
from tests.deployment.promtool import promtool
from tests.docs.dashboards import FOLDER, dashboards

WRITTEN: Final = dashboards()
PROVISIONING: Final = FOLDER / "provisioning"


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_dashboard_is_what_the_catalogue_gives(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == WRITTEN[name], "run `make docs`"


def test_there_is_a_dashboard_of_each_area_and_no_other() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == {f"{area}.json" for area in AREAS}
    uids = [json.loads(text)["uid"] for text in WRITTEN.values()]
    assert len(uids) == len(set(uids))


@pytest.mark.parametrize("area", AREAS)
def test_every_query_asks_for_what_there_is_and_every_metric_is_shown(area: str) -> None:
    dashboard = json.loads(WRITTEN[f"{area}.json"])
    queries = [read_query(each) for each in expressions(dashboard)]
    assert [mistake for query in queries for mistake in query.mistakes] == []
    asked = {name for query in queries for name in query.metrics}
    assert all(asked & {*metric.sample_names} for metric in AREAS[area])


@pytest.mark.parametrize("area", AREAS)
def test_no_panel_lies_on_another(area: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(WRITTEN[f"{area}.json"])["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    def read(path: Path) -> Any:
        return yaml.safe_load(path.read_text("utf-8"))

    (source,) = read(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert source["isDefault"] is True
    (provider,) = read(PROVISIONING / "dashboards" / "emissions.yml")["providers"]
    assert provider["options"]["path"] == "/etc/emissions/grafana"
    assert provider["allowUiUpdates"] is False


@pytest.mark.process
def test_prometheus_reads_every_query(tmp_path: Path) -> None:
    queries = [each for text in WRITTEN.values() for each in expressions(json.loads(text))]
    rules = [
        {"record": f"query:{number}", "expr": each.replace("$__rate_interval", "5m")}
        for number, each in enumerate(queries)
    ]
    (tmp_path / "queries.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]})
    )
    done = promtool("check", "rules", "queries.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
