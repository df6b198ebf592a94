"""The directory of a run, and the settings the run uses."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.replay.errors import ProcessEndedError

if TYPE_CHECKING:
    from streams.settings import Settings

CLICKHOUSE = "clickhouse"


def refuse_used(workspace: Path | None) -> None:
    """Refuse a directory that holds the data of an earlier run."""
    if workspace is not None and (workspace / CLICKHOUSE).exists():
        raise CommandError(f"{workspace} already holds an earlier run", BAD_INPUT)


@contextmanager
def kept_or_temporary(workspace: Path | None) -> Iterator[Path]:
    """Yield the directory to keep, creating it if needed, or a temporary one.

    A directory with data of an earlier run is refused. If a process of the run ended by itself the
    temporary directory stays, because its logs explain why.
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
    except ProcessEndedError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def kept_clickhouse(workspace: Path, settings: Settings) -> Iterator[Settings]:
    """Serve the ClickHouse of a kept run and yield the settings that reach it."""
    from deploy.embedded.clickhouse import EmbeddedClickHouse, InUseError

    data = workspace / CLICKHOUSE
    if not data.is_dir():
        raise CommandError(f"{workspace} holds no kept run (no ClickHouse data)", BAD_INPUT)
    try:
        kept = EmbeddedClickHouse(data).start()
    except InUseError:
        raise CommandError(_in_use(workspace), BAD_INPUT) from None
    try:
        yield replace(settings, clickhouse_url=kept.url)
    except BaseException:
        kept.kill()  # read-only: nothing to flush, and a running query would delay a clean stop
        raise
    finally:
        kept.stop()


def _in_use(workspace: Path) -> str:
    environment = workspace / "env.sh"
    if environment.exists():
        return (
            f"`emissions up` or `serve` runs on {workspace}: run `. {environment}` and ask that "
            "one, without --workspace"
        )
    return f"another process asks what {workspace} holds: run this again when that one has ended"


def run_settings(broker: str | None, clickhouse: str | None) -> Settings:
    """Return the settings of a run: the environment's, these addresses, no ticks, no holds.

    No partition is held: a run ends with its input and reports what is wrong with it, and its times
    are those of the input.
    """
    from streams.rules.folder import rule_folder
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
    if settings.rules is not None:  # the workers of a run have a directory of their own
        settings = replace(settings, rules=str(rule_folder(settings.rules).resolve()))
    if broker is not None:
        settings = replace(settings, broker=broker)
    if clickhouse is not None:
        settings = replace(settings, clickhouse_url=clickhouse)
    return settings
