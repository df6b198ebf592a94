"""What the commands on dead letters share: which letters, and where they are."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.connection import codec_of
from streams.cli.errors import CommandError, clickhouse_sentence
from streams.cli.options import Instant
from streams.cli.output import notice

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.dead_letters.letter import Letter, Wanted
    from streams.dead_letters.present import Present
    from streams.settings import Settings

_OPTIONS = (
    click.option("--reason", multiple=True, metavar="R", help="Why; may be given several times."),
    click.option("--source", metavar="ID", help="Source, as the message says."),
    click.option(
        "--stage",
        type=click.Choice(["decode", "validate", "deduplicate", "sink"]),
        help="Where it was refused.",
    ),
    click.option("--partition", type=click.IntRange(min=0), help="Partition of the original."),
    click.option("--since", type=Instant(), help="Arrived at this time (ISO 8601) or later."),
    click.option("--until", type=Instant(), help="Arrived before this time."),
)


workspace_option: Callable[[Any], Any] = click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Those that a demo (--keep) or replay (--workspace) left here.",
)


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the function is given them as one `Wanted`."""

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
        from streams.dead_letters.letter import Wanted

        reasons = frozenset(each.upper() for each in reason)
        return function(Wanted(reasons, source, stage, partition, since, until), **others)

    # Two commands use it: each needs parameters of its own, the first option listed first.
    decorated: Callable[..., Any] = narrowed
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def connection() -> tuple[Settings, Codec]:
    """The settings of the environment and their codec."""
    from streams.settings import Settings

    settings = Settings.from_env()
    return settings, codec_of(settings)


def stored_letters(settings: Settings) -> list[Letter]:
    """The sinks' letters; a note where ClickHouse does not tell them."""
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from sinks.clickhouse import client
    from streams.dead_letters.read import letters_in_clickhouse

    try:
        with client(settings) as connected:
            return letters_in_clickhouse(connected)
    except ClickHouseError as error:
        notice(
            f"{clickhouse_sentence(error)}: what only the sinks refused is not among the letters"
        )
        return []


@contextmanager
def kept_letters(workspace: Path) -> Iterator[Iterator[Letter]]:
    """Every letter that a kept run stored."""
    from sinks.clickhouse import client
    from streams.cli.workspace import kept_clickhouse
    from streams.dead_letters.read import all_letters_in_clickhouse
    from streams.settings import Settings

    with kept_clickhouse(workspace, Settings.from_env()) as settings, client(settings) as connected:
        yield all_letters_in_clickhouse(connected)


async def present_of(settings: Settings, codec: Codec) -> Present:
    """What judges a letter as a message that arrives now."""
    from streams.dead_letters.present import Present, registry_now

    return Present(settings, codec, await registry_now(settings, codec), now_ms())


def now_ms() -> int:
    """The wall clock, ms UTC."""
    return time.time_ns() // 1_000_000


@contextmanager
def topics_exist() -> Iterator[None]:
    """A topic that does not exist is one sentence."""
    try:
        yield
    except LookupError as error:
        if type(error) is LookupError:
            raise CommandError(f"{error} (`emissions topics create` makes it)") from None
        raise


def nothing_found(wanted: Wanted) -> str:
    """The sentence where no letter is found."""
    from streams.dead_letters.letter import Wanted

    return "there are no dead letters" if wanted == Wanted() else "no dead letter is like that"
