"""``emissions dead-letters``: what could not be used, and why; `replay` sends it again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.dead_letters_replay import replay
from streams.cli.errors import BAD_INPUT, CommandError
from streams.cli.letter_access import (
    connection,
    filters,
    kept_letters,
    nothing_found,
    present_of,
    stored_letters,
    topics_exist,
    workspace_option,
)
from streams.cli.output import RunProgress, format_option, notice, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.dead_letters.letter import Letter, Place, Wanted

LISTED = 50
COLUMNS = (
    "place", "arrived", "measured_at", "reason", "stage", "source_id", "input", "detail",
    "replayed", "replay_of",
)  # fmt: skip
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
@workspace_option
@format_option
def list_(wanted: Wanted, limit: int, summary: bool, workspace: Path | None, form: str) -> None:
    """List dead letters, newest last, and how often each was sent again.

    The column replay_of names the letters that a letter descends from: it was sent again and
    refused again. Letters of the stage sink are in ClickHouse; what was read from a file by a
    replay names file and row.

    \b
    Examples:
      emissions dead-letters list --reason UNKNOWN_SOURCE --reason BAD_PERIOD
      emissions dead-letters list --summary --since 2026-03-01T00:00:00+05:00 --format json
    """
    from streams.dead_letters.describe import arrival_text, row_of, with_time
    from streams.dead_letters.earlier import sent_again, targets
    from streams.dead_letters.find import Newest, Summary, go_through

    settings, codec = connection()
    counts, found = Summary(), Newest(limit, lambda letter: with_time(letter, codec))
    add = counts.add if summary else found.add
    sent: Counter[Place] | None = None

    async def look() -> Counter[Place]:
        with RunProgress() as progress:
            await go_through(settings, codec, stored_letters(settings), wanted, add, progress)
            letters = found.letters()
            to = await targets(settings, letters)
            return await sent_again(settings, letters, to, progress)

    if workspace is None:
        with topics_exist():
            sent = run(look())
    else:
        with kept_letters(workspace) as letters:
            for letter in filter(wanted.matches, letters):
                add(letter)
    if summary:
        rows = [
            {
                **group._asdict(),
                "first": arrival_text(group.first),
                "last": arrival_text(group.last),
            }
            for group in counts.groups()
        ]
    else:
        if found.beyond:
            notice(f"the newest {limit} are listed; --limit or a narrower choice shows others")
        rows = [
            row_of(letter, None if sent is None else sent[letter.place])
            for letter in found.letters()
        ]
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
@workspace_option
@format_option
def show(place: str, workspace: Path | None, form: str) -> None:
    """Show the letter whose original was at PLACE, and what the message would meet now.

    PLACE is topic/partition/offset, or partition/offset in the topic of the readings.

    \b
    Examples:
      emissions dead-letters show emissions.readings/2/1234
      emissions dead-letters show 2/1234 --format json | jq -r .value | xxd -r -p
      emissions dead-letters show 2/1234 --workspace run
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
    found: dict[Place, Letter] = {}
    replays: dict[Place, None] = {}

    def take(letter: Letter) -> None:
        if letter.place == wanted:
            found.setdefault(wanted, letter)
        elif str(wanted) in letter.origins:
            replays[letter.place] = None

    def that_letter() -> Letter:
        if wanted not in found:
            raise CommandError(f"there is no dead letter of {wanted}", BAD_INPUT)
        return found[wanted]

    async def whole() -> dict[str, Any]:
        with RunProgress() as progress:
            stored = stored_letters(settings)
            await go_through(settings, codec, stored, Wanted(), take, progress)
            letter = that_letter()
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

    if workspace is None:
        with topics_exist():
            document = run(whole())
    else:
        with kept_letters(workspace) as letters:
            for letter in letters:
                take(letter)
        sentences = [str(each) for each in replays]
        document = document_of(that_letter(), codec, now=None, replayed=None, replays=sentences)
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
    """A row for the table: the chain of replays, and file and row, as one text each."""
    joined = {
        name: " > ".join(value) if isinstance(value, list) else value for name, value in row.items()
    }
    if row.get("input_file") is not None:
        joined["input"] = f"{row['input_file']} row {row['input_row']}"
    return joined


command.add_command(replay)
