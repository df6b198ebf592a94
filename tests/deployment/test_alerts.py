"""Every alert fires when its level is missed, is silent while it is kept, and says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from streams.core.law.quality_codes import (
    UNKNOWN_PARAMETER,
    UNVERIFIED,
    ZEROED,
    Scope,
    named_codes,
)
from tests.deployment.promql import read_query
from tests.deployment.promtool import promtool

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "prometheus"
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


class Scene(NamedTuple):
    """Series by name with their values each minute, and the labels by which the alert fires."""

    series: dict[str, str]
    at: str
    labels: dict[str, str] | None  # None: it stays silent


class Level(NamedTuple):
    """A scene in which the level is missed, those in which it is kept, and others as the first."""

    missed: Scene
    kept: tuple[Scene, ...]
    more: tuple[Scene, ...] = ()


UP: Final = {'up{job="streams",instance="a"}': "1x200", 'up{job="sinks",instance="b"}': "1x200"}
READY: Final = 'emissions_worker_ready{job="streams",instance="a"}'
SINKS_READY: Final = 'emissions_worker_ready{job="sinks",instance="b"}'
SEAL_READY: Final = 'emissions_worker_ready{job="seal",instance="c"}'
SEAL_UP: Final = 'up{job="seal",instance="c"}'
LAG: Final = 'emissions_lag_seconds{job="streams",consumergroup="g",topic="t",partition="%d"}'
TICK: Final = 'emissions_tick_timestamp_seconds{job="streams",partition="%d"}'
SAVED: Final = 'emissions_checkpoint_timestamp_seconds{job="streams",partition="%d"}'
HELD: Final = 'emissions_partitions_held{job="%s",kind="clock",topic="t",partition="%d"}'
VALUES: Final = 'emissions_values_total{quality="%s"}'
READINGS: Final = 'emissions_readings_total{outcome="%s"}'
SILENT: Final = 'emissions_sources_silent{longer_than="%s"}'
CASES: Final = 'emissions_cases_undelivered{track="COURT",term="over",instance="%s"}'
RECEIVED: Final = 'emissions_20min_values_received{region="%s"}'
DUE: Final = 'emissions_20min_values_due{region="%s"}'
MARK: Final = "emissions_mark_pending_timestamp_seconds"
COUNTED: Final = 'emissions_cases_timestamp_seconds{job="sinks",instance="%s"}'
LOG: Final = 'emissions_log_checkpoint_timestamp_seconds{job="seal",instance="%s"}'
AUDITED: Final = 'emissions_audit_timestamp_seconds{job="audit"}'
AUDIT_UP: Final = 'up{job="audit"}'
UNSENT: Final = 'alertmanager_notifications_failed_total{integration="webhook",reason="other"}'
ALERTMANAGER_UP: Final = 'up{job="alertmanager",instance="f"}'
CHECKED: Final = 'emissions_log_verifications_total{result="%s"}'


def late(name: str, fast: str, slow: str, **labels: str) -> dict[str, str]:
    """A histogram of which so many a minute are within 1 s, and so many within 60 s."""
    said = "".join(f',{key}="{each}"' for key, each in labels.items())
    bucket = f"{name}_bucket{{le=%s{said}}}"
    return {bucket % '"1.0"': fast, bucket % '"60.0"': slow, bucket % '"+Inf"': slow}


VIOLATIONS, ROWS = "emissions_violation_latency_seconds", "emissions_row_latency_seconds"
LEVELS: Final[dict[str, Level]] = {
    "EmissionsWorkerDown": Level(
        Scene({**UP, READY: "1x3 0x40"}, "15m", {"job": "streams", "instance": "a"}),
        (
            Scene({**UP, READY: "1x60"}, "30m", None),
            Scene({**UP, READY: "1x3 0x2 1x60"}, "15m", None),
        ),
    ),
    "EmissionsWorkersGone": Level(
        Scene({SEAL_UP: "1x9 _x40", SEAL_READY: "1x9 _x40", SINKS_READY: "1x60"}, "30m",
              {"job": "seal"}),
        (
            Scene({SINKS_READY: "1x60"}, "30m", None),  # there never was a seal worker
            Scene({SEAL_UP: "1x60", SEAL_READY: "1x60", SINKS_READY: "1x60"}, "30m", None),
            Scene(  # it goes on at another address
                {
                    SEAL_READY: "1x9 stale", SEAL_UP: "1x9 stale",
                    SEAL_READY.replace('"c"', '"d"'): "_x12 1x40", SINKS_READY: "1x60",
                },
                "30m", None,
            ),
        ),
        more=(
            Scene({SINKS_READY: "1x9 stale"}, "30m", {"job": "sinks"}),
            Scene({}, "30m", {"job": "sinks"}),
            Scene(  # its log is refused: it ends at each start, and is found now and then
                {
                    SEAL_UP: "1x2 stale _ 1 stale _ 0 stale _ 1 stale _ 0 1 stale _ 0 0 stale _",
                    SEAL_READY: "0x2 stale _ 0 stale _ _ _ _ 0 stale _ _ 0 stale _ _ _ _ _",
                    SINKS_READY: "1x60",
                },
                "12m", {"job": "seal"},
            ),
        ),
    ),
    "EmissionsNothingJudged": Level(
        Scene({**UP, READY: "1x3 0x40"}, "15m", {}),
        (
            Scene({READY: "0x40", READY.replace('"a"', '"c"'): "1x40"}, "15m", None),
            Scene({READY: "1x9 0x1 1x40"}, "12m", None),
        ),
        more=(Scene({**UP, READY: "1x9 stale"}, "30m", {}), Scene({}, "30m", {})),
    ),
    "EmissionsLagHigh": Level(
        Scene({LAG % 0: "0x5 30+60x60", LAG % 1: "0x80"}, "30m",
              {"consumergroup": "g", "topic": "t"}),
        (
            Scene({LAG % 0: "50x60"}, "30m", None),
            Scene({LAG % 0: "0x9 90x2 0x60"}, "12m", None),
            Scene(
                {LAG % 0: "0+60x60", LAG % 1: "0x60", HELD % ("streams", 0): "1x60"}, "30m", None
            ),
        ),
        more=(
            Scene(  # another partition, and that of other workers, is late for its own reason
                {
                    LAG % 0: "0+60x60", LAG % 1: "0+60x60",
                    HELD % ("streams", 0): "1x60", HELD % ("sinks", 1): "1x60",
                },
                "30m", {"consumergroup": "g", "topic": "t"},
            ),
        ),
    ),
    "EmissionsViolationsLate": Level(
        Scene(late(VIOLATIONS, "0+1x60", "0+10x60", since="arrival"), "40m", {}),
        (
            Scene(late(VIOLATIONS, "0+10x60", "0+10x60", since="arrival"), "40m", None),
            Scene(late(VIOLATIONS, "0+1x60", "0+10x60", since="measurement"), "40m", None),
        ),
    ),
    "EmissionsRowsLate": Level(
        Scene(late(ROWS, "0+1x60", "0+10x60", since="arrival", table="readings"), "40m",
              {"table": "readings"}),
        (
            Scene(late(ROWS, "0+9x60", "0+9x60", since="arrival", table="readings"), "40m", None),
            Scene(late(ROWS, "0+1x60", "0+9x60", since="arrival", table="roots"), "40m", None),
        ),
    ),
    "EmissionsTicksMissing": Level(
        Scene({TICK % 0: "0+60x5 300x60"}, "20m", {"partition": "0"}),
        (
            Scene({TICK % 0: "0+60x60"}, "20m", None),
            Scene(
                {TICK % 0: "300x60", TICK % 1: "0+60x60", HELD % ("streams", 0): "1x60"},
                "20m", None,
            ),
        ),
        more=(
            Scene(
                {TICK % 0: "300x60", TICK % 1: "300x60", HELD % ("streams", 0): "1x60"},
                "20m", {"partition": "1"},
            ),
        ),
    ),
    "EmissionsStateNotSaved": Level(
        Scene({SAVED % 0: "0x200"}, "120m", {"partition": "0"}),
        (
            Scene({SAVED % 0: "0x80 4800x120"}, "120m", None),
            Scene({SAVED % 0: "0x200", HELD % ("streams", 0): "1x200"}, "120m", None),
        ),
    ),
    "EmissionsReadingsRefused": Level(
        Scene({READINGS % "used": "0+90x90", READINGS % "refused": "0+10x90"}, "60m", {}),
        (Scene({READINGS % "used": "0+99x90", READINGS % "refused": "0+1x90"}, "60m", None),),
    ),
    "EmissionsValuesInvalid": Level(
        Scene(
            {
                VALUES % "VALID": "0+60x300", VALUES % "STATUS_C": "0+40x300",
                VALUES % "STATE_STOPPED": "0+900x300",
            },
            "180m", {},
        ),
        (
            Scene({VALUES % "VALID": "0+90x300", VALUES % "STATUS_C": "0+10x300"}, "180m", None),
            Scene(  # boilers that stand still in summer, and maintenance that was told of
                {
                    VALUES % "VALID": "0+50x300", VALUES % "STATE_STOPPED": "0+900x300",
                    VALUES % "EXCUSED": "0+100x300", VALUES % "STATUS_C": "0+5x300",
                },
                "180m", None,
            ),
            Scene(
                {VALUES % "UNVERIFIED": "0+50x300", VALUES % "ZEROED": "0+50x300"}, "180m", None
            ),
        ),
    ),
    "EmissionsSourcesSilent": Level(
        Scene({SILENT % "24h": "10x200", "emissions_sources": "100x200"}, "120m", {}),
        (
            Scene({SILENT % "24h": "2x200", "emissions_sources": "100x200"}, "120m", None),
            Scene({SILENT % "1h": "50x200", "emissions_sources": "100x200"}, "120m", None),
        ),
    ),
    "EmissionsValuesMissing": Level(
        Scene({RECEIVED % "KZ-55": "90x90", DUE % "KZ-55": "99x90"}, "60m", {}),
        (
            Scene({RECEIVED % "KZ-55": "96x90", DUE % "KZ-55": "99x90"}, "60m", None),
            Scene({RECEIVED % "KZ-55": "30x20 96x70", DUE % "KZ-55": "99x90"}, "60m", None),
        ),
    ),
    "EmissionsRegionValuesMissing": Level(
        Scene(
            {
                RECEIVED % "KZ-55": "950x90", DUE % "KZ-55": "999x90",
                RECEIVED % "KZ-47": "70x90", DUE % "KZ-47": "99x90",
            },
            "60m", {"region": "KZ-47"},
        ),
        (
            Scene({RECEIVED % "KZ-47": "90x90", DUE % "KZ-47": "99x90"}, "60m", None),
            Scene({RECEIVED % "KZ-47": "0x90", DUE % "KZ-47": "3x90"}, "60m", None),
        ),
    ),
    "EmissionsMarkUnanswered": Level(
        Scene({MARK: "-610000x200"}, "90m", {}),
        (Scene({MARK: "-500000x200"}, "90m", None), Scene({MARK: "_x200"}, "90m", None)),
    ),
    "EmissionsPartitionHeld": Level(
        Scene({HELD % ("streams", 0): "_x5 1x30"}, "15m", {"kind": "clock"}),
        (Scene({HELD % ("streams", 0): "1x5 _x30"}, "15m", None),),
    ),
    "EmissionsCasesOverdue": Level(
        Scene({CASES % "a": "2x200", CASES % "b": "2x200"}, "120m", {"track": "COURT"}),
        (Scene({CASES % "a": "0x200"}, "120m", None),),
    ),
    "EmissionsCasesNotCounted": Level(
        Scene({COUNTED % "a": "0x60", COUNTED % "b": "0+60x5 300x60"}, "50m", {}),
        (
            Scene({COUNTED % "a": "0x60", COUNTED % "b": "0+60x60"}, "50m", None),
            Scene({CASES % "a": "0x60"}, "50m", None),
        ),
    ),
    "EmissionsLogNotSigned": Level(
        Scene({LOG % "c": "0+60x5 300x60"}, "30m", {}),
        (
            Scene({LOG % "c": "0+60x60"}, "30m", None),
            Scene({LOG % "c": "0+60x20 stale", LOG % "d": "_x24 0x1 1560+60x40"}, "40m", None),
            Scene(UP, "40m", None),  # nobody seals
        ),
        more=(
            Scene({LOG % "c": "0+60x5 stale"}, "30m", {}),
            Scene({LOG % "c": "0x60"}, "30m", {}),  # it never signed
        ),
    ),
    "EmissionsLogBroken": Level(
        Scene({CHECKED % "held": "0+1x60", CHECKED % "failed": "0x5 1x60"}, "20m",
              {"result": "failed"}),
        (Scene({CHECKED % "held": "0+1x60", CHECKED % "failed": "0x60"}, "20m", None),),
    ),
    "EmissionsAuditFailed": Level(
        Scene({'emissions_audit_failed_checks{part="ledger"}': "0x5 2x60"}, "20m",
              {"part": "ledger"}),
        (Scene({'emissions_audit_failed_checks{part="ledger"}': "0x60"}, "20m", None),),
    ),
    "EmissionsAuditOld": Level(
        Scene({AUDITED: "0x3100"}, "3000m", {}),
        (
            Scene({AUDITED: "0x1440 86400x1600"}, "3000m", None),
            Scene(UP, "3000m", None),  # nobody audits
            Scene({AUDIT_UP: "1x4000"}, "600m", None),  # the first one goes on
        ),
        more=(
            Scene({AUDITED: "0x1500 stale"}, "3000m", {}),
            Scene({AUDIT_UP: "1x4000"}, "3000m", {}),  # none ever ended
        ),
    ),
    "EmissionsAlertsNotDelivered": Level(
        Scene({UNSENT: "0x5 1+1x40", ALERTMANAGER_UP: "1x60"}, "20m", {"integration": "webhook"}),
        (
            Scene({UNSENT: "3x60", ALERTMANAGER_UP: "1x60"}, "20m", None),
            Scene(UP, "20m", None),  # nobody reads an Alertmanager
        ),
        more=(
            Scene({ALERTMANAGER_UP: "1x5 0x40"}, "20m", {"job": "alertmanager"}),
            Scene({ALERTMANAGER_UP: "1x5 stale"}, "20m", {"job": "alertmanager"}),
        ),
    ),
}  # fmt: skip


def unit_test(rule: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """A test as promtool reads it."""
    expected = []
    if scene.labels is not None:
        texts = {
            name: re.sub(r"{{ \$labels\.(\w+) }}", lambda found: scene.labels[found[1]], text)  # type: ignore[index]
            for name, text in rule["annotations"].items()
        }
        expected = [{"exp_labels": {**rule["labels"], **scene.labels}, "exp_annotations": texts}]
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": of} for each, of in scene.series.items()],
        "alert_rule_test": [
            {"eval_time": scene.at, "alertname": rule["alert"], "exp_alerts": expected}
        ],
    }


def test_every_alert_has_scenes_and_every_level_a_section() -> None:
    assert [rule["alert"] for rule in RULES] == list(LEVELS)
    assert len({rule["labels"]["service_level"] for rule in RULES}) == 15


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_there_is_and_names_its_section(rule: dict[str, Any]) -> None:
    assert read_query(rule["expr"]).mistakes == []
    assert rule["labels"]["severity"] in ("page", "ticket")
    page, _, section = rule["annotations"]["runbook_url"].partition("#")
    assert section == rule["alert"].lower()
    text = (ROOT / page).read_text("utf-8")
    assert f"\n## {rule['alert']}\n" in text
    level = rule["labels"]["service_level"]
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {level} |")]
    assert f"#{section})" in row
    assert rule["annotations"]["summary"].endswith(".")


def test_values_that_are_invalid_are_told_from_those_that_count_or_are_not_due() -> None:
    (rule,) = [each for each in RULES if each["alert"] == "EmissionsValuesInvalid"]
    invalid, due = (
        re.compile(f"(?!({left_out})$).*")
        for left_out in re.findall(r'quality!~"([^"]*)"', rule["expr"])
    )
    codes = named_codes()
    channel = {each.code for each in codes if each.scope is Scope.CHANNEL}
    excusing = {each.code for each in codes if each.excuses}
    counting = {"VALID", ZEROED, UNVERIFIED}
    told = channel | counting | {UNKNOWN_PARAMETER}
    assert {code for code in told if invalid.match(code)} == channel - excusing
    assert {code for code in told if due.match(code)} == (channel - excusing) | counting


def test_a_query_for_what_nobody_tells_is_seen() -> None:
    assert read_query('sum by (le) (rate(emissions_x_total{a="b"}[5m]))').mistakes == [
        "no metric emissions_x_total",
        "none has the label le",
    ]
    mistakes = read_query('max by (source_id) (emissions_lag_seconds{bin="1"}) > 5').mistakes
    assert mistakes == ["emissions_lag_seconds has no label bin", "none has the label source_id"]


@pytest.mark.process
def test_prometheus_takes_rules_and_configuration() -> None:
    for arguments in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml")):
        done = promtool(*arguments, cwd=FOLDER)
        assert done.returncode == 0, done.stderr + done.stdout
        assert f"{len(RULES)} rules found" in done.stdout


@pytest.mark.process
def test_every_alert_fires_when_it_must_and_at_no_other_time(tmp_path: Path) -> None:
    files = []
    for rule in RULES:  # each by itself: of all in every scene most would be computed in vain
        level = LEVELS[rule["alert"]]
        scenes = (level.missed, *level.kept, *level.more)
        files.append(f"{rule['alert']}.yml")
        group = {"groups": [{"name": "one", "rules": [rule]}]}
        (tmp_path / f"rule-{files[-1]}").write_text(yaml.safe_dump(group))
        written = {
            "rule_files": [f"rule-{files[-1]}"],
            "evaluation_interval": "1m",
            "tests": [unit_test(rule, scene) for scene in scenes],
        }
        (tmp_path / files[-1]).write_text(yaml.safe_dump(written))
    done = promtool("test", "rules", *files, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(RULES)
