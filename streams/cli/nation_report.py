"""What the demo prints: compliance, violations, gaps, dead letters, and how true they are."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.client import Client

from sinks.query import run
from streams.cli.output import show_rows
from streams.replay.run import RunReport
from streams.replay.usage import Usage
from streams.simulation.compare import Comparison, Score
from streams.simulation.found import QUERIES, Found

WORST = (
    "SELECT rule, source_id, parameter, substring(start_local, 1, 16) AS local_time, value, "
    "limit, unit, ratio FROM violations_current "
    "WHERE ratio IS NOT NULL ORDER BY ratio DESC, start, source_id LIMIT 10"
)
SECTIONS = (
    ("Compliance of the nation", "SELECT * FROM compliance_nation"),
    (
        "Violations by rule",
        "SELECT rule, violations, open, automatic, enterprises, sources, worst_ratio "
        "FROM violations_by_rule ORDER BY rule",
    ),
    ("The worst ten", WORST),
    (
        "Gaps",
        "SELECT if(parameter = '', 'whole source', parameter) AS of, count() AS gaps, "
        "countIf(status = 'OPEN') AS open, uniqExact(source_id) AS sources, "
        "round(sum(dateDiff('second', start, end)) / 3600, 1) AS hours_closed "
        "FROM gaps_current GROUP BY of ORDER BY gaps DESC",
    ),
    (
        "Dead letters",
        "SELECT reason, sum(messages) AS messages FROM dead_letters_by_reason "
        "GROUP BY reason ORDER BY messages DESC",
    ),
)
QUESTIONS = (
    "SELECT * FROM compliance_by_region ORDER BY obliged DESC",
    "SELECT * FROM latest_means WHERE window = 'day' AND ratio > 0.9 ORDER BY ratio DESC LIMIT 20",
    "SELECT region, rule, count() FROM violations_current GROUP BY ALL ORDER BY ALL",
)


def print_found(client: Client, messages: int) -> Found:
    """Print what ClickHouse holds; returns it in the shape in which it is compared.

    ``messages`` were published: those neither accepted nor dead-lettered were equal duplicates.
    """
    for title, sql in SECTIONS:
        columns, rows = _rows(client, sql)
        show_rows(rows, columns, "table", title)
        click.echo()
    found = {name: _rows(client, sql)[1] for name, sql in QUERIES.items()}
    _, ((accepted,),) = run(
        client, "SELECT uniqExact(topic, partition, offset) FROM readings_current"
    )
    return Found(
        violations=found["violations"],
        gaps=found["gaps"],
        dead_letters=found["dead_letters"],
        means=found["means"],
        duplicates=messages - int(accepted) - len(found["dead_letters"]),
    )


def _rows(client: Client, sql: str) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    columns, rows = run(client, sql)
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


def _remark(score: Score) -> str:
    if score.perfect:
        return ""
    return ": DIFFERS" if score.judged else ": not judged"


def print_scores(comparison: Comparison) -> None:
    """Print precision and recall of each kind, then every miss and every extra by name."""
    columns = ("kind", "expected", "found", "precision", "recall")
    rows = [
        {
            "kind": score.kind + _remark(score),
            "expected": score.expected,
            "found": score.found if score.judged else None,
            "precision": score.precision,
            "recall": score.recall,
        }
        for score in comparison.scores
    ]
    show_rows(rows, columns, "table", "Found against the truth")
    for score in comparison.scores:
        for sentence in score.misses:
            click.echo(f"missed  {score.kind}: {sentence}")
        for sentence in score.extras:
            click.echo(f"made up {score.kind}: {sentence}")
    click.echo()


def print_figures(report: RunReport, used: list[Usage]) -> None:
    """Print how much was done in what time, with how much processor time and memory."""
    rate = report.messages / report.pipeline_s
    click.echo(
        f"{report.messages:,} readings published and judged in {report.pipeline_s:.1f} s "
        f"({rate:,.0f} a second); everything, processes included, in {report.whole_s:.1f} s"
    )
    if used:
        parts = ", ".join(
            f"{part.name} {part.cpu_s:.0f} s {part.peak_bytes / 2**20:.0f} MB" for part in used
        )
        peak = sum(part.peak_bytes for part in used) / 2**20
        click.echo(f"processor time and peak memory: {parts} (together at most {peak:,.0f} MB)")


def print_next(keep: Path | None) -> None:
    """Print three questions to ask next."""
    click.echo("\nTry next:")
    place = keep or Path("nation")
    program = "emissions" if shutil.which("emissions") else sys.argv[0]
    if keep is None:
        click.echo(f"  {program} demo --keep {place}")
    for question in QUESTIONS:
        click.echo(f'  {program} sql --workspace {place} "{question}"')
