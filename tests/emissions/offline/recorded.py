"""Inputs as a command reads them, and results as an export writes them, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from emissions.input.read_inputs import each_input
from emissions.replay.export import ReplayResults
from emissions.replay.message_buffer import MessageBuffer, messages_of
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.outcome import Outcome
from streams.core.registry.enterprise import Enterprise
from tests.support.core_run import as_on_the_topic


def recorded(
    files: Sequence[Path], enterprises: Sequence[Enterprise], mappings: Sequence[Path] = ()
) -> MessageBuffer:
    """Every reading of the files."""
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    tape = MessageBuffer([str(file) for file in files], spooled=True)
    for number, rows in enumerate(each_input(files, parameters, mappings)):
        for message in messages_of(rows, Codec(FileIds()), number):
            tape.append(message)
    return tape


def collector() -> tuple[ReplayResults, Callable[[Outcome], None]]:
    """Results, and what adds an outcome to them."""
    found = ReplayResults()

    def add(outcome: Outcome) -> None:
        for mean in outcome.means:
            found.add("WindowMean", msgspec.structs.asdict(mean))
        for gap in outcome.gaps:
            found.add("DataGap", msgspec.structs.asdict(gap))
        for finding in outcome.findings:
            found.add("Finding", msgspec.structs.asdict(finding))
        for violation in outcome.violations:
            found.add("Violation", msgspec.to_builtins(violation))
        for letter in outcome.dead_letters:
            found.add("DeadLetter", as_on_the_topic(letter))

    return found, add
