"""What the commands of ``emissions log`` share: where the log is, and whose keys count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError

if TYPE_CHECKING:
    from streams.core.evidence.note import PublicKey

directory_option: Callable[[Any], Any] = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Directory of the log; default: EMISSIONS_LOG_PATH.",
)


def chosen_directory(given: Path | None) -> Path:
    """Return the directory of the log: the one given, or that of the settings."""
    from streams.settings import Settings

    path = given or Settings.from_env().log_path
    if path is None:
        raise CommandError("name the log by --directory or EMISSIONS_LOG_PATH", BAD_INPUT)
    if not Path(path).is_dir():
        raise CommandError(f"{path} is no directory", BAD_INPUT)
    return Path(path)


def keys_of(file: Path) -> Sequence[PublicKey]:
    """Read the public keys of a file, one a line."""
    from streams.sealing.log_keys import parse_key_file

    with refusals():
        try:
            return parse_key_file(file, file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}", BAD_INPUT) from None


@contextmanager
def refusals(exit_code: int = BAD_INPUT) -> Iterator[None]:
    """Turn what a log or a key file refuses into one sentence."""
    from streams.errors import OperatorError

    try:
        yield
    except OperatorError as error:
        raise CommandError(str(error), exit_code) from None
