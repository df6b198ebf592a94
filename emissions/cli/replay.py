"""``emissions replay``: run readings from files through the deployed pipeline."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import writing
from emissions.cli.support.options import Instant, ManyValues
from emissions.cli.support.output import RunProgress, format_option, notice, show_rows
from emissions.cli.support.running import run
from emissions.cli.support.workspace import kept_or_temporary, refuse_used, run_settings

if TYPE_CHECKING:
    from emissions.replay.export import ReplayResults
    from emissions.replay.run import RunReport
    from streams.registry.measures import DatedMeasure

FILE = click.Path(path_type=Path)


def show_mapping_keys(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """Print the keys of a mapping and exit, where ``--mapping-keys`` was given."""
    if asked:
        from emissions.input.mapping_file import describe_keys

        click.echo(describe_keys())
        context.exit()


@click.command("replay", cls=ManyValues)
@click.option("--registry", type=FILE, required=True, help="Enterprises and sources (YAML).")
@click.option(
    "--input",
    "inputs",
    type=FILE,
    multiple=True,
    required=True,
    metavar="FILE...",
    help="Readings as CSV, NDJSON or Avro; several files are merged.",
)
@click.option(
    "--mapping",
    "mappings",
    type=FILE,
    multiple=True,
    metavar="FILE...",
    help="How to read a CSV of another layout: one mapping for all inputs, or one each.",
)
@click.option(
    "--mapping-keys",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_mapping_keys,
    help="Print the keys of a mapping and exit.",
)
@click.option(
    "--until",
    type=Instant(),
    help="End the run at this stream time, ISO 8601 with offset "
    "(default: the latest arrival + 20 minutes).",
)
@click.option("--notices", type=FILE, help="What operators told (YAML), each with its arrived_at.")
@click.option(
    "--measures", type=FILE, help="What officials decided (YAML), each with its arrived_at."
)
@click.option("--workspace", type=FILE, help="Keep topics, tables and logs here.")
@click.option(
    "--export", "export_to", type=FILE, help="Write the last revision of every result here."
)
@click.option(
    "--strict", is_flag=True, help="Refuse an input with outlying rows, such as a mistyped month."
)
@click.option("--broker", help="Kafka broker as host:port (default: an embedded one).")
@click.option("--clickhouse", help="URL of a ClickHouse (default: an embedded one).")
@format_option
def command(
    registry: Path,
    inputs: tuple[Path, ...],
    mappings: tuple[Path, ...],
    until: int | None,
    notices: Path | None,
    measures: Path | None,
    workspace: Path | None,
    export_to: Path | None,
    strict: bool,
    broker: str | None,
    clickhouse: str | None,
    form: str,
) -> None:
    """Run readings from files through broker, workers and ClickHouse, and stop when done.

    The result equals that of a live system at --until: readings are published in order of arrival
    (arrived_at, else the end of the interval), and only they advance time. Before the run the
    period of each source is printed, with rows that lie far from their neighbours (a typo, often).

    \b
    Examples:
      emissions replay --registry registry.yaml --input day1.csv day2.csv --export out
      emissions replay --registry r.yaml --input field.csv --mapping mapping.yaml --workspace run
      emissions sql --workspace run "SELECT * FROM violations_current"
    """
    from emissions.cli.support.replay_input import record_inputs, show_dead_letters, show_survey
    from emissions.replay.export import write_export
    from emissions.replay.local_stack import LocalStack
    from emissions.replay.run import collect_findings, run_pipeline
    from streams.registry.document import load_registry
    from streams.registry.measures import load_measures
    from streams.registry.notices import load_notices
    from streams.rules.country import load_country

    settings = run_settings(broker, clickhouse)
    codec = codec_of(settings)
    now = time.time_ns() // 1_000_000
    enterprises = load_registry(registry, load_country(settings.rules))
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    refuse_used(workspace)
    told = (
        () if notices is None else load_notices(notices, load_country(settings.rules), dated=True)
    )
    decided: tuple[DatedMeasure, ...] = ()
    if measures is not None:
        owners = {source.id: each.bin for each in enterprises for source in each.sources}
        country = load_country(settings.rules)
        decided = load_measures(measures, country, now=now, dated=True, owners=owners)
    # Read all input before anything is started: a mistake leaves nothing behind.
    tape = run(record_inputs(inputs, parameters, mappings, codec))
    period = show_survey(tape, enterprises, form, strict=strict)
    if export_to is not None:
        export_to.mkdir(parents=True, exist_ok=True)

    async def replay(directory: Path) -> tuple[RunReport, ReplayResults]:
        stage = LocalStack(
            directory,
            settings,
            embed_broker=broker is None,
            embed_clickhouse=clickhouse is None,
            keep_topics=workspace is not None,
        )
        with RunProgress() as progress, stage:
            report = await run_pipeline(
                stage,
                enterprises,
                tape,
                codec=codec,
                until=until,
                now=now,
                report=progress,
                notices=told,
                measures=decided,
            )
            return report, await collect_findings(stage.settings, codec)

    with kept_or_temporary(workspace) as directory:
        report, findings = run(replay(directory), starts_processes=True)
    if export_to is not None:
        with writing(export_to):
            write_export(findings, export_to)
    whole = summary(report, findings)
    show_rows([{**whole, **period} if form == "json" else whole], SUMMARY, form)
    if findings.dead_letters:
        reasons = Counter(row[0] for row in findings.dead_letters.values())
        listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        if form == "table":
            show_dead_letters(findings, enterprises)
        notice(f"dead letters: {listed}")
    if form == "table" and export_to is not None:
        notice(f"exported to {export_to}")


SUMMARY = (
    "readings", "seconds", "per_second", "means", "gaps", "violations", "dead_letters",
    "after_until",
)  # fmt: skip


def summary(report: RunReport, findings: ReplayResults) -> dict[str, Any]:
    """Return one row on a run: how many readings, how fast, and what was found."""

    def standing(records: dict[str, dict[str, Any]]) -> int:
        return sum(record["status"] != "WITHDRAWN" for record in records.values())

    return {
        "readings": report.messages,
        "seconds": round(report.pipeline_s, 1),
        "per_second": round(report.messages / report.pipeline_s),
        "means": len(findings.means),
        "gaps": standing(findings.gaps),
        "violations": standing(findings.violations),
        "dead_letters": len(findings.dead_letters),
        "after_until": report.plan.absent,
    }
