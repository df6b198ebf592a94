"""``emissions station``: keys of a station, and readings that it signs and sends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.running import run
from streams.counted import counted

if TYPE_CHECKING:
    from schemas.reading import Reading

_STDIN = Path("standard input")


@click.group("station")
def command() -> None:
    """Make the key of a station; sign its readings in a chain and send them.

    \b
    Examples:
      emissions station key --new station.pem
      emissions station sign --key station.pem --buffer buffer readings.ndjson
    """


@command.command("key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--new", is_flag=True, help="Make a key and write it into FILE, which is new.")
@click.option("--id", "identity", default="station", show_default=True, help="Its name.")
def key(file: Path, new: bool, identity: str) -> None:
    """Print the lines of the registry for the public key of the private key in FILE.

    FILE may be read by its owner alone (mode 600); who has it can sign as the station.

    \b
    Examples:
      emissions station key --new station.pem --id station-2026
      emissions station key station.pem --id station-2026
    """
    from base64 import b64encode

    from streams.signing.ed25519 import KeyFileError, new_key, read_key, write_key

    try:
        if new:
            write_key(file, new_key())
        public = read_key(file).public
    except KeyFileError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    click.echo("keys:")
    click.echo(f"  - {{id: {identity}, public_key: {b64encode(public).decode()}}}")


@command.command("sign")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path),
              help="The private key.")  # fmt: skip
@click.option("--buffer", "directory", required=True, type=click.Path(path_type=Path),
              help="Directory in which readings wait for the broker.")  # fmt: skip
@click.option("--buffer-mb", default=512, show_default=True, type=click.IntRange(1),
              help="Megabytes of disk that it may take.")  # fmt: skip
@click.option("--head-s", default=60.0, show_default=True, type=click.FloatRange(0, 3600),
              help="Sign after this time, or a hundred readings.")  # fmt: skip
@click.option("--new-chain", is_flag=True, help="Begin a new chain: the buffer was set back.")
@click.option("--mapping", "mappings", multiple=True, type=click.Path(path_type=Path),
              help="Mapping of a CSV of another layout.")  # fmt: skip
def sign(
    files: tuple[Path, ...],
    key_file: Path,
    directory: Path,
    buffer_mb: int,
    head_s: float,
    new_chain: bool,
    mappings: tuple[Path, ...],
) -> None:
    """Sign readings and send them; each is on disk before it is signed.

    FILES are CSV, NDJSON or Avro as `emissions replay` reads them; without any, NDJSON lines come
    from standard input for as long as it is open. What the broker has not confirmed stays in the
    buffer and is sent first the next time, in order. A line of standard input that is no reading
    ends the run with exit code 2 after all before it were sent.

    \b
    Examples:
      logger | emissions station sign --key station.pem --buffer /var/lib/station
      emissions station sign --key station.pem --buffer buffer readings.csv
    """
    from emissions.input.reading_row import InputError
    from emissions.station.buffer import Buffer
    from emissions.station.run import StationRun
    from streams.settings import Settings
    from streams.signing.ed25519 import KeyFileError, read_key

    settings = Settings.from_env()
    try:
        private = read_key(key_file)
    except KeyFileError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    with closing(Buffer(directory, most_bytes=buffer_mb << 20)) as buffer:
        waiting = buffer.waiting()
        if waiting:
            click.echo(
                f"sent first: {counted(waiting, 'reading', form=',')} of an earlier run", err=True
            )
        if new_chain:
            buffer.begin_anew(time.time_ns() // 1_000_000)
        station = StationRun(
            settings, codec_of(settings), buffer, private, head_s=head_s,
            say=lambda sentence: click.echo(f"station: {sentence}", err=True),
        )  # fmt: skip
        try:
            sent = run(station.run(_readings(files, mappings)))
        except InputError as error:
            raise CommandError(str(error), BAD_INPUT) from None
        finally:
            left = buffer.waiting()
            if left:
                click.echo(
                    f"not confirmed and kept in {directory}: "
                    f"{counted(left, 'reading', form=',')}; the next run sends what is kept",
                    err=True,
                )
    click.echo(
        f"{counted(sent.taken, 'reading', form=',')} taken, "
        f"{sent.confirmed:,} signed and confirmed by {settings.broker}"
    )


def _readings(files: tuple[Path, ...], mappings: tuple[Path, ...]) -> Iterator[Reading]:
    """Read the files, or standard input as its lines come."""
    from emissions.input.ndjson import read_ndjson_lines
    from emissions.input.read_inputs import read_inputs

    if not files:
        return (row.reading for row in read_ndjson_lines(sys.stdin.buffer, _STDIN))

    def tell(sentence: str) -> None:
        click.echo(sentence, err=True)

    return (row.reading for row in read_inputs(files, _AnyParameter(), mappings, tell))


class _AnyParameter(frozenset[str]):
    """A station has no registry: each parameter may be a channel of it."""

    def __contains__(self, name: object) -> bool:
        from streams.core.records.bounded_names import is_parameter

        return isinstance(name, str) and is_parameter(name)
