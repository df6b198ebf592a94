"""``emissions dead-letters list``: the newest dead letters, or counts by reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.dead_letter_access import (
    connection,
    filters,
    kept_dead_letters,
    nothing_found,
    requiring_topics,
    sink_dead_letters,
    workspace_option,
)
from emissions.cli.support.output import RunProgress, format_option, notice, show_rows
from emissions.cli.support.running import run

if TYPE_CHECKING:
    from emissions.dead_letters.dead_letter import DeadLetterFilter, RecordCoordinates

LISTED = 50
COLUMNS = (
    "place", "arrived", "measured_at", "reason", "stage", "source_id", "input", "detail",
    "replayed", "replay_of",
)  # fmt: skip
GROUPS = ("reason", "stage", "letters", "first", "last")


@click.command("list")
@filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LISTED,
    show_default=True,
    metavar="N",
    help="Show the newest N.",
)
@click.option("--summary", is_flag=True, help="Show counts by reason and stage instead.")
@workspace_option
@format_option
def list_(
    wanted: DeadLetterFilter, limit: int, summary: bool, workspace: Path | None, form: str
) -> None:
    """List dead letters, newest last, and how often each was resent.

    Column replay_of names the dead letters that a letter descends from: it was resent and rejected
    again. Dead letters of stage sink are in ClickHouse. Messages that a replay read from a file
    show file and row.

    \b
    Examples:
      emissions dead-letters list --reason UNKNOWN_SOURCE --reason BAD_PERIOD
      emissions dead-letters list --summary --since 2026-03-01T00:00:00+05:00 --format json
    """
    from emissions.dead_letters.describe import arrival_text, list_row, with_measured_at
    from emissions.dead_letters.replay_history import count_replays, find_targets
    from emissions.dead_letters.search import NewestDeadLetters, ReasonSummary, search_dead_letters

    settings, codec = connection()
    counts, found = (
        ReasonSummary(),
        NewestDeadLetters(limit, lambda letter: with_measured_at(letter, codec)),
    )
    add = counts.add if summary else found.add
    sent: Counter[RecordCoordinates] | None = None

    async def look() -> Counter[RecordCoordinates]:
        with RunProgress() as progress:
            await search_dead_letters(
                settings, codec, sink_dead_letters(settings), wanted, add, progress
            )
            letters = found.letters()
            to = await find_targets(settings, letters)
            return await count_replays(settings, letters, to, progress)

    if workspace is None:
        with requiring_topics():
            sent = run(look())
    else:
        with kept_dead_letters(workspace) as letters:
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
            notice(f"only the newest {limit} are listed; use --limit N or a filter for others")
        rows = [
            list_row(letter, None if sent is None else sent[letter.place])
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


def _joined(row: dict[str, Any]) -> dict[str, Any]:
    """Join the replay chain, and file and row, into one text each for the table."""
    joined = {
        name: " > ".join(value) if isinstance(value, list) else value for name, value in row.items()
    }
    if row.get("input_file") is not None:
        joined["input"] = f"{row['input_file']} row {row['input_row']}"
    return joined
