"""``emissions advice``: print and follow what operators are told while they can still act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.advice_text import CSV, LISTED, AdviceFilter, AdviceFormatter
from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.options import Instant
from emissions.cli.support.output import json_text, notice, show_rows
from emissions.cli.support.running import run
from emissions.cli.support.violation_text import LANGUAGES
from streams.core.records.advice import KINDS

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

ADVICE = "Advice"
_MOST_SEEN = 100_000
"""Ids that are remembered, so that what comes again after a crash is printed once."""


@click.command("advice")
@click.option("--follow", is_flag=True, help="Keep running and print each advice as it is told.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS, case_sensitive=False),
    help="Only this kind; repeatable.",
)
@click.option("--bin", "bin_", metavar="БИН", help="Only this enterprise.")
@click.option("--source", metavar="ID", help="Only this source.")
@click.option("--since", type=Instant(), help="Told at this time (ISO 8601) or later.")
@click.option(
    "--language",
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the sentences.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "ndjson", "csv")),
    default="table",
    show_default=True,
    help="table; json: one array (with --follow one object a line); ndjson; csv.",
)
def command(
    follow: bool,
    form: str,
    language: str,
    kinds: tuple[str, ...],
    bin_: str | None,
    **narrow: Any,
) -> None:
    """Print what operators were told in time; with --follow also every advice from then on.

    A window that is about to exceed its limit, a silence that is about to be an outage, a term
    that is about to end. Advice has no legal weight. Local times are those of the source.

    \b
    Examples:
      emissions advice --follow --source KZ-0001-01 --lang kk
      emissions advice --kind EXCEEDING --format ndjson | jq .stay_below
    """
    from emissions.cli.support.connection import codec_of
    from streams.settings import Settings

    if follow and form == "csv":
        raise CommandError("--follow cannot write CSV: use table or json", BAD_INPUT)
    settings = Settings.from_env()
    codec = codec_of(settings)
    wanted = AdviceFilter(kinds=frozenset(kind.upper() for kind in kinds), bin=bin_, **narrow)
    form = {"json": "ndjson" if follow else "array"}.get(form, form)
    with requiring_topics():
        run(_print(settings, codec, wanted, language, form, follow))


async def _print(
    settings: Settings, codec: Codec, wanted: AdviceFilter, language: str, form: str, follow: bool
) -> None:
    from emissions.cli.support.topic_changes import changes_of, following
    from emissions.cli.violations import zones
    from streams.rules.country import load_country

    country = load_country(settings.rules)
    words = AdviceFormatter(language, await zones(settings, codec), country.zone)
    told, ends = await changes_of(settings, codec, ADVICE, settings.topic_advice)
    seen = {each["id"]: each for each in told}
    shown = sorted(
        (each for each in seen.values() if each in wanted),
        key=lambda each: (each["told_at"], each["source_id"], each["id"]),
    )
    if form != "table":
        show_rows(map(words.document, shown), CSV, form)
    elif shown:
        show_rows(map(words.row, shown), LISTED, form)
    else:
        everything = wanted == AdviceFilter(kinds=frozenset())
        notice("there is no advice" if everything else "no advice matches these filters")
    if not follow:
        return
    known = dict.fromkeys(seen)
    async for each in following(settings, codec, ADVICE, ends):
        if each["id"] in known:
            continue
        if len(known) >= _MOST_SEEN:
            del known[next(iter(known))]
        known[each["id"]] = None
        if each in wanted:
            click.echo(json_text(words.document(each)) if form != "table" else words.line(each))
