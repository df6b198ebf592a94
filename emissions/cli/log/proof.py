"""``emissions log proof``: prove that a record is in the log."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.cli.log.support import chosen_directory, directory_option, refusals
from emissions.cli.support.errors import CommandError, writing


@click.command("proof")
@click.argument("identity", metavar="ID")
@click.option("--revision", type=click.IntRange(min=0), metavar="N", help="Default: the last one.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@directory_option
def proof(identity: str, revision: int | None, output: Path | None, directory: Path | None) -> None:
    """Print the proof (C2SP tlog-proof) that the record with this ID is a leaf of the log.

    ID is that of a violation or case, a БИН, SOURCE|DAY of a root, or the version of a rule set.
    The proof holds without the log: its place, hashes up to the root, and the signed checkpoint.
    On standard error stands the leaf itself. Exits with 1 where the log has no such leaf.

    \b
    Examples:
      emissions log proof 0b9f6f2e-6c1a-5d43-9a51-2f0a3c1d7e55 -o violation.tlog-proof
      emissions log proof "KZ-0001-01|2026-03-01"
    """
    from streams.sealing.log_files import LogFiles
    from streams.sealing.proof import LogProver, find_leaf

    files = LogFiles(chosen_directory(directory))
    with refusals():
        prover = LogProver(files)
    found = find_leaf(files, prover.checkpoint.size, identity, revision)
    if found is None:
        which = "" if revision is None else f" with revision {revision}"
        raise CommandError(f"the log has no leaf of {identity}{which} yet")
    place, leaf = found
    click.echo(leaf.entry().decode(), err=True)
    text = prover.prove(place).text
    if output is None:
        click.echo(text, nl=False)
        return
    with writing(output):
        output.write_text(text, "utf-8")
