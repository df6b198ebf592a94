"""``emissions violations``: print and follow the violations topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.options import Instant
from emissions.cli.support.output import json_text, notice, show_rows
from emissions.cli.support.running import run
from emissions.cli.support.violation_text import (
    LANGUAGES,
    LISTED,
    REVISIONS,
    Record,
    ViolationFilter,
    ViolationFormatter,
)
from streams.counted import counted

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
@click.option(
    "--follow", is_flag=True, help="Keep running and print each change as it is published."
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="CODE",
    help="Only this rule, such as KZ-DAY; repeatable.",
)
@click.option("--bin", "bin_", metavar="БИН", help="Only this enterprise.")
@click.option("--source", metavar="ID", help="Only this source.")
@click.option("--region", metavar="CODE", help="Only this region, such as KZ-55.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    help="Only this status; repeatable. WITHDRAWN is hidden unless given.",
)
@click.option("--since", type=Instant(), help="Started at this time (ISO 8601) or later.")
@click.option("--until", type=Instant(), help="Started before this time.")
@click.option(
    "--language",
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of titles and names.",
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
    violation: str | None,
    follow: bool,
    form: str,
    language: str,
    rules: tuple[str, ...],
    bin_: str | None,
    statuses: tuple[str, ...],
    **narrow: Any,
) -> None:
    """Print the last revision of each violation; with --follow also every change from then on.

    With an ID: the whole history of that violation, with amendments and withdrawal. Local times
    are those of the source.

    \b
    Examples:
      emissions violations --rule KZ-DAY --region KZ-55 --language ru
      emissions violations 7d444840-9dc0-5ef3-a245-5ffdce74fad2
      emissions violations --follow --format json | jq .rule
    """
    from emissions.cli.support.connection import codec_of
    from streams.settings import Settings

    if follow and form == "csv":
        raise CommandError("--follow cannot write CSV: use table or json", BAD_INPUT)
    if follow and violation is not None:
        raise CommandError("--follow and an ID exclude each other", BAD_INPUT)
    settings = Settings.from_env()
    codec = codec_of(settings)
    wanted = ViolationFilter(
        rules=frozenset(rule.upper() for rule in rules),
        bin=bin_,
        statuses=frozenset(statuses),
        **narrow,
    )
    form = {"json": "ndjson" if follow else "array"}.get(form, form)
    with requiring_topics():
        if violation is not None:
            run(_history(settings, codec, violation, language, form))
        else:
            run(_print(settings, codec, wanted, language, form, follow))


async def _print(
    settings: Settings,
    codec: Codec,
    wanted: ViolationFilter,
    language: str,
    form: str,
    follow: bool,
) -> None:
    from emissions.replay.export import ReplayResults, violation_order
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log
    from streams.rules.load import load_rules

    rules = load_rules(settings.rules)
    words = ViolationFormatter(language, await zones(settings, codec), rules)
    ends = await ends_of(settings, settings.topic_violations)
    foreign = 0
    async with consumer_of(settings) as consumer:
        findings = ReplayResults()
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
            notice(
                "there are no violations"
                if wanted == ViolationFilter()
                else "no violation matches these filters"
            )
        if foreign:
            notice(
                f"skipped in {settings.topic_violations}: "
                f"{counted(foreign, 'message')} of another kind"
            )
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
    """Decode a violation; return None for any other message in the topic."""
    from schemas.errors import Undecodable, UnknownSchema

    try:
        name, record = codec.decode(value or b"")
    except (Undecodable, UnknownSchema):
        return None
    return record if name == VIOLATION else None


async def _history(settings: Settings, codec: Codec, wanted: str, language: str, form: str) -> None:
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log
    from streams.rules.load import load_rules

    rules = load_rules(settings.rules)
    words = ViolationFormatter(language, await zones(settings, codec), rules)
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
    """Read the time zone of each registered source; empty without a registry topic."""
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log

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
            except (LookupError, ValueError):  # unreadable ones are reported as dead letters
                continue
    return found


def show_change(record: Record, words: ViolationFormatter, form: str) -> None:
    """Print one change of a violation: a line for people or a JSON object."""
    if form != "table":
        click.echo(json_text(words.document(record)))
        return
    click.echo(words.line(record))
