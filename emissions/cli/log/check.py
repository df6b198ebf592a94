"""``emissions log check``: derive the whole log again, and name what differs."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.cli.log.support import chosen_directory, directory_option, keys_of, refusals
from emissions.cli.support.output import RunProgress, format_option, notice, show_rows


@click.command("check")
@directory_option
@click.option(
    "--keys",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Public keys of the log that you trust, one a line.",
)
@format_option
def check(directory: Path | None, key_file: Path | None, form: str) -> None:
    """Check a log by its files alone: entries, tiles, checkpoints of all days, stamps, rules.

    Every tile is computed again from the entries, and each day's checkpoint must be the beginning
    of the next one's. Exits with 1 and names what differs. Without --keys the keys are those that
    the log names itself: then the check proves that it is whole, not whose it is.

    \b
    Examples:
      emissions log check
      emissions log check --directory copy-of-the-log --keys trusted.txt
    """
    from streams.sealing.log_check import check_log
    from streams.sealing.log_files import LogFiles
    from streams.sealing.log_keys import public_keys

    files = LogFiles(chosen_directory(directory))
    with refusals():
        keys = public_keys(files.directory) if key_file is None else keys_of(key_file)
    if key_file is None:
        notice("keys of the log's own keys.txt: trust them only if you know them from elsewhere")
    with RunProgress() as progress:
        found = check_log(files, keys, lambda done, total: progress("leaves", done, total))
    rows = [
        {
            "part": each.part,
            "state": "ok" if each.holds else "DIFFERS",
            "seen": each.seen,
            "differences": each.differences,
            "not_named": each.more,
        }
        for each in found
    ]
    show_rows(rows, ("part", "state", "seen"), form)
    if form == "table":
        for each in found:
            for difference in each.differences:
                click.echo(f"{each.part}: {difference}")
            if each.more:
                click.echo(f"{each.part}: and {each.more} more")
    if not all(each.holds for each in found):
        raise click.exceptions.Exit(1)
