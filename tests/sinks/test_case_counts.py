"""Cases are counted from ClickHouse as they stand, by whether their term is over."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from sinks.case_counts import CaseCounts
from sinks.clickhouse import async_client
from streams.metrics.metric_set import MetricSet
from tests.metrics.samples import value
from tests.sinks.make import DAY, MARCH, case
from tests.sinks.test_case_views import stored
from tests.support.clickhouse import TestClickHouse

OVER, AHEAD = "2020-01-01", "2999-01-01"


async def test_cases_are_counted_by_track_and_term(clickhouse: TestClickHouse) -> None:
    def at(day: int, **given: Any) -> dict[str, Any]:
        return case(start=MARCH + day * DAY, **given)

    await stored(
        clickhouse,
        at(0, due={"prescription_by": OVER}),
        at(1, due={"prescription_by": OVER}),
        at(1, due={"prescription_by": OVER}, revision=2, delivered_at=MARCH + 9 * DAY),
        at(2, due={"prescription_by": AHEAD, "limitation_detection": OVER}),
        at(3, due={"protocol_by": OVER}, track="COURT", state="REVIEW"),
        at(4, due={"protocol_by": OVER}, track="COURT", state="CLOSED"),
        at(5, due={"protocol_by": None}, track="COURT", state="DEFERRED"),
        at(6, due={"protocol_by": OVER}, track="COURT", state="WITHDRAWN"),
    )
    metrics = MetricSet("sinks")
    counts = CaseCounts(metrics, lambda: async_client(clickhouse.settings), lambda: 7.0)
    await counts.read()

    def due(track: str, term: str) -> float | None:
        return value(metrics, "emissions_cases_undelivered", track=track, term=term)

    assert due("PRESCRIPTION", "over") == 1
    assert due("PRESCRIPTION", "within") == 1
    assert due("COURT", "over") == 1
    assert due("COURT", "within") == 0
    name = "emissions_cases"
    assert value(metrics, name, track="PRESCRIPTION", state="OPEN") == 3
    assert value(metrics, name, track="COURT", state="REVIEW") == 1
    assert value(metrics, name, track="COURT", state="CLOSED") == 1
    assert value(metrics, name, track="COURT", state="WITHDRAWN") is None
    assert value(metrics, "emissions_cases_timestamp_seconds") == 7.0
    await counts._close()


async def test_counts_stay_while_clickhouse_does_not_answer() -> None:
    asked = []

    async def away() -> Any:
        asked.append(1)
        raise OSError

    metrics = MetricSet("sinks")
    counts = CaseCounts(metrics, away)
    with capture_logs() as said:
        await counts.read()
        await counts.read()
    assert len(asked) == 2
    assert [(each["event"], each["log_level"]) for each in said] == [
        ("cases_not_counted", "warning")
    ]
    assert value(metrics, "emissions_cases_timestamp_seconds") == 0.0
