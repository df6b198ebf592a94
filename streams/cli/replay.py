"""``emissions replay``: measurements from files through the deployed pipeline."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.connection import codec_of
from streams.cli.errors import writing
from streams.cli.options import Instant, ManyValues
from streams.cli.output import RunProgress, format_option, notice, show_rows
from streams.cli.running import run
from streams.cli.workspace import kept_or_temporary, refuse_used, run_settings

if TYPE_CHECKING:
    from streams.replay.export import Findings
    from streams.replay.run import RunReport

FILE = click.Path(path_type=Path)


def show_mapping_keys(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """Print the keys of a mapping and end, where that was asked."""
    if asked:
        from streams.input.mapping_file import describe_keys

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
    help="Readings: CSV, NDJSON or an Avro file; several are merged.",
)
@click.option(
    "--mapping",
    "mappings",
    type=FILE,
    multiple=True,
    metavar="FILE...",
    help="How a CSV as the field has it becomes readings: one for all inputs, or one each.",
)
@click.option(
    "--mapping-keys",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_mapping_keys,
    help="Print the keys that a mapping may have, and end.",
)
@click.option(
    "--until",
    type=Instant(),
    help="Stream time at which the run ends, ISO 8601 with offset "
    "(default: the latest arrival + 20 minutes).",
)
@click.option("--workspace", type=FILE, help="Keep logs and ClickHouse's data here.")
@click.option(
    "--export", "export_to", type=FILE, help="Leave the last revision of everything here."
)
@click.option(
    "--strict", is_flag=True, help="Refuse an input with rows that lie far from their neighbours."
)
@click.option("--broker", help="host:port of a Kafka broker (default: an embedded one).")
@click.option("--clickhouse", help="URL of a ClickHouse (default: an embedded one).")
@format_option
def command(
    registry: Path,
    inputs: tuple[Path, ...],
    mappings: tuple[Path, ...],
    until: int | None,
    workspace: Path | None,
    export_to: Path | None,
    strict: bool,
    broker: str | None,
    clickhouse: str | None,
    form: str,
) -> None:
    """Run measurements through broker, workers and ClickHouse, and stop when drained.

    The result is what a live system would hold at --until: readings are published in order of
    arrival (arrived_at, else the interval's end), time passes only through them. First the period
    of each source is shown, and rows that lie far from their neighbours, as a mistyped month does.

    \b
    Examples:
      emissions replay --registry registry.yaml --input day1.csv day2.csv --export out
      emissions replay --registry r.yaml --input field.csv --mapping mapping.yaml --workspace run
      emissions sql --workspace run "SELECT * FROM violations_current"
    """
    from streams.cli.replay_input import record_inputs, show_letters, show_survey
    from streams.registry.document import load_registry
    from streams.replay.export import write_export
    from streams.replay.run import collect_findings, run_pipeline
    from streams.replay.stage import Stage

    settings = run_settings(broker, clickhouse)
    codec = codec_of(settings)
    now = time.time_ns() // 1_000_000
    enterprises = load_registry(registry)
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    refuse_used(workspace)
    # all of it is read before anything is started: mistakes leave nothing behind
    tape = run(record_inputs(inputs, parameters, mappings, codec))
    period = show_survey(tape, enterprises, form, strict=strict)
    if export_to is not None:
        export_to.mkdir(parents=True, exist_ok=True)

    async def replay(directory: Path) -> tuple[RunReport, Findings]:
        stage = Stage(
            directory,
            settings,
            embed_broker=broker is None,
            embed_clickhouse=clickhouse is None,
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
            )
            return report, await collect_findings(stage.settings, codec)

    with kept_or_temporary(workspace) as directory:
        report, findings = run(replay(directory))
    if export_to is not None:
        with writing(export_to):
            write_export(findings, export_to)
    whole = summary(report, findings)
    show_rows([{**whole, **period} if form == "json" else whole], SUMMARY, form)
    if findings.dead_letters:
        reasons = Counter(row[0] for row in findings.dead_letters.values())
        listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        if form == "table":
            show_letters(findings, enterprises)
        notice(f"dead letters: {listed}")
    if form == "table" and export_to is not None:
        notice(f"exported to {export_to}")


SUMMARY = (
    "readings", "seconds", "per_second", "means", "gaps", "violations", "dead_letters",
    "after_until",
)  # fmt: skip


def summary(report: RunReport, findings: Findings) -> dict[str, Any]:
    """One row on a run: how much, how fast, what was found."""

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
