"""Whom alerts reach, which are held back, and that the operator's resources say the same."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from typing import Any, Final

import pytest
import yaml

from tests.deployment.promtool import amtool
from tests.deployment.test_alerts import FOLDER, LEVELS, RULES
from tests.deployment.test_kubernetes import BASE, PODS, WORKERS, documents
from tests.docs import prometheus_rule

CONFIGURATION: Final[dict[str, Any]] = yaml.safe_load(
    (FOLDER / "alertmanager.yml").read_text("utf-8")
)
MONITORING: Final = BASE.parent / "monitoring"
MONITORED: Final = BASE.parent / "overlays" / "production-monitored"
_MATCHER: Final = re.compile(r'(\w+)(=~|!=|=)"([^"]*)"')


def labels_of(rule: dict[str, Any]) -> dict[str, str]:
    return {"alertname": rule["alert"], **rule["labels"]}


def meets(matchers: list[str], labels: dict[str, str]) -> bool:
    """Tell whether labels meet all matchers, as Alertmanager reads them."""
    for matcher in matchers:
        found = _MATCHER.fullmatch(matcher)
        assert found is not None, matcher
        name, how, wanted = found.groups()
        assert name in labels, f"{matcher}: no alert has it"
        same = re.fullmatch(wanted, labels[name]) is not None
        if same is (how == "!="):
            return False
    return True


def test_every_alert_reaches_somebody_by_its_severity() -> None:
    known = {each["name"] for each in CONFIGURATION["receivers"]}
    routes = CONFIGURATION["route"]["routes"]
    for rule in RULES:
        taken = [each["receiver"] for each in routes if meets(each["matchers"], labels_of(rule))]
        expected = {"page": "people", "ticket": "tickets"}[rule["labels"]["severity"]]
        assert taken == [expected], rule["alert"]
    assert {CONFIGURATION["route"]["receiver"], *(each["receiver"] for each in routes)} == known
    assert set(CONFIGURATION["route"]["group_by"]) <= set(RULES[0]["labels"])


def held_back_by(source: str) -> set[str]:
    """The alerts that are held back while one fires."""
    (labels,) = (labels_of(rule) for rule in RULES if rule["alert"] == source)
    return {
        rule["alert"]
        for inhibit in CONFIGURATION["inhibit_rules"]
        if meets(inhibit["source_matchers"], labels)
        for rule in RULES
        if meets(inhibit["target_matchers"], labels_of(rule))
    }


def test_a_broker_that_is_away_is_told_once() -> None:
    told = {rule["alert"] for rule in RULES} - held_back_by("EmissionsNothingJudged")
    assert told == {
        "EmissionsNothingJudged",
        "EmissionsReadingsRefused", "EmissionsValuesInvalid",  # of what came before
        "EmissionsPartitionHeld", "EmissionsCasesOverdue", "EmissionsCasesNotCounted",
        "EmissionsLogNotSigned", "EmissionsLogBroken", "EmissionsAuditFailed", "EmissionsAuditOld",
        "EmissionsAlertsNotDelivered",
    }  # fmt: skip


def test_a_partition_that_is_held_silences_nothing_of_the_others() -> None:
    """What it explains the alerts leave out by themselves, of its partition alone."""
    assert held_back_by("EmissionsPartitionHeld") == set()


def test_workers_that_are_gone_hold_back_those_of_their_kind_alone() -> None:
    (inhibit,) = [
        each
        for each in CONFIGURATION["inhibit_rules"]
        if each["source_matchers"] == ['alertname="EmissionsWorkersGone"']
    ]
    assert inhibit["equal"] == ["job"]
    assert held_back_by("EmissionsWorkersGone") == {"EmissionsWorkerDown"}
    for alert in ("EmissionsWorkersGone", "EmissionsWorkerDown"):
        assert "job" in (LEVELS[alert].missed.labels or {})


def test_none_holds_itself_back_nor_two_each_other() -> None:
    held = {rule["alert"]: held_back_by(rule["alert"]) for rule in RULES}
    assert not [name for name, others in held.items() if name in others]
    for one, other in itertools.combinations(held, 2):
        assert not (other in held[one] and one in held[other]), f"{one} and {other}"
    for inhibit in CONFIGURATION["inhibit_rules"]:
        sources = [rule for rule in RULES if meets(inhibit["source_matchers"], labels_of(rule))]
        assert sources, inhibit


def test_evidence_is_never_held_back() -> None:
    held = set().union(*(held_back_by(rule["alert"]) for rule in RULES))
    assert not held & {
        rule["alert"] for rule in RULES if rule["labels"]["service_level"] == "evidence"
    }


@pytest.mark.process
def test_alertmanager_takes_its_configuration() -> None:
    done = amtool("check-config", "alertmanager.yml", cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr
    for rule in RULES:
        arguments = [f"{name}={value}" for name, value in labels_of(rule).items()]
        routed = amtool(
            "config", "routes", "test", "--config.file=alertmanager.yml", *arguments, cwd=FOLDER
        )
        expected = {"page": "people", "ticket": "tickets"}[rule["labels"]["severity"]]
        assert routed.stdout.strip() == expected, routed.stderr


def test_the_operator_is_given_the_same_alerts() -> None:
    written = prometheus_rule.RULES.read_text("utf-8")
    assert written == prometheus_rule.prometheus_rule(), "run `make docs`"
    resource = yaml.safe_load(written)
    alerts = yaml.safe_load(prometheus_rule.ALERTS.read_text("utf-8"))
    assert (resource["kind"], resource["spec"]) == ("PrometheusRule", alerts)


def test_each_worker_is_read_under_the_job_that_alerts_name() -> None:
    monitors = [each for each in documents(MONITORING) if each["kind"] == "PodMonitor"]
    assert {each["metadata"]["name"] for each in monitors} == WORKERS
    for each in monitors:
        name = each["metadata"]["name"]
        spec = each["spec"]
        assert spec["selector"]["matchLabels"] == {"app.kubernetes.io/name": name}
        (endpoint,) = spec["podMetricsEndpoints"]
        assert endpoint["path"] == "/metrics"
        assert endpoint["port"] in {port["name"] for port in PODS[name].container["ports"]}
        (job,) = endpoint["relabelings"]
        assert job == {"targetLabel": "job", "replacement": name.removeprefix("emissions-")}


@pytest.mark.process
@pytest.mark.long
def test_kustomize_builds_what_is_monitored() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl here, which has kustomize in it")
    command = ["kubectl", "kustomize", str(MONITORED)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    built = [each for each in yaml.safe_load_all(done.stdout) if each]
    kinds = [each["kind"] for each in built]
    assert (kinds.count("PodMonitor"), kinds.count("PrometheusRule")) == (3, 1)
    assert {each["metadata"].get("namespace") for each in built} == {"emissions", None}
