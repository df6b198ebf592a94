"""``emissions violations``: what the violations topic says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streams.cli.errors import BAD_INPUT, CommandError
from streams.cli.letter_access import topics_exist
from streams.cli.options import Instant
from streams.cli.output import json_text, notice, show_rows
from streams.cli.running import run
from streams.violation_text import LANGUAGES, LISTED, REVISIONS, Record, Wanted, Words

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

VIOLATION = "Violation"
STATUSES = ("OPEN", "AMENDED", "CLOSED", "WITHDRAWN")
CSV = (
    "id", "revision", "status", "rule", "rule_title", "bin", "enterprise_name", "region",
    "region_name", "source_id", "parameter", "unit", "start", "start_local", "end", "end_local",
    "timezone", "value", "validated_value", "limit", "ratio", "excess_mass_t", "automatic",
    "deferred_until", "detected_at",
)  # fmt: skip


@click.command("violations")
@click.argument("violation", required=False, metavar="[ID]")
@click.option("--follow", is_flag=True, help="Go on and print each change as it is published.")
@click.option("--rule", "rules", multiple=True, metavar="CODE", help="Such as KZ-DAY; repeatable.")
@click.option("--bin", "bin_", metavar="БИН", help="Of this enterprise.")
@click.option("--source", metavar="ID", help="Of this source.")
@click.option("--region", metavar="CODE", help="Of this region, such as KZ-55.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    help="In this status; repeatable. WITHDRAWN ones are shown only if it is asked for.",
)
@click.option("--since", type=Instant(), help="Begun at this time (ISO 8601) or later.")
@click.option("--until", type=Instant(), help="Begun before this time.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Of titles and names.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "ndjson", "csv")),
    default="table",
    show_default=True,
    help="For people; one JSON array (with --follow an object a line); an object a line; CSV.",
)
def command(
    violation: str | None,
    follow: bool,
    form: str,
    language: str,
    rules: tuple[str, ...],
    bin_: str | None,
    statuses: tuple[str, ...],
    **narrow: Any,
) -> None:
    """Print the violations, the last revision of each; with --follow every change from then on.

    With the ID of one: its whole history, with amendments and withdrawal. Local times are those
    of the source's clock.

    \b
    Examples:
      emissions violations --rule KZ-DAY --region KZ-55 --language ru
      emissions violations 7d444840-9dc0-5ef3-a245-5ffdce74fad2
      emissions violations --follow --format json | jq .rule
    """
    from streams.cli.connection import codec_of
    from streams.settings import Settings

    if follow and form == "csv":
        raise CommandError("--follow is for tables and JSON: a CSV has an end", BAD_INPUT)
    if follow and violation is not None:
        raise CommandError("--follow and an ID exclude each other", BAD_INPUT)
    settings = Settings.from_env()
    codec = codec_of(settings)
    wanted = Wanted(
        rules=frozenset(rule.upper() for rule in rules),
        bin=bin_,
        statuses=frozenset(statuses),
        **narrow,
    )
    form = {"json": "ndjson" if follow else "array"}.get(form, form)
    with topics_exist():
        if violation is not None:
            run(_history(settings, codec, violation, language, form))
        else:
            run(_print(settings, codec, wanted, language, form, follow))


async def _print(
    settings: Settings, codec: Codec, wanted: Wanted, language: str, form: str, follow: bool
) -> None:
    from streams.replay.client import consumer_of
    from streams.replay.export import Findings, violation_order
    from streams.replay.logs import ends_of, read_log

    words = Words(language, await zones(settings, codec))
    ends = await ends_of(settings, settings.topic_violations)
    foreign = 0
    async with consumer_of(settings) as consumer:
        findings = Findings()
        async for record in read_log(consumer, ends):
            change = _violation(codec, record.value)
            if change is not None:
                findings.add(VIOLATION, change)
            foreign += change is None and record.value is not None
        shown = sorted(
            (
                each
                for each in findings.violations.values()
                if each in wanted and (wanted.statuses or each["status"] != "WITHDRAWN")
            ),
            key=violation_order,
        )
        if form != "table":
            show_rows(map(words.document, shown), CSV, form)
        elif shown:
            show_rows(map(words.row, shown), LISTED, form)
        else:
            notice("there are no violations" if wanted == Wanted() else "no violation is like that")
        if foreign:
            notice(f"passed over in {settings.topic_violations}, being no violations: {foreign}")
        if not follow:
            return
        consumer.assign(list(ends))
        for partition, end in ends.items():
            consumer.seek(partition, end)
        async for record in consumer:
            change = _violation(codec, record.value)
            if change is not None and change in wanted:
                show_change(change, words, form)


def _violation(codec: Codec, value: bytes | None) -> Record | None:
    """The violation of a message; None for whatever else somebody wrote into the topic."""
    from schemas.errors import Undecodable, UnknownSchema

    try:
        name, record = codec.decode(value or b"")
    except (Undecodable, UnknownSchema):
        return None
    return record if name == VIOLATION else None


async def _history(settings: Settings, codec: Codec, wanted: str, language: str, form: str) -> None:
    from streams.replay.client import consumer_of
    from streams.replay.logs import ends_of, read_log

    words = Words(language, await zones(settings, codec))
    revisions: dict[int, Record] = {}
    ends = await ends_of(settings, settings.topic_violations)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            change = _violation(codec, record.value)
            if change is not None and change["id"] == wanted:
                revisions[change["revision"]] = change
    if not revisions:
        raise CommandError(f"there is no violation {wanted}", BAD_INPUT)
    history = [revisions[number] for number in sorted(revisions)]
    if form != "table":
        show_rows(map(words.document, history), CSV, form)
        return
    show_rows([words.row(history[-1])], LISTED, "table")
    click.echo()
    show_rows(map(words.revision, history), REVISIONS, "table", "History")


async def zones(settings: Settings, codec: Codec) -> dict[str, str]:
    """The time zone of each registered source; {} where there is no topic of the registry."""
    from streams.replay.client import consumer_of
    from streams.replay.logs import ends_of, read_log

    found: dict[str, str] = {}
    try:
        ends = await ends_of(settings, settings.topic_registry)
    except LookupError:
        return found
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            if record.value is None:
                continue
            try:
                _, enterprise = codec.decode(record.value)
                found |= {each["id"]: each["timezone"] for each in enterprise["sources"]}
            except (LookupError, ValueError):  # what cannot be read is told by dead letters
                continue
    return found


def show_change(record: Record, words: Words, form: str) -> None:
    """Print one change of a violation: a line for people or a JSON object."""
    if form != "table":
        click.echo(json_text(words.document(record)))
        return
    click.echo(words.line(record))
