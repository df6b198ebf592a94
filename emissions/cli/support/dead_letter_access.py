"""Options and access to dead letters that the dead-letter commands share."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import CommandError, clickhouse_sentence
from emissions.cli.support.options import Instant
from emissions.cli.support.output import notice

if TYPE_CHECKING:
    from emissions.dead_letters.dead_letter import DeadLetterFilter, DeadLetterRecord
    from emissions.dead_letters.recheck import Rechecker
    from schemas.codec import Codec
    from streams.settings import Settings

_OPTIONS = (
    click.option("--reason", multiple=True, metavar="R", help="Only this reason; repeatable."),
    click.option("--source", metavar="ID", help="Only this source, as named in the message."),
    click.option(
        "--stage",
        type=click.Choice(["decode", "validate", "deduplicate", "sink"]),
        help="Only this stage of rejection.",
    ),
    click.option(
        "--partition", type=click.IntRange(min=0), help="Only this partition of the original."
    ),
    click.option("--since", type=Instant(), help="Arrived at this time (ISO 8601) or later."),
    click.option("--until", type=Instant(), help="Arrived before this time."),
)


workspace_option: Callable[[Any], Any] = click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Read those that a demo (--keep) or replay (--workspace) left here.",
)


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filter options; the function receives them as one `DeadLetterFilter`."""

    @functools.wraps(function)
    def narrowed(
        reason: tuple[str, ...],
        source: str | None,
        stage: str | None,
        partition: int | None,
        since: int | None,
        until: int | None,
        **others: Any,
    ) -> Any:
        from emissions.dead_letters.dead_letter import DeadLetterFilter

        reasons = frozenset(each.upper() for each in reason)
        return function(DeadLetterFilter(reasons, source, stage, partition, since, until), **others)

    # Decorators apply from the bottom up: reversed, so that the first option is listed first.
    decorated: Callable[..., Any] = narrowed
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def connection() -> tuple[Settings, Codec]:
    """Return the settings of the environment and their codec."""
    from streams.settings import Settings

    settings = Settings.from_env()
    return settings, codec_of(settings)


def sink_dead_letters(settings: Settings) -> list[DeadLetterRecord]:
    """Read the dead letters of the sinks; print a note where ClickHouse does not answer."""
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from emissions.dead_letters.read import read_sink_dead_letters
    from sinks.clickhouse import client

    try:
        with client(settings) as connected:
            return read_sink_dead_letters(connected)
    except ClickHouseError as error:
        notice(
            f"{clickhouse_sentence(error)}: dead letters of the sinks are missing from this list"
        )
        return []


@contextmanager
def kept_dead_letters(workspace: Path) -> Iterator[Iterator[DeadLetterRecord]]:
    """Open the dead letters that a kept run stored."""
    from emissions.cli.support.workspace import kept_clickhouse
    from emissions.dead_letters.read import read_stored_dead_letters
    from sinks.clickhouse import client
    from streams.settings import Settings

    with kept_clickhouse(workspace, Settings.from_env()) as settings, client(settings) as connected:
        yield read_stored_dead_letters(connected)


async def rechecker_of(settings: Settings, codec: Codec) -> Rechecker:
    """Return a rechecker with the registry as it is now."""
    from emissions.dead_letters.recheck import Rechecker
    from emissions.registry_history import read_registry_history

    return Rechecker(settings, codec, await read_registry_history(settings, codec), now_ms())


def now_ms() -> int:
    """Return the wall clock, milliseconds UTC."""
    return time.time_ns() // 1_000_000


@contextmanager
def requiring_topics() -> Iterator[None]:
    """Turn a missing topic into one sentence."""
    try:
        yield
    except LookupError as error:
        if type(error) is LookupError:
            raise CommandError(f"{error} (create it with `emissions topics create`)") from None
        raise


def nothing_found(wanted: DeadLetterFilter) -> str:
    """Return the sentence for an empty result."""
    from emissions.dead_letters.dead_letter import DeadLetterFilter

    return (
        "there are no dead letters"
        if wanted == DeadLetterFilter()
        else "no dead letter matches these filters"
    )
