"""``emissions log``: keys, proofs, witnesses and checks of the transparency log."""

from __future__ import annotations

import click

from emissions.cli.log.check import check
from emissions.cli.log.cosign import cosign
from emissions.cli.log.key import key
from emissions.cli.log.proof import proof
from emissions.cli.log.witness import witness


@click.group("log")
def command() -> None:
    """Make keys of the transparency log, prove records, cosign and check it.

    The log itself is written by `emissions worker seal`.

    \b
    Examples:
      emissions log key --new log.pem --name regulator.kz/log
      emissions log check
    """


for each in (key, check, proof, witness, cosign):
    command.add_command(each)
