"""A million hostile messages: ``python -m tests.fuzz [--messages N] [--seed S] [--engine-only]``.

First through the judging code alone, then through broker, workers and ClickHouse. Exits with 1
where a promise is broken, and says which.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
import structlog

from emissions.cli.support.output import format_option, show_rows
from emissions.replay.errors import ProcessEndedError, StalledError
from tests.fuzz.deployed import Deployed, run_deployed
from tests.fuzz.engine import Broken, Figures, run
from tests.fuzz.traffic import Traffic
from tests.fuzz.world import enterprises

PARTITIONS: Final = 4
MESSAGE_S: Final = 2.0
"""Processor time that one message may take at most."""
GROWTH: Final = 1.5
"""Memory after the last quarter over memory after the second, at most: the rest is no growth."""


@click.command(help=__doc__)
@click.option("--messages", type=click.IntRange(4), default=1_000_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--engine-only", is_flag=True, help="The judging code alone, without broker.")
@format_option
def main(messages: int, seed: int, engine_only: bool, form: str) -> None:
    """Run both levels and say what was found."""
    # What cannot be used is counted; a line for each would bury the result.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    world = enterprises()
    try:
        figures = run(
            Traffic(world, seed, PARTITIONS), world, messages, partitions=PARTITIONS, seed=seed
        )
        wrong = _judged(figures)
        _say("the judging code", asdict(figures), form)
        if not engine_only:
            with tempfile.TemporaryDirectory(prefix="emissions-fuzz-") as workspace:
                found = run_deployed(
                    Traffic(world, seed, PARTITIONS),
                    world,
                    messages,
                    Path(workspace),
                    partitions=PARTITIONS,
                    seed=seed,
                )
            wrong += [*found.differences, *_grown(found.memory), *_unlike(figures, found)]
            _say("the deployed workers", _rows_of(found), form)
    except (Broken, ProcessEndedError, StalledError) as error:
        wrong = [str(error)]
    for sentence in wrong:
        click.echo(sentence, err=True)
    sys.exit(1 if wrong else 0)


def _judged(figures: Figures) -> list[str]:
    wrong = _grown({"the judging code": figures.memory[1:]})
    if figures.slowest_s > MESSAGE_S:
        wrong.append(f"a message ({figures.slowest}) took {figures.slowest_s:.1f} s")
    return wrong


def _grown(memory: dict[str, list[int]]) -> list[str]:
    return [
        f"{name}: {sizes[1]} bytes after half of the messages, {sizes[3]} after all"
        for name, sizes in memory.items()
        # What a broker in memory and a database hold grows with what they are given.
        if name not in ("broker", "ClickHouse") and sizes[3] > GROWTH * sizes[1]
    ]


def _unlike(figures: Figures, found: Deployed) -> list[str]:
    """The workers must have found what the engines found; their extra messages are all dead."""
    expected = {
        "used": figures.used,
        "duplicates": figures.duplicates,
        "dead-lettered": figures.dead + found.extra,
        "ticks": figures.ticks,
    }
    return [
        f"{what}: {count} by the judging code alone, {found.counts[what]} by the workers"
        for what, count in expected.items()
        if found.counts[what] != count
    ]


def _rows_of(found: Deployed) -> dict[str, Any]:
    return {
        "messages": found.messages,
        **found.counts,
        "published_s": found.published_s,
        "judged_s": found.judged_s,
        "stored_s": found.stored_s,
        "garbage": found.garbage,
        "memory": found.memory,
    }


def _say(what: str, values: dict[str, Any], form: str) -> None:
    if form == "json":
        click.echo(json.dumps({"of": what, **values}))
        return
    rows = [{"of": what, "figure": name, "value": _text(value)} for name, value in values.items()]
    show_rows(rows, ("of", "figure", "value"), form)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(f"{item / 1e6:.0f} MB" for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
