"""Where a run keeps its logs and data, and the settings it runs with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streams.cli.errors import BAD_INPUT, CommandError
from streams.replay.failures import StageError

if TYPE_CHECKING:
    from streams.settings import Settings

CLICKHOUSE = "clickhouse"


def refuse_used(workspace: Path | None) -> None:
    """A sentence where the directory holds the data of an earlier run."""
    if workspace is not None and (workspace / CLICKHOUSE).exists():
        raise CommandError(f"{workspace} holds an earlier run already", BAD_INPUT)


@contextmanager
def kept_or_temporary(workspace: Path | None) -> Iterator[Path]:
    """The directory to keep, made if need be, or one that is removed in the end.

    A directory with an earlier run's data is refused. Where a process of the run ended by itself
    its logs explain why, so then nothing is removed.
    """
    refuse_used(workspace)
    if workspace is not None:
        workspace.mkdir(parents=True, exist_ok=True)
        yield workspace
        return
    directory = Path(tempfile.mkdtemp(prefix="emissions-"))
    keep = False
    try:
        yield directory
    except StageError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def kept_clickhouse(workspace: Path, settings: Settings) -> Iterator[Settings]:
    """The settings of the ClickHouse that a kept run left in its workspace, while it is served."""
    from deploy.embedded.clickhouse import EmbeddedClickHouse

    data = workspace / CLICKHOUSE
    if not data.is_dir():
        raise CommandError(f"{workspace} holds no ClickHouse of a kept run", BAD_INPUT)
    with EmbeddedClickHouse(data) as kept:
        try:
            yield replace(settings, clickhouse_url=kept.url)
        except BaseException:
            kept.kill()  # nothing is written, and a query that nobody waits for would hold it up
            raise


def run_settings(broker: str | None, clickhouse: str | None) -> Settings:
    """The settings of a run: those of the environment, these addresses, no ticks of a leader.

    And no partition is held: a run is over what it was given, whatever is wrong with it, and says
    so; its times are what they are.
    """
    from streams.settings import Settings

    settings = replace(
        Settings.from_env(),
        tick_s=0.0,
        web_port=0,
        dead_letter_limit_share=0.0,
        dead_letter_limit_run=0,
        max_ahead_s=0.0,
        max_step_s=0.0,
    )
    if broker is not None:
        settings = replace(settings, broker=broker)
    if clickhouse is not None:
        settings = replace(settings, clickhouse_url=clickhouse)
    return settings
