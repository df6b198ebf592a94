"""``emissions log witness``: see that a log only grew, and cosign its checkpoint."""

from __future__ import annotations

import time
from pathlib import Path

import click

from emissions.cli.log.support import keys_of, refusals
from emissions.cli.support.errors import BROKEN, CommandError, writing


@click.command("witness")
@click.argument("source", metavar="LOG")
@click.option(
    "--keys",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    required=True,
    help="Public keys of the log, one a line, as you know them.",
)
@click.option(
    "--key",
    "private",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    required=True,
    help="Your private key: emissions log key --new FILE --witness.",
)
@click.option("--name", metavar="NAME", required=True, help="Your name in the signature.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    required=True,
    help="Remembers the last checkpoint that you signed.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
def witness(
    source: str, key_file: Path, private: Path, name: str, state: Path, output: Path | None
) -> None:
    """Cosign the checkpoint of LOG, a directory or an http(s) address.

    The checkpoint must be signed by one of the keys, and its tiles must prove that the tree you
    signed last is the beginning of it. Otherwise nothing is signed: exit 1 and a sentence. The
    cosigned checkpoint is for the log, which adds it by `emissions log cosign`.

    \b
    Example:
      emissions log witness https://regulator.kz/log --keys regulator.txt --key court.pem \\
        --name court.kz/witness --state last-seen -o cosigned
    """
    from streams.core.evidence.note import WITNESS_KEY, is_name
    from streams.sealing.log_files import CHECKPOINT
    from streams.sealing.log_keys import NoteSigner
    from streams.sealing.log_source import reader_of
    from streams.sealing.witness import cosign
    from streams.signing.ed25519 import read_key

    if not is_name(name):
        raise click.BadParameter("it has no blank and no plus", param_hint="--name")
    keys = keys_of(key_file)
    with refusals():
        signer = NoteSigner.of(name, read_key(private), WITNESS_KEY)
        read = reader_of(source)
    try:
        signed = read(CHECKPOINT).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"the checkpoint of {source} cannot be read: {error}") from None
    with refusals(BROKEN):
        cosigned = cosign(read, signed, keys, signer, state, int(time.time()))
    if output is None:
        click.echo(cosigned, nl=False)
        return
    with writing(output):
        output.write_text(cosigned, "utf-8")
