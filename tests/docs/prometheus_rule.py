"""Writes the alerts as a resource of the Prometheus operator, from the file that is theirs."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Final

_DEPLOY: Final = Path(__file__).parents[2] / "deploy"
ALERTS: Final = _DEPLOY / "prometheus" / "alerts.yml"
RULES: Final = _DEPLOY / "kubernetes" / "monitoring" / "rules.yaml"

_HEAD: Final = """\
# Written by `make docs` from deploy/prometheus/alerts.yml: change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: emissions
spec:
"""


def prometheus_rule() -> str:
    """Return the resource with the groups of the alerts, word for word."""
    return _HEAD + indent(ALERTS.read_text("utf-8"), "  ")
