"""``emissions check``: an operator's own file, judged before it is sent."""

from __future__ import annotations

import time
from pathlib import Path

import click

from emissions.cli.support.errors import BROKEN, writing
from emissions.cli.support.options import (
    Instant,
    ManyValues,
    report_format_option,
    report_output_option,
)
from emissions.cli.support.output import RunProgress, json_text
from emissions.cli.support.running import run
from emissions.cli.support.workspace import run_settings

FILE = click.Path(path_type=Path)


@click.command("check", cls=ManyValues)
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--registry", type=FILE, required=True, help="Enterprises and sources (YAML).")
@click.option(
    "--mapping",
    "mappings",
    type=FILE,
    multiple=True,
    metavar="FILE...",
    help="How to read a CSV of another layout: one mapping for all files, or one each.",
)
@click.option("--notices", type=FILE, help="What you told the authority (YAML), as for replay.")
@click.option(
    "--until",
    type=Instant(),
    help="Judge until this time, ISO 8601 with offset (default: the latest arrival + 20 minutes).",
)
@click.option(
    "--strict", is_flag=True, help="Refuse files with outlying rows, such as a mistyped month."
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "ru", "kk")),
    default="en",
    show_default=True,
    help="Language of headings, titles of rules and reasons.",
)
@report_format_option
@report_output_option
def command(
    files: tuple[Path, ...],
    registry: Path,
    mappings: tuple[Path, ...],
    notices: Path | None,
    until: int | None,
    strict: bool,
    language: str,
    form: str,
    output: Path | None,
) -> None:
    """Judge your own files by the law before you send them, on this computer alone.

    Says what replay would find in the same files, and needs neither broker nor ClickHouse: period
    and gaps, outlying dates, the quality of each channel with its seconds, refused rows with the
    reason, violations, and what an inspector would look at. Exits with 1 if a violation would be
    found.

    \b
    Examples:
      emissions check may.csv --registry registry.yaml --lang ru
      emissions check *.csv --registry r.yaml --mapping m.yaml --format html -o report.html
    """
    from emissions.cli.support.check_text import check_text
    from emissions.cli.support.replay_input import record_inputs, refuse_far, zones_of
    from emissions.file_check.page import check_page
    from emissions.file_check.report import check_document
    from emissions.file_check.run import check_input
    from emissions.input.reading_row import InputError
    from emissions.replay.survey import far_rows, survey_sources
    from schemas.codec import Codec
    from schemas.ids import FileIds
    from streams.registry.document import load_registry
    from streams.registry.notices import load_notices
    from streams.rules.load import load_rules

    settings = run_settings(None, None)
    codec = Codec(FileIds())  # no schema registry is asked
    rules = load_rules(settings.rules)
    enterprises = load_registry(registry, rules.country)
    told = () if notices is None else load_notices(notices, rules.country, dated=True)
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    tape = run(record_inputs(files, parameters, mappings, codec, spooled=True))
    if until is None and not len(tape):
        raise InputError(
            f"{', '.join(map(str, files))}: no readings to judge (--until TIME judges the silence)"
        )
    far = far_rows(tape)
    if strict and far:
        refuse_far(tape, far)
    with RunProgress() as progress:
        checked = check_input(
            tape,
            enterprises,
            settings=settings,
            rules=rules,
            codec=codec,
            until=until,
            now=time.time_ns() // 1_000_000,
            report=progress,
            notices=told,
        )
    document = check_document(
        tape,
        survey_sources(tape),
        far,
        checked,
        rules=rules,
        zones=zones_of(enterprises),
        language=language,
    )
    if form == "json":
        text = json_text(document) + "\n"
    elif form == "html":
        text = check_page(document, language)
    else:
        text = check_text(document, language)
    if output is None:
        click.echo(text, nl=False)
    else:
        with writing(output):
            output.write_text(click.unstyle(text), encoding="utf-8")
    if document["found"]:
        raise click.exceptions.Exit(BROKEN)
