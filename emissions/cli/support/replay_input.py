"""Read the input of a replay, survey it, and show what could not be used."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emissions.cli.support.output import RunProgress, notice, show_rows
from emissions.input.reading_row import InputError
from streams.core.time.local_clock import from_datetime, iso
from streams.core.time.wording import duration_text, local_text, minute_text

if TYPE_CHECKING:
    from emissions.replay.export import ReplayResults
    from emissions.replay.message_buffer import MessageBuffer
    from emissions.replay.survey import FarRow, SourceSurvey
    from schemas.codec import Codec
    from streams.core.registry.enterprise import Enterprise

COLUMNS = ("source", "rows", "first", "last", "cadence", "longest_hole")
LETTER_COLUMNS = ("reason", "source_id", "measured_at", "input")
LETTERS_SHOWN = 5
LISTED = 20
NAMED = 10
REPORT_EVERY = 2_000
NO_SOURCE = "Asia/Almaty"
"""Time zone for a source that is not registered."""


async def record_inputs(
    inputs: Sequence[Path],
    parameters: Collection[str],
    mappings: Sequence[Path],
    codec: Codec,
    *,
    spooled: bool = False,
) -> MessageBuffer:
    """Read every reading of the files, cancellable; raise InputError.

    ``spooled``: their bytes are kept in a file, not in memory.
    """
    from emissions.input.read_inputs import each_input
    from emissions.replay.message_buffer import MessageBuffer, messages_of

    tape = MessageBuffer([str(path) for path in inputs], spooled=spooled)
    said: list[str] = []
    with RunProgress() as progress:
        for number, rows in enumerate(each_input(inputs, parameters, mappings, said.append)):
            for message in messages_of(rows, codec, number):
                tape.append(message)
                if len(tape) % REPORT_EVERY == 0:
                    progress("reading", len(tape), None)
                    await asyncio.sleep(0)  # let an interrupt through
        progress("reading", len(tape), len(tape))
    for sentence in said:
        notice(sentence)
    return tape


def show_survey(
    tape: MessageBuffer, enterprises: Sequence[Enterprise], form: str, *, strict: bool
) -> dict[str, Any]:
    """Print the period of each source, and the rows that lie far from their neighbours.

    Returns the period of the input for scripts. Raises InputError for such rows if ``strict``.
    """
    from emissions.replay.survey import far_rows, survey_sources

    zones = zones_of(enterprises)
    sources = survey_sources(tape)
    if form == "table" and sources:
        _show_sources(sources, zones)
    far = far_rows(tape)
    for row in far[:NAMED]:
        notice(far_sentence(tape, row, zones))
    if len(far) > NAMED:
        notice(f"and {len(far) - NAMED} more outlying rows")
    if strict and far:
        refuse_far(tape, far)
    if not sources:
        return {"first": None, "last": None, "far_rows": 0}
    return {
        "first": _iso(min(source.first for source in sources)),
        "last": _iso(max(source.last for source in sources)),
        "far_rows": len(far),
    }


def refuse_far(tape: MessageBuffer, far: Sequence[FarRow]) -> None:
    """Raise InputError for outlying rows, as ``--strict`` asks."""
    rows = "1 row lies far from its" if len(far) == 1 else f"{len(far)} rows lie far from their"
    raise InputError(
        f"{rows} neighbours, the first is {tape.place(far[0].index)}; correct it, or omit "
        "--strict to judge it as it is"
    )


def zones_of(enterprises: Sequence[Enterprise]) -> dict[str, str]:
    """Return the time zone of each source."""
    return {source.id: source.timezone for each in enterprises for source in each.sources}


def _iso(instant: int) -> str:
    try:
        return iso(instant)
    except (OverflowError, ValueError):
        return f"{instant} ms"


def _show_sources(sources: list[SourceSurvey], zones: dict[str, str]) -> None:
    shown = sources
    if len(sources) > LISTED:
        shown = sorted(sources, key=lambda source: -(source.hole or 0))[:LISTED]
    rows = [_row(source, zones.get(source.source_id, NO_SOURCE)) for source in shown]
    if len(sources) > 1:
        rows.append(
            {
                "source": f"all {len(sources)}",
                "rows": sum(source.rows for source in sources),
                "first": minute_text(min(source.first for source in sources), NO_SOURCE),
                "last": minute_text(max(source.last for source in sources), NO_SOURCE),
            }
        )
    title = "Input, in local time of each source"
    if len(sources) > LISTED:
        title += f": the {LISTED} with the longest holes"
    show_rows(rows, COLUMNS, "table", title)


def _row(source: SourceSurvey, zone: str) -> dict[str, Any]:
    return {
        "source": source.source_id,
        "rows": source.rows,
        "first": minute_text(source.first, zone),
        "last": minute_text(source.last, zone),
        "cadence": None if source.cadence is None else duration_text(source.cadence),
        "longest_hole": None if source.hole is None else duration_text(source.hole),
    }


def far_sentence(tape: MessageBuffer, row: FarRow, zones: dict[str, str]) -> str:
    """Describe an outlying row: its place, its time, and the times of the rows beside it."""
    source = tape.keys[tape.key_number(row.index)].decode(errors="replace")
    zone = zones.get(source, NO_SOURCE)
    if row.arrival:
        return (
            f"far from all other arrivals: {tape.place(row.index)}, {source} at "
            f"{local_text(tape.starts[row.index], zone)} arrived "
            f"{local_text(tape.arrived[row.index], zone)}: the time between counts as silence"
        )
    beside = [
        f"row {tape.rows[other]} says {local_text(tape.starts[other], zone)}"
        for other in (row.before, row.after)
        if other is not None
    ]
    hint = f" ({' and '.join(beside)})" if beside else ""
    return (
        f"far from its neighbours: {tape.place(row.index)}, {source} at "
        f"{local_text(tape.starts[row.index], zone)}{hint}"
    )


def show_dead_letters(findings: ReplayResults, enterprises: Sequence[Enterprise]) -> None:
    """Print the first dead letters of each reason with their times and input rows."""
    from emissions.replay.export import dead_letter_order

    zones = zones_of(enterprises)
    by_reason: dict[str, list[tuple[Any, ...]]] = {}
    for letter in sorted(findings.dead_letters.values(), key=dead_letter_order):
        by_reason.setdefault(letter[0], []).append(letter)
    shown: list[dict[str, Any]] = []
    for letters in by_reason.values():
        for reason, source, _, _, measured_at, _, file, row, _ in letters[:LETTERS_SHOWN]:
            zone = zones.get(source or "", NO_SOURCE)
            shown.append(
                {
                    "reason": reason,
                    "source_id": source,
                    "measured_at": _local(measured_at, zone),
                    "input": None if file is None else f"{Path(file).name} row {row}",
                }
            )
    total = len(findings.dead_letters)
    some = f": {len(shown)} of {total}, all are in dead-letters.csv of --export"
    title = f"Dead letters, in local time of each source{some if len(shown) < total else ''}"
    show_rows(shown, LETTER_COLUMNS, "table", title)
    for reason, letters in by_reason.items():
        notice(f"{reason}, the first of {len(letters)}: {letters[0][-1]}")


def _local(text: str | None, zone: str) -> str | None:
    """Convert an exported time to the local minute."""
    if text is None:
        return None
    try:
        return minute_text(from_datetime(datetime.fromisoformat(text)), zone)
    except ValueError:
        return text
