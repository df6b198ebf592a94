"""A share of an annual limit that was reached is logged once, when it is found."""

from __future__ import annotations

import msgspec
from structlog.testing import capture_logs

from streams.core.records.findings import Finding
from streams.runtime.year_notices import log_notices

NOTICE = Finding(
    id="0c0d3c1e-0000-5000-8000-000000000000",
    revision=1,
    status="OPEN",
    kind="YEAR-80",
    bin="990140001233",
    source_id="A",
    parameter="SO2",
    start=0,
    end=None,
    statistic="share of the limit",
    value=0.81,
    threshold=0.8,
    unit="1",
    detail="By noon.",
    basis="an act",
    track="",
    rule_set="kz",
    detected_at=1,
)


def test_what_is_reached_is_logged_and_nothing_else() -> None:
    others = (
        msgspec.structs.replace(NOTICE, status="CLOSED", end=2),
        msgspec.structs.replace(NOTICE, status="WITHDRAWN"),
        msgspec.structs.replace(NOTICE, kind="FLATLINE"),
    )
    with capture_logs() as lines:
        log_notices([*others, NOTICE])
    assert lines == [
        {
            "event": "annual_limit_near",
            "log_level": "info",
            "source": "A",
            "parameter": "SO2",
            "share": 0.8,
            "detail": "By noon.",
        }
    ]
