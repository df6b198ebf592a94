"""``emissions dead-letters``: what could not be used, and why; `replay` sends it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from streams.cli.dead_letters_replay import replay
from streams.cli.errors import BAD_INPUT, CommandError
from streams.cli.letter_access import (
    connection,
    filters,
    nothing_found,
    present_of,
    stored_letters,
    topics_exist,
)
from streams.cli.output import RunProgress, format_option, notice, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.dead_letters.letter import Letter, Place, Wanted

LISTED = 50
COLUMNS = ("place", "arrived", "reason", "stage", "source_id", "detail", "replayed", "replay_of")
GROUPS = ("reason", "stage", "letters", "first", "last")
APART = ("value", "message", "headers", "replay_of", "replays_dead_lettered")
"""What `show` does not print as a line of a name and a value."""


@click.group("dead-letters")
def command() -> None:
    """Messages that could not be used: list them, look at one, send them again.

    A letter is named by where its original was: topic/partition/offset.

    \b
    Examples:
      emissions dead-letters list --summary
      emissions dead-letters show 2/1234
      emissions dead-letters replay --reason UNKNOWN_SOURCE --dry-run
    """


@command.command("list")
@filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LISTED,
    show_default=True,
    metavar="N",
    help="The newest so many.",
)
@click.option("--summary", is_flag=True, help="Counts by reason and stage instead.")
@format_option
def list_(wanted: Wanted, limit: int, summary: bool, form: str) -> None:
    """List dead letters, newest last, and how often each was sent again.

    The column replay_of names the letters that a letter descends from: it was sent again and
    refused again. Letters of the stage sink are in ClickHouse.

    \b
    Examples:
      emissions dead-letters list --reason UNKNOWN_SOURCE --reason BAD_PERIOD
      emissions dead-letters list --summary --since 2026-03-01T00:00:00+05:00 --format json
    """
    from streams.dead_letters.describe import arrival_text, row_of
    from streams.dead_letters.earlier import sent_again, targets
    from streams.dead_letters.find import Newest, Summary, go_through

    settings, codec = connection()
    stored = stored_letters(settings)

    async def summarise() -> list[dict[str, Any]]:
        counts = Summary()
        with RunProgress() as progress:
            await go_through(settings, codec, stored, wanted, counts.add, progress)
        return [
            {
                **group._asdict(),
                "first": arrival_text(group.first),
                "last": arrival_text(group.last),
            }
            for group in counts.groups()
        ]

    async def newest() -> list[dict[str, Any]]:
        found = Newest(limit)
        with RunProgress() as progress:
            await go_through(settings, codec, stored, wanted, found.add, progress)
            letters = found.letters()
            to = await targets(settings, letters)
            sent = await sent_again(settings, letters, to, progress)
        if found.beyond:
            notice(f"the newest {limit} are listed; --limit or a narrower choice shows others")
        return [row_of(letter, sent[letter.place]) for letter in letters]

    with topics_exist():
        rows = run(summarise() if summary else newest())
    if not rows:
        notice(nothing_found(wanted))
        return
    show_rows(
        rows if form == "json" else [_joined(row) for row in rows],
        GROUPS if summary else COLUMNS,
        form,
    )


@command.command("show")
@click.argument("place")
@format_option
def show(place: str, form: str) -> None:
    """Show the letter whose original was at PLACE, and what the message would meet now.

    PLACE is topic/partition/offset, or partition/offset in the topic of the readings.

    \b
    Examples:
      emissions dead-letters show emissions.readings/2/1234
      emissions dead-letters show 2/1234 --format json | jq -r .value | xxd -r -p
    """
    from streams.dead_letters.describe import document_of, dump, verdict
    from streams.dead_letters.earlier import sent_again, targets
    from streams.dead_letters.find import go_through
    from streams.dead_letters.letter import Wanted, place_of

    settings, codec = connection()
    try:
        wanted = place_of(place, settings.topic_readings)
    except ValueError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    stored = stored_letters(settings)
    found: dict[Place, Letter] = {}
    replays: dict[Place, None] = {}

    def take(letter: Letter) -> None:
        if letter.place == wanted:
            found.setdefault(wanted, letter)
        elif str(wanted) in letter.origins:
            replays[letter.place] = None

    async def whole() -> dict[str, Any]:
        with RunProgress() as progress:
            await go_through(settings, codec, stored, Wanted(), take, progress)
            letter = found.get(wanted)
            if letter is None:
                raise CommandError(f"there is no dead letter of {wanted}", BAD_INPUT)
            to = await targets(settings, [letter])
            sent = await sent_again(settings, [letter], to, progress)
            present = await present_of(settings, codec)
        return document_of(
            letter,
            codec,
            now=verdict(present.refuses(letter)),
            replayed=sent[wanted],
            replays=[str(each) for each in replays],
        )

    with topics_exist():
        document = run(whole())
    if form == "json":
        show_rows([document], (), form)
        return
    for name, value in document.items():
        if name not in APART:
            click.echo(f"{name:<12} {'' if value is None else value}")
    for name in ("replay_of", "replays_dead_lettered"):
        if document[name]:
            click.echo(f"{name:<12} {' > '.join(document[name])}")
    for header in document["headers"]:
        click.echo(f"header       {header['name']}: {header['value']}")
    letter = found[wanted]
    for line in dump(letter.value or b""):
        click.echo(line)
    if document["message"] is not None:
        click.echo(json.dumps(document["message"], ensure_ascii=False, indent=2))


def _joined(row: dict[str, Any]) -> dict[str, Any]:
    """A row for the table: the chain of replays as one text."""
    return {
        name: " > ".join(value) if isinstance(value, list) else value for name, value in row.items()
    }


command.add_command(replay)
