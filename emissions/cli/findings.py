"""``emissions findings``: print what an inspector should look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.finding_text import (
    LISTED,
    REVISIONS,
    FindingFilter,
    FindingFormatter,
    Record,
)
from emissions.cli.support.options import Instant
from emissions.cli.support.output import notice, show_rows
from emissions.cli.support.running import run
from emissions.cli.support.violation_text import LANGUAGES

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

FINDING = "Finding"
CSV = (
    "id", "revision", "status", "kind", "title", "bin", "source_id", "parameter", "start",
    "start_local", "end", "end_local", "timezone", "statistic", "value", "threshold", "unit",
    "detail", "basis", "track", "detected_at",
)  # fmt: skip


@click.command("findings")
@click.argument("finding", required=False, metavar="[ID]")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="CODE",
    help="Only this kind, such as FLATLINE; repeatable.",
)
@click.option("--bin", "bin_", metavar="БИН", help="Only this enterprise.")
@click.option("--source", metavar="ID", help="Only this source.")
@click.option("--open", "open_", is_flag=True, help="Only what still lasts.")
@click.option("--since", type=Instant(), help="Started at this time (ISO 8601) or later.")
@click.option("--until", type=Instant(), help="Started before this time.")
@click.option(
    "--language",
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of titles.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "ndjson", "csv")),
    default="table",
    show_default=True,
    help="table; json: one array; ndjson: one object a line; csv.",
)
def command(
    finding: str | None,
    kinds: tuple[str, ...],
    bin_: str | None,
    open_: bool,
    language: str,
    form: str,
    **narrow: Any,
) -> None:
    """Print the last revision of each finding that was not withdrawn.

    A finding is something to look at, and no violation: a channel that stands still, a mass that
    differs, a notice that did not come. With an ID: the whole history of that finding, also of a
    withdrawn one. Local times are those of the source.

    \b
    Examples:
      emissions findings --kind FLATLINE --kind REPEATED-DAY --lang ru
      emissions findings --source KZ-0001-01 --open --format json
    """
    from emissions.cli.support.connection import codec_of
    from streams.rules.finding_kinds import finding_kinds
    from streams.settings import Settings

    chosen = frozenset(kind.upper() for kind in kinds)
    if unknown := sorted(chosen - finding_kinds().keys()):
        raise CommandError(
            f"--kind: there is no kind {', '.join(unknown)}; there are "
            f"{', '.join(finding_kinds())}",
            BAD_INPUT,
        )
    settings = Settings.from_env()
    codec = codec_of(settings)
    form = {"json": "array"}.get(form, form)
    with requiring_topics():
        if finding is not None:
            run(_history(settings, codec, finding, language, form))
        else:
            wanted = FindingFilter(kinds=chosen, bin=bin_, open=open_, **narrow)
            run(_print(settings, codec, wanted, language, form))


async def _print(
    settings: Settings, codec: Codec, wanted: FindingFilter, language: str, form: str
) -> None:
    from emissions.replay.export import ReplayResults, standing_findings

    words, results = await _words(settings, codec, language), ReplayResults()
    for change in await _changes(settings, codec):
        results.add(FINDING, change)
    shown = [each for each in standing_findings(results) if each in wanted]
    if form != "table":
        show_rows(map(words.document, shown), CSV, form)
    elif shown:
        show_rows(map(words.row, shown), LISTED, form)
    else:
        everything = wanted == FindingFilter(kinds=frozenset())
        notice("there are no findings" if everything else "no finding matches these filters")


async def _history(settings: Settings, codec: Codec, wanted: str, language: str, form: str) -> None:
    words = await _words(settings, codec, language)
    revisions: dict[int, Record] = {
        change["revision"]: change
        for change in await _changes(settings, codec)
        if change["id"] == wanted.lower()
    }
    if not revisions:
        raise CommandError(f"there is no finding {wanted}", BAD_INPUT)
    history = [revisions[number] for number in sorted(revisions)]
    if form != "table":
        show_rows(map(words.document, history), CSV, form)
        return
    show_rows([words.row(history[-1])], LISTED, "table")
    click.echo()
    show_rows(map(words.revision, history), REVISIONS, "table", "History")


async def _words(settings: Settings, codec: Codec, language: str) -> FindingFormatter:
    from emissions.cli.violations import zones
    from streams.rules.country import load_country
    from streams.rules.finding_kinds import finding_kinds

    country = load_country(settings.rules)
    known = await zones(settings, codec)
    return FindingFormatter(language, known, finding_kinds(), country.zone)


async def _changes(settings: Settings, codec: Codec) -> list[Record]:
    """Read every revision of every finding from its topic."""
    from schemas.errors import Undecodable, UnknownSchema
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log

    found: list[Record] = []
    ends = await ends_of(settings, settings.topic_findings)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            try:
                name, change = codec.decode(record.value or b"")
            except (Undecodable, UnknownSchema):  # whoever may write to the topic can write that
                continue
            if name == FINDING:
                found.append(change)
    return found
