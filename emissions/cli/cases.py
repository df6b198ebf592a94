"""``emissions cases``: print and follow administrative cases, and what an inspector does today."""

from __future__ import annotations

import textwrap
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import json_text, notice, show_rows
from emissions.cli.support.running import run
from emissions.cli.support.violation_text import LANGUAGES
from streams.counted import counted

if TYPE_CHECKING:
    from emissions.cli.support.case_text import CaseFilter, CaseFormatter, Record
    from schemas.codec import Codec
    from streams.core.law.rule import RuleSet
    from streams.settings import Settings

CASE = "AdministrativeCase"
STATES = ("OPEN", "REVIEW", "DEFERRED", "WITHDRAWN", "CLOSED")
TRACKS = ("PRESCRIPTION", "COURT", "INSPECTION")
CSV = (
    "id", "revision", "state", "reasons", "track", "act", "article", "part", "bin",
    "enterprise_name", "region", "region_name", "source_id", "start", "start_local", "end",
    "end_local", "timezone", "fine_kzt", "fine_missing", "detected_at", "opened_at",
    "delivered_at", "due_on", "due_term", "working_days_left",
)  # fmt: skip


@click.command("cases")
@click.argument("case", required=False, metavar="[ID]")
@click.option("--follow", is_flag=True, help="Keep running and print each change.")
@click.option("--today", is_flag=True, help="What waits for a person, in order, up to the budget.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Local day from which days are counted (default: today).",
)
@click.option(
    "--inspectors",
    type=click.IntRange(min=1),
    help="With --today: how many share the work (default: EMISSIONS_REGION_INSPECTORS a region).",
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES, case_sensitive=False),
    help="Only this state; repeatable. WITHDRAWN is hidden unless given.",
)
@click.option(
    "--track",
    "tracks",
    multiple=True,
    type=click.Choice(TRACKS, case_sensitive=False),
    help="Only what follows: a prescription, the court, an inspection; repeatable.",
)
@click.option("--region", metavar="CODE", help="Only this region, such as KZ-55.")
@click.option("--bin", "bin_", metavar="БИН", help="Only this enterprise.")
@click.option("--source", metavar="ID", help="Only this source.")
@click.option(
    "--due",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only cases whose first date is this local day or earlier.",
)
@click.option(
    "--language",
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of words and names.",
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
    case: str | None,
    follow: bool,
    today: bool,
    on: datetime | None,
    inspectors: int | None,
    states: tuple[str, ...],
    tracks: tuple[str, ...],
    bin_: str | None,
    due: datetime | None,
    language: str,
    form: str,
    **narrow: Any,
) -> None:
    """Print the last revision of each case, that with the earliest date first.

    With an ID: that case as a page, and its history. With --today: what an inspector takes today,
    first what must be done by the next working day, then by legal weight, distance to the deadline
    and age; a budget of items a day (EMISSIONS_INSPECTOR_ITEMS) ends the list, and it says how
    many wait. Prescriptions in which everything was automatic need no inspector. Fines are
    estimates. Local times are those of the source.

    \b
    Examples:
      emissions cases --region KZ-55 --state REVIEW --language ru
      emissions cases --today --region KZ-55 --inspectors 2
      emissions cases --follow --format json | jq .track
    """
    from emissions.cli.support.case_text import CaseFilter
    from emissions.cli.support.connection import codec_of
    from streams.settings import Settings

    if follow and (form == "csv" or case is not None or today):
        raise CommandError("--follow goes with neither an ID, --today nor CSV", BAD_INPUT)
    if today and (case is not None or states or due is not None):
        raise CommandError("--today goes with neither an ID, --state nor --due", BAD_INPUT)
    if inspectors is not None and not today:
        raise CommandError("--inspectors goes with --today", BAD_INPUT)
    settings = Settings.from_env()
    codec = codec_of(settings)
    wanted = CaseFilter(
        states=frozenset(states),
        tracks=frozenset(tracks),
        bin=bin_,
        due_until=None if due is None else due.date(),
        **narrow,
    )
    day = None if on is None else on.date()
    form = {"json": "ndjson" if follow else "array"}.get(form, form)
    with requiring_topics():
        if case is not None:
            run(_one(settings, codec, case, language, form, day))
        elif today:
            run(_today(settings, codec, wanted, language, form, day, inspectors))
        else:
            run(_print(settings, codec, wanted, language, form, day, follow))


async def _print(
    settings: Settings,
    codec: Codec,
    wanted: CaseFilter,
    language: str,
    form: str,
    day: date | None,
    follow: bool,
) -> None:
    from emissions.cli.support.case_text import LISTED, CaseFilter, work_order
    from emissions.cli.support.topic_changes import following

    words, _ = await _words(settings, codec, language, day)
    changes, ends = await _changes(settings, codec)
    shown = sorted(
        (
            each
            for each in _last(changes)
            if each in wanted and (wanted.states or each["state"] != "WITHDRAWN")
        ),
        key=work_order,
    )
    if form != "table":
        show_rows(map(words.document, shown), CSV, form)
    elif shown:
        show_rows(map(words.row, shown), LISTED, form)
    else:
        notice("there are no cases" if wanted == CaseFilter() else "no case matches these filters")
    if follow:
        async for change in following(settings, codec, CASE, ends):
            if change in wanted:
                table = form == "table"
                click.echo(words.line(change) if table else json_text(words.document(change)))


async def _one(
    settings: Settings, codec: Codec, wanted: str, language: str, form: str, day: date | None
) -> None:
    from emissions.cli.support.case_text import REVISIONS
    from emissions.cli.support.case_words import CaseWords

    words, rules = await _words(settings, codec, language, day)
    changes, _ = await _changes(settings, codec)
    revisions = {each["revision"]: each for each in changes if each["id"] == wanted.lower()}
    if not revisions:
        raise CommandError(f"there is no case {wanted}", BAD_INPUT)
    history = [revisions[number] for number in sorted(revisions)]
    if form != "table":
        show_rows(map(words.document, history), CSV, form)
        return
    titles = {rule.code: rule.titles for rule in rules.rules}
    click.echo("\n".join(words.page(history[-1], titles)))
    if len(history) > 1:
        click.echo()
        rows = map(words.revision, history)
        show_rows(rows, REVISIONS, "table", CaseWords(language)("history"))


async def _today(
    settings: Settings,
    codec: Codec,
    wanted: CaseFilter,
    language: str,
    form: str,
    day: date | None,
    inspectors: int | None,
) -> None:
    from emissions.cli.support.case_text import LISTED, work_item
    from streams.core.cases.work import rank, share_out, waits_for_a_person
    from streams.rules.calendar import load_calendar

    words, rules = await _words(settings, codec, language, day)
    changes, _ = await _changes(settings, codec)
    cases = {each["id"]: each for each in _last(changes) if each in wanted}
    waiting = {
        identity: each
        for identity, each in cases.items()
        if waits_for_a_person(each["state"], each["track"], each["delivered_at"])
    }
    calendar = load_calendar(rules.country.code)
    ranked = rank(map(work_item, waiting.values()), words.today, calendar)
    regions = len({each["region"] for each in waiting.values()})
    people = inspectors or settings.region_inspectors * max(1, regions)
    taken, queued = share_out(ranked, people * settings.inspector_items)
    rows = [waiting[each.item.id] for each in taken]
    if form != "table":
        show_rows(map(words.document, rows), CSV, form)
    elif rows:
        show_rows(map(words.row, rows), LISTED, form)
    automatic = sum(
        each["state"] == "OPEN" and each["delivered_at"] is None and key not in waiting
        for key, each in cases.items()
    )
    notice(_said(words.today, len(rows), people, len(queued), automatic))


def _said(day: date, taken: int, people: int, queued: int, automatic: int) -> str:
    """Say what a day has, what waits, and what needs nobody."""
    return textwrap.fill(
        f"{day}: {taken} for {counted(people, 'inspector')}; for another day: {queued}; "
        f"without an inspector: {counted(automatic, 'automatic prescription')}",
        80,
    )


async def _words(
    settings: Settings, codec: Codec, language: str, day: date | None
) -> tuple[CaseFormatter, RuleSet]:
    from emissions.cli.support.case_text import CaseFormatter
    from emissions.cli.violations import zones
    from streams.core.time.local_clock import zone
    from streams.rules.calendar import load_calendar
    from streams.rules.load import load_rules

    rules = load_rules(settings.rules)
    country = rules.country
    today = day or datetime.now(zone(country.zone)).date()
    known = await zones(settings, codec)
    return CaseFormatter(language, known, country, load_calendar(country.code), today), rules


async def _changes(settings: Settings, codec: Codec) -> tuple[list[Record], Any]:
    from emissions.cli.support.topic_changes import changes_of

    return await changes_of(settings, codec, CASE, settings.topic_cases)


def _last(changes: list[Record]) -> list[Record]:
    """Return the last revision of each case."""
    last: dict[str, Record] = {}
    for each in changes:
        known = last.get(each["id"])
        if known is None or known["revision"] <= each["revision"]:
            last[each["id"]] = each
    return list(last.values())
