"""Logs that the mass of a year has come near its limit; the core finds it and does not log."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from streams.core.judging.violation import OPEN
from streams.core.records.findings import YEAR_NOTICE, Finding

log = structlog.get_logger(__name__)


def log_notices(findings: Iterable[Finding]) -> None:
    """Log each share of a limit in t/a that was reached; again where a batch is repeated."""
    for each in findings:
        if each.kind.startswith(YEAR_NOTICE) and each.status == OPEN:
            log.info(
                "annual_limit_near",
                source=each.source_id,
                parameter=each.parameter,
                share=each.threshold,
                detail=each.detail,
            )
