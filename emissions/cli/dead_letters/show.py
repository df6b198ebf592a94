"""``emissions dead-letters show``: one dead letter, and whether its message could be used now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import (
    connection,
    kept_dead_letters,
    rechecker_of,
    requiring_topics,
    sink_dead_letters,
    workspace_option,
)
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import RunProgress, format_option, show_rows
from emissions.cli.support.running import run

if TYPE_CHECKING:
    from emissions.dead_letters.dead_letter import DeadLetterRecord, RecordCoordinates

APART = ("value", "message", "headers", "replay_of", "replays_dead_lettered")
"""Fields that are not printed as a name and a value on one line."""


@click.command("show")
@click.argument("place")
@workspace_option
@format_option
def show(place: str, workspace: Path | None, form: str) -> None:
    """Show the dead letter of the message at PLACE, and whether it would be rejected now.

    PLACE is topic/partition/offset, or partition/offset in the topic of the readings.

    \b
    Examples:
      emissions dead-letters show emissions.readings/2/1234
      emissions dead-letters show 2/1234 --format json | jq -r .value | xxd -r -p
      emissions dead-letters show 2/1234 --workspace run
    """
    from emissions.dead_letters.dead_letter import DeadLetterFilter, parse_coordinates
    from emissions.dead_letters.describe import full_document, hex_dump, verdict_text
    from emissions.dead_letters.replay_history import count_replays, find_targets
    from emissions.dead_letters.search import search_dead_letters

    settings, codec = connection()
    try:
        wanted = parse_coordinates(place, settings.topic_readings)
    except ValueError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    found: dict[RecordCoordinates, DeadLetterRecord] = {}
    replays: dict[RecordCoordinates, None] = {}

    def take(letter: DeadLetterRecord) -> None:
        if letter.place == wanted:
            found.setdefault(wanted, letter)
        elif str(wanted) in letter.origins:
            replays[letter.place] = None

    def that_letter() -> DeadLetterRecord:
        if wanted not in found:
            raise CommandError(f"no dead letter has its original at {wanted}", BAD_INPUT)
        return found[wanted]

    async def whole() -> dict[str, Any]:
        with RunProgress() as progress:
            stored = sink_dead_letters(settings)
            await search_dead_letters(settings, codec, stored, DeadLetterFilter(), take, progress)
            letter = that_letter()
            to = await find_targets(settings, [letter])
            sent = await count_replays(settings, [letter], to, progress)
            present = await rechecker_of(settings, codec)
        return full_document(
            letter,
            codec,
            now=verdict_text(present.refuses(letter)),
            replayed=sent[wanted],
            replays=[str(each) for each in replays],
        )

    if workspace is None:
        with requiring_topics():
            document = run(whole())
    else:
        with kept_dead_letters(workspace) as letters:
            for letter in letters:
                take(letter)
        sentences = [str(each) for each in replays]
        document = full_document(that_letter(), codec, now=None, replayed=None, replays=sentences)
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
    for line in hex_dump(letter.value or b""):
        click.echo(line)
    if document["message"] is not None:
        click.echo(json.dumps(document["message"], ensure_ascii=False, indent=2))
