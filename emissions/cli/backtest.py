"""``emissions backtest``: what a draft of the rules would change in a recorded stream."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError, writing
from emissions.cli.support.options import (
    Instant,
    ManyValues,
    report_format_option,
    report_output_option,
)
from emissions.cli.support.output import RunProgress, json_text
from emissions.cli.support.running import run
from emissions.cli.support.workspace import run_settings

if TYPE_CHECKING:
    from emissions.backtest.draft import Drafts
    from emissions.backtest.run import Judged, Window
    from streams.settings import Settings

FILE = click.Path(path_type=Path)


@click.command("backtest", cls=ManyValues)
@click.option("--rules", "rules", type=FILE, help="Directory of the draft's rule files.")
@click.option(
    "--amendment",
    is_flag=True,
    help="The draft names only what is new or different: other rules stay in force.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="CODE...",
    help="Rules in force that the draft takes out; implies --amendment.",
)
@click.option("--from", "since", type=Instant(), help="Compare from this time (ISO 8601) on.")
@click.option("--to", "until", type=Instant(), help="Compare up to before this time.")
@click.option(
    "--warm-up",
    type=click.IntRange(0, 3660),
    metavar="DAYS",
    help="Judge the topic from so many days before --from only (default: from its first record). "
    "What began earlier, a silence or the mass of a year, then begins there.",
)
@click.option("--registry", type=FILE, help="Enterprises and sources of --input (YAML).")
@click.option(
    "--input",
    "inputs",
    type=FILE,
    multiple=True,
    metavar="FILE...",
    help="Readings from files, as replay reads them (default: the topics of the broker).",
)
@click.option(
    "--mapping",
    "mappings",
    type=FILE,
    multiple=True,
    metavar="FILE...",
    help="How to read a CSV of another layout: one mapping for all inputs, or one each.",
)
@click.option("--notices", type=FILE, help="Operators' notices (YAML) beside --input.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(("en", "ru", "kk")),
    default="en",
    show_default=True,
    help="Language of headings, names and titles of rules.",
)
@report_format_option
@report_output_option
def command(
    rules: Path | None,
    amendment: bool,
    without: tuple[str, ...],
    since: int | None,
    until: int | None,
    warm_up: int | None,
    registry: Path | None,
    inputs: tuple[Path, ...],
    mappings: tuple[Path, ...],
    notices: Path | None,
    language: str,
    form: str,
    output: Path | None,
) -> None:
    """Judge a recorded stream by a draft of the rules beside those in force, and compare.

    Prints which violations the draft would bring, take away or alter, by rule, enterprise and
    region, with excess mass and an estimate of the fines. The recorded stream is the readings and
    registry topics of the broker, or files. It is judged once, in this process: nothing is
    published, and live results stay as they are.

    \b
    Examples:
      emissions backtest --rules drafts --amendment --from 2026-05-01T00:00:00+05:00
      emissions backtest --rules all-rules --registry r.yaml --input may.csv --format html -o b.html
      emissions backtest --without KZ-GS --registry r.yaml --input may.csv
    """
    from emissions.backtest.compare import backtest_document
    from emissions.backtest.page import backtest_page
    from emissions.backtest.run import Window
    from emissions.cli.support.backtest_text import backtest_text
    from streams.rules.payment import load_payment

    if rules is None and not without:
        raise CommandError("name a draft with --rules, or rules to take out --without", BAD_INPUT)
    if bool(inputs) != (registry is not None):
        raise CommandError("--input and --registry belong together", BAD_INPUT)
    if notices is not None and registry is None:
        raise CommandError("--notices belongs to --input: the topics have their own", BAD_INPUT)
    if since is not None and until is not None and until <= since:
        raise CommandError("--to is not after --from", BAD_INPUT)
    settings = run_settings(None, None)
    drafts = _drafts(settings, rules, [code.upper() for code in without], amendment)
    window = Window(since, until)
    table = load_payment(settings.rules)
    if registry is not None:
        judged = _judge_files(settings, drafts, registry, inputs, mappings, notices)
    else:
        judged = _judge_topics(settings, drafts, window, warm_up)
    document = backtest_document(drafts, judged, window, table, language=language)
    if form == "json":
        text = json_text(document) + "\n"
    elif form == "html":
        text = backtest_page(document, language)
    else:
        text = backtest_text(document, language)
    if output is None:
        click.echo(text, nl=False)
    else:
        with writing(output):
            output.write_text(click.unstyle(text), encoding="utf-8")


def _drafts(settings: Settings, rules: Path | None, without: list[str], amendment: bool) -> Drafts:
    from emissions.backtest.draft import DraftError, Drafts, amended
    from streams.rules.load import load_rules

    base = load_rules(settings.rules)
    draft = None if rules is None else load_rules(rules)
    try:
        if amendment or without or draft is None:
            draft = amended(base, draft, without)
        return Drafts.of(base, draft)
    except DraftError as error:
        raise CommandError(str(error), BAD_INPUT) from None


def _judge_files(
    settings: Settings,
    drafts: Drafts,
    registry: Path,
    inputs: tuple[Path, ...],
    mappings: tuple[Path, ...],
    notices: Path | None,
) -> Judged:
    from emissions.backtest.run import backtest_input
    from emissions.cli.support.replay_input import record_inputs
    from schemas.codec import Codec
    from schemas.ids import FileIds
    from streams.registry.document import load_registry
    from streams.registry.notices import load_notices

    codec = Codec(FileIds())  # no schema registry is asked
    enterprises = load_registry(registry, drafts.base.country)
    told = () if notices is None else load_notices(notices, drafts.base.country, dated=True)
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    tape = run(record_inputs(inputs, parameters, mappings, codec, spooled=True))
    with RunProgress() as progress:
        return backtest_input(
            tape,
            enterprises,
            drafts,
            settings=settings,
            codec=codec,
            now=time.time_ns() // 1_000_000,
            report=progress,
            notices=told,
        )


def _judge_topics(
    settings: Settings, drafts: Drafts, window: Window, warm_up: int | None
) -> Judged:
    from emissions.backtest.run import backtest_topic

    with requiring_topics(), RunProgress() as progress:
        return run(
            backtest_topic(
                drafts,
                settings=settings,
                codec=codec_of(settings),
                window=window,
                warm_up_days=warm_up,
                report=progress,
            )
        )
