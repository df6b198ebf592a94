"""What an audit found is a file that Prometheus reads."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from emissions.audit.audit_metrics import audit_metrics, write_metrics
from emissions.audit.check import AuditCheck
from tests.metrics.samples import value

CHECKS = [
    AuditCheck("ledger", "readings[0]", "100 messages"),
    AuditCheck("ledger", "readings[1]", "90 messages", ["offset 7 is counted twice"]),
    AuditCheck("log", "log", "30 leaves"),
]


def test_checks_that_do_not_hold_are_counted_by_part() -> None:
    metrics = audit_metrics(CHECKS, lambda: 7.0)
    assert value(metrics, "emissions_audit_failed_checks", part="ledger") == 1
    assert value(metrics, "emissions_audit_failed_checks", part="log") == 0
    assert value(metrics, "emissions_audit_timestamp_seconds") == 7.0


def test_the_file_has_nothing_of_a_process(tmp_path: Path) -> None:
    path = tmp_path / "audit.prom"
    write_metrics(path, CHECKS)
    families = {family.name for family in text_string_to_metric_families(path.read_text())}
    assert families == {"emissions_audit_failed_checks", "emissions_audit_timestamp_seconds"}
    assert [each.name for each in tmp_path.iterdir()] == ["audit.prom"]
