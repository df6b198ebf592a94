"""Print the results of a demo: compliance, violations, gaps, dead letters, scores."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.client import Client

from emissions.cli.support.output import show_rows
from emissions.cli.support.sql_query import fetch_answer
from emissions.explain.store import Store
from emissions.pending_cases import read_pending
from emissions.replay.run import RunReport
from emissions.replay.usage import Usage
from emissions.simulation.compare import Comparison
from emissions.simulation.compare_cases import CASES
from emissions.simulation.compare_suspicions import SUSPICION
from emissions.simulation.nation import NationFigures
from emissions.simulation.results import QUERIES, PipelineResults
from emissions.simulation.score import Score
from emissions.simulation.tampering import needed_days
from schemas.codec import Codec
from streams.core.cases.pending import PendingCase
from streams.core.time.local_clock import clock
from streams.counted import counted
from streams.rules.load import load_rules
from streams.settings import Settings

WORST = (
    "SELECT rule, source_id, parameter, substring(start_local, 1, 16) AS local_time, value, "
    "limit, unit, ratio FROM violations_current "
    "WHERE ratio IS NOT NULL ORDER BY ratio DESC, start, source_id LIMIT 10"
)
FUNNEL = (
    "SELECT (SELECT count() FROM means_current WHERE limit IS NOT NULL) AS windows_with_a_limit, "
    "(SELECT count() FROM violations_current) AS violations, "
    "(SELECT count() FROM violations_current WHERE id NOT IN "
    "(SELECT arrayJoin(arrayConcat(violations, absorbed)) FROM cases_current)) AS in_no_case_yet, "
    "(SELECT count() FROM cases_current) AS cases"
)
"""Most violations of a short simulation are in no case yet: one opens when late data can no longer
change it, some four days after its last window.
"""
SECTIONS = (
    ("Compliance of the nation", "SELECT * FROM compliance_nation"),
    (
        "Violations by rule",
        "SELECT rule, violations, open, automatic, enterprises, sources, worst_ratio "
        "FROM violations_by_rule ORDER BY rule",
    ),
    ("The ten worst violations", WORST),
    ("From windows to cases", FUNNEL),
    (
        "Cases by what follows; fines are estimates",
        "SELECT track, article, part, cases, open, review, deferred, fines_kzt, first_due_on "
        "FROM cases_by_track ORDER BY track, article, part",
    ),
    (
        "The nearest dates of cases",
        "SELECT due_on, due_term, sum(cases_by_due.cases) AS cases FROM cases_by_due "
        "GROUP BY due_on, due_term ORDER BY due_on, due_term LIMIT 5",
    ),
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


def print_found(client: Client, messages: int, settings: Settings, codec: Codec) -> PipelineResults:
    """Print what ClickHouse holds and return it for the comparison.

    ``messages`` were published; those neither accepted nor dead-lettered were equal duplicates.
    """
    for title, sql in SECTIONS:
        columns, rows = _rows(client, sql)
        show_rows(rows, columns, "table", title)
        click.echo()
    rules = load_rules(settings.rules)
    store = Store(client, codec, rules, settings.policy, settings.topic_readings)
    ahead = read_pending(store, settings.policy, settings.case_policy)
    _print_ahead(ahead, rules.country.zone)
    found = {name: _rows(client, sql)[1] for name, sql in QUERIES.items()}
    _, ((accepted,),) = fetch_answer(
        client, "SELECT uniqExact(topic, partition, offset) FROM readings_current"
    )
    return PipelineResults(
        findings=found["findings"],
        violations=found["violations"],
        gaps=found["gaps"],
        dead_letters=found["dead_letters"],
        means=found["means"],
        duplicates=messages - int(accepted) - len(found["dead_letters"]),
        cases=found["cases"],
        pending=[each._asdict() | {"count": len(each.violations)} for each in ahead],
    )


def _print_ahead(ahead: list[PendingCase], zone: str) -> None:
    """Print when the cases open whose violations late data can still change, by local day."""
    days: dict[tuple[str, str, str], list[PendingCase]] = {}
    for each in ahead:
        day = clock(zone).date(each.opens_at).isoformat()
        days.setdefault((day, each.track, each.article), []).append(each)
    columns = ("opens_on", "track", "article", "cases", "sources", "violations")
    rows = [
        {
            "opens_on": day,
            "track": track,
            "article": article,
            "cases": len(of_day),
            "sources": len({each.source_id for each in of_day}),
            "violations": sum(len(each.violations) for each in of_day),
        }
        for (day, track, article), of_day in sorted(days.items())
    ]
    show_rows(rows, columns, "table", "Cases that open when late data can no longer change them")
    click.echo()


def _rows(client: Client, sql: str) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    columns, rows = fetch_answer(client, sql)
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


def _remark(score: Score) -> str:
    if score.perfect:
        return ""
    return ": DIFFERS" if score.judged else ": not judged"


def print_scores(comparison: Comparison, figures: NationFigures) -> None:
    """Print precision and recall of each kind, then every miss and every extra by name.

    Cases have a table of their own, by what was planned, and so has tampering, with the false
    findings of each source and day.
    """
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
        if not score.kind.startswith((SUSPICION, f"{CASES} "))
    ]
    show_rows(rows, columns, "table", "Findings compared with the truth")
    click.echo()
    _print_cases(comparison)
    _print_tampering(comparison, figures)
    for score in comparison.scores:
        for sentence in score.misses:
            click.echo(f"missed  {score.kind}: {sentence}")
        for sentence in score.extras:
            click.echo(f"made up {score.kind}: {sentence}")
    click.echo()


def _print_cases(comparison: Comparison) -> None:
    columns = ("planned", "follows", "state", "expected", "found", "precision", "recall")
    rows = []
    for score in comparison.scores:
        if not score.kind.startswith(f"{CASES} "):
            continue
        cause, follows, state = score.kind.removeprefix(f"{CASES} ").split(", ")
        rows.append(
            {
                "planned": cause,
                "follows": follows,
                "state": state + _remark(score),
                "expected": score.expected,
                "found": score.found if score.judged else None,
                "precision": score.precision,
                "recall": score.recall,
            }
        )
    show_rows(rows, columns, "table", "Cases compared with what was planned")
    click.echo()


def _print_tampering(comparison: Comparison, figures: NationFigures) -> None:
    days = figures.days
    source_days = (figures.sources + figures.tampered) * days
    columns = ("kind", "planted", "found", "recall", "beside", "false", "a_source_day")
    rows = [
        {
            "kind": score.kind.removeprefix(SUSPICION).strip(),
            "planted": score.expected,
            "found": score.matched if score.judged else None,
            "recall": score.recall,
            "beside": score.beside if score.judged else None,
            "false": score.found - score.matched if score.judged else None,
            "a_source_day": (score.found - score.matched) / source_days if score.judged else None,
        }
        for score in comparison.scores
        if score.kind.startswith(SUSPICION)
    ]
    show_rows(rows, columns, "table", "Tampering compared with the truth")
    if later := needed_days(days):
        told = ", ".join(f"{code} {least}" for code, least in later.items())
        click.echo(textwrap.fill(f"Not planted, since it shows only in a run of more days: {told}"))
    click.echo()


def print_figures(report: RunReport, used: list[Usage]) -> None:
    """Print throughput, processor time and memory of a run."""
    rate = report.messages / report.pipeline_s
    click.echo(
        f"{counted(report.messages, 'reading', form=',')} published and judged in "
        f"{report.pipeline_s:.1f} s ({rate:,.0f} a second); in total {report.whole_s:.1f} s with "
        "process starts"
    )
    if used:
        parts = ", ".join(
            f"{part.name} {part.cpu_s:.0f} s {part.peak_bytes / 2**20:.0f} MB" for part in used
        )
        peak = sum(part.peak_bytes for part in used) / 2**20
        click.echo(f"processor time and peak memory: {parts} (together at most {peak:,.0f} MB)")


def print_next(keep: Path | None) -> None:
    """Print three queries to try next, and how to open the pages."""
    click.echo("\nTry next:")
    place = keep or Path("nation")
    program = "emissions" if shutil.which("emissions") else sys.argv[0]
    if keep is None:
        click.echo(f"  {program} demo --keep {place}")
    for question in QUESTIONS:
        click.echo(f'  {program} sql --workspace {place} "{question}"')
    click.echo(f"  {program} serve --workspace {place}    # its pages: http://127.0.0.1:8080/")
