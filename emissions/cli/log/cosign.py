"""``emissions log cosign``: add the signature of a witness to the log's checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.cli.log.support import chosen_directory, directory_option, keys_of, refusals
from emissions.cli.support.errors import BAD_INPUT, BROKEN, CommandError


@click.command("cosign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--witnesses",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Public keys of witnesses, one a line; default: EMISSIONS_LOG_WITNESSES.",
)
@directory_option
def cosign(file: Path, witnesses: Path | None, directory: Path | None) -> None:
    """Add the signatures of witnesses in FILE, a cosigned checkpoint, to those of the log.

    They go to the checkpoint of that tree, and to that of its day if it was the last one. The
    worker may run meanwhile. A signature of an unknown witness is left out; one that does not hold
    is refused, and so is a FILE of a checkpoint that is not kept any more.

    \b
    Example:
      emissions log cosign cosigned --witnesses witnesses.txt
    """
    from streams.sealing.log_files import LogFiles
    from streams.sealing.publish import add_cosignatures
    from streams.settings import Settings

    known = witnesses or Settings.from_env().log_witnesses
    if known is None:
        raise CommandError("name the keys by --witnesses or EMISSIONS_LOG_WITNESSES", BAD_INPUT)
    files = LogFiles(chosen_directory(directory))
    try:
        signed = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is no checkpoint: not UTF-8", BAD_INPUT) from None
    with refusals():
        names, paths = add_cosignatures(files, signed, keys_of(Path(known)))
    if not paths:
        raise CommandError("no checkpoint of this tree is kept without these signatures", BROKEN)
    for path in paths:
        click.echo(f"{path.relative_to(files.directory)}: {', '.join(names)}")
