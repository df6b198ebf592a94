"""``emissions log key``: make a private key, or show the public one of it."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError


@click.command("key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--new", is_flag=True, help="Make a key and write it into FILE, which is new.")
@click.option("--name", metavar="NAME", help="Its name; default: EMISSIONS_LOG_ORIGIN.")
@click.option("--witness", is_flag=True, help="It cosigns the log of somebody else.")
def key(file: Path, new: bool, name: str | None, witness: bool) -> None:
    """Print the public key (C2SP vkey) of the private key in FILE.

    A name is an address without https://, such as regulator.kz/log. FILE may be read by its owner
    alone (mode 600); who has it can sign as you.

    \b
    Examples:
      emissions log key --new log.pem --name regulator.kz/log
      emissions log key log.pem --name regulator.kz/log
      emissions log key --new court.pem --name court.kz/witness --witness
    """
    from streams.core.evidence.note import LOG_KEY, WITNESS_KEY, PublicKey, is_name
    from streams.settings import Settings
    from streams.signing.ed25519 import KeyFileError, new_key, read_key, write_key

    chosen = name or Settings.from_env().log_origin
    if chosen is None or not is_name(chosen):
        raise CommandError(
            "a key needs a name without blanks and plus: --name, or EMISSIONS_LOG_ORIGIN", BAD_INPUT
        )
    try:
        if new:
            write_key(file, new_key())
        public = read_key(file).public
    except KeyFileError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    click.echo(PublicKey(chosen, WITNESS_KEY if witness else LOG_KEY, public).text)
